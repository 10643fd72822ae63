package zonecast

import (
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"zonecast/internal/store/zktest"
)

var stageNames = []string{"rules", "presenter", "publisher", "localproxy"}

// deployment is zonecast as it runs beyond one machine: each stage a process of its own, one config file, and a real
// ZooKeeper between them.
type deployment struct {
	t    testing.TB
	dir  string
	zk   *zktest.Server
	dns  string
	http map[string]string // by process
	up   map[string]*running
}

const sampleZone = "'': {type: NS, value: ns1.prod.example.}\nns1: {type: A, value: 192.0.2.53}\n"

// newDeployment writes the folders of a small site and its config; more is appended to the config's store.zk.
func newDeployment(t testing.TB, zk *zktest.Server, zkConfig string) *deployment {
	t.Helper()
	d := &deployment{t: t, dir: t.TempDir(), zk: zk, dns: freeUDP(t), http: map[string]string{}, up: map[string]*running{}}
	for _, name := range stageNames {
		d.http[name] = freeUDP(t)
	}
	d.write("rules/kinds.yaml", "kinds:\n  server: {hostname: label, ipv4: ipv4, roles: {list: label, optional: true}}\n")
	d.write("rules/servers.yaml", `module: servers
kind: server
ttl: 300
records:
  - {name: '{hostname}.prod.example.', type: A, value: '{ipv4}'}
  - {name: '{reverse(ipv4)}', type: PTR, value: '{hostname}.prod.example.'}
  - {each: roles, name: '{it}.prod.example.', type: A, value: '{ipv4}'}
`)
	d.write("zones/prod.example.yaml", sampleZone)
	d.write("zones/2.0.192.in-addr.arpa.yaml", "'': {type: NS, value: ns1.prod.example.}\n")
	if zkConfig == "" {
		zkConfig = "servers: ['" + zk.Addr + "']"
	}
	d.write("zonecast.yaml", `
instance: one
store:
  kind: zk
  zk: {root: /`+t.Name()+`, `+zkConfig+`}
publisher: {key_file: key}
localproxy: {key_file: key.pub}
`)
	if s := command(t, d.dir, "keygen", "-o", "key"); s.code != 0 {
		t.Fatal(s.err)
	}
	return d
}

func (d *deployment) path(name string) string { return filepath.Join(d.dir, name) }

func (d *deployment) write(name, text string) {
	d.t.Helper()
	writeFile(d.t, d.path(name), text)
}

// watched has the stages load the folders by themselves.
func (d *deployment) watched() *deployment {
	d.config("rules: {dir: rules}\npresenter: {zones: zones}\n")
	return d
}

// config adds to the config file.
func (d *deployment) config(more string) {
	d.t.Helper()
	d.write("zonecast.yaml", read(d.t, d.path("zonecast.yaml"))+more)
}

// start starts a stage's process, with a data folder and an HTTP address of its own.
func (d *deployment) start(stage string, more ...string) *running {
	d.t.Helper()
	args := []string{stage, "-c", "zonecast.yaml", "--data", "data-" + stage, "--http", d.http[stage], "--dns", d.dns}
	d.up[stage] = launch(d.t, d.dir, append(args, more...)...)
	return d.up[stage]
}

func (d *deployment) startAll() *deployment {
	for _, stage := range stageNames {
		d.start(stage)
	}
	for _, stage := range stageNames {
		d.ready(stage)
	}
	return d
}

// ready waits until a process says that it is.
func (d *deployment) ready(stage string) {
	d.t.Helper()
	eventually(d.t, stage+" is ready", func() bool {
		if d.up[stage].ended() {
			d.t.Fatalf("%s has ended", stage)
		}
		res, err := http.Get("http://" + d.http[stage] + "/readyz")
		if err != nil {
			return false
		}
		res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
}

// ask runs a command that asks one of the processes.
func (d *deployment) ask(stage string, args ...string) said {
	d.t.Helper()
	return command(d.t, d.dir, append(args, "-c", "zonecast.yaml", "--http", d.http[stage])...)
}

// must runs a command that has to end with 0, and gives its output.
func (d *deployment) must(stage string, args ...string) string {
	d.t.Helper()
	s := d.ask(stage, args...)
	if s.code != 0 {
		d.t.Fatalf("zonecast %s, asking %s: exit %d\n%s%s", strings.Join(args, " "), stage, s.code, s.out, s.err)
	}
	return s.out
}

// event repeats an event until it is accepted or, being repeated, ignored: as a feed does while things restart.
func (d *deployment) event(stage, event string) {
	d.t.Helper()
	eventually(d.t, "accepted: "+event, func() bool { return d.ask(stage, "event", event).code == 0 })
}

// serves waits until DNS gives exactly this, in order of text; "NXDOMAIN" for a name that is not there.
func (d *deployment) serves(name string, qtype uint16, want string) {
	d.t.Helper()
	var got string
	defer func() {
		if d.t.Failed() {
			d.t.Logf("%s %s: %q, not %q", name, dns.TypeToString[qtype], got, want)
		}
	}()
	eventually(d.t, name+" is "+want, func() bool { got = answers(d.dns, name, qtype); return got == want })
}

// answers asks over UDP: "-" when nobody answers.
func answers(server, name string, qtype uint16) string {
	client := &dns.Client{Timeout: 2 * time.Second}
	reply, _, err := client.Exchange(new(dns.Msg).SetQuestion(name, qtype), server)
	if err != nil {
		return "-"
	}
	if reply.Rcode != dns.RcodeSuccess {
		return dns.RcodeToString[reply.Rcode]
	}
	var list []string
	for _, rr := range reply.Answer {
		list = append(list, strings.TrimPrefix(rr.String(), rr.Header().String()))
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}
