package zonecast

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// platform is examples/platform as it runs, with an inventory that the test writes.
type platform struct {
	t        *testing.T
	dir      string
	dns      string
	http     string
	servers  map[string]string // id -> attributes, as in servers.yaml
	watching chan struct{}
	empty    chan string
}

// TestExamplePlatform scales every role of the example down and up: the names are right, and no pool is ever empty.
func TestExamplePlatform(t *testing.T) {
	t.Parallel()
	if lines := strings.Count(read(t, "examples/platform/rules/platform.yaml"), "\n"); lines > 40 {
		t.Errorf("the module has %d lines, at most 40 are wanted", lines)
	}
	p := &platform{t: t, dir: t.TempDir(), dns: freeUDP(t), http: freeUDP(t), servers: map[string]string{}, watching: make(chan struct{}), empty: make(chan string, 1)}
	if err := os.CopyFS(p.dir, os.DirFS("examples/platform")); err != nil {
		t.Fatal(err)
	}
	if s := command(t, p.dir, "check", "-c", "zonecast.yaml"); s.code != 0 || s.out != "no problems\n" {
		t.Fatalf("check: exit %d\n%s%s", s.code, s.out, s.err)
	}
	for line := range strings.Lines(read(t, filepath.Join(p.dir, "servers.yaml"))) {
		if _, rest, ok := strings.Cut(line, "id: "); ok {
			id, attrs, _ := strings.Cut(strings.TrimSuffix(strings.TrimSpace(rest), "}"), ", attrs: ")
			p.servers[id] = attrs
		}
	}
	launch(t, p.dir, "up", "-c", "zonecast.yaml", "--dns", p.dns, "--http", p.http)
	p.expect(map[string]string{"router": "11 12", "hbase-thrift": "41 42 43", "swarm-workers": "51 52", "zookeeper-1": "21", "zookeeper-2": "22", "zookeeper-3": "23",
		"hbase-master-1": "31", "hbase-master-2": "32", "hbase-regionserver-1": "41", "hbase-regionserver-3": "43", "swarm-master-1": "11", "swarm-master-2": "12", "swarm-master-3": ""})
	chosen := p.ask("ntp")
	if chosen != "11" && chosen != "12" || p.ask("portainer") != "11" && p.ask("portainer") != "12" {
		t.Fatalf("ntp is %s, portainer %s: one of two is wanted", chosen, p.ask("portainer"))
	}
	go p.watch()

	// One sticky member: others come and it stays; it goes and another takes its place; all go and the last one stays.
	p.set("infra0", "{ipv4: 192.0.2.10, roles: [ntp]}").set("rs3", "").set("w2", "")
	p.expect(map[string]string{"ntp": chosen, "hbase-thrift": "41 42", "hbase-regionserver-3": "", "swarm-workers": "51"})
	p.set("infra1", "").set("infra2", "").set("w1", "")
	p.expect(map[string]string{"ntp": "10", "swarm-workers": "51", "swarm-master-1": "", "swarm-master-2": ""})
	if router := p.ask("router"); router != "11" && router != "12" {
		t.Fatalf("router is %q: of two that left together one is to stay", router)
	}
	p.set("infra0", "{ipv4: 192.0.2.10, roles: [ntp, router], state: draining}")
	p.set("rs1", "").set("rs2", "{ipv4: 192.0.2.42, roles: [hbase-regionserver]}")
	p.expect(map[string]string{"ntp": "10", "hbase-regionserver-1": "", "hbase-regionserver-2": "42"})
	p.set("infra3", "{ipv4: 192.0.2.13, roles: [ntp, portainer, router]}").set("w7", "{ipv4: 192.0.2.57, roles: [swarm-workers]}")
	p.expect(map[string]string{"ntp": "13", "portainer": "13", "router": "13", "swarm-workers": "57"})

	// Numbers: who comes back in time has its own, another one the next; a pin says which.
	p.set("zk2", "").set("hm1", "")
	p.expect(map[string]string{"zookeeper-2": "", "hbase-master-1": ""})
	p.set("zk4", "{ipv4: 192.0.2.24, roles: [zookeeper]}").set("hm1", "{ipv4: 192.0.2.39, roles: [hbase-master]}")
	p.expect(map[string]string{"zookeeper-2": "", "zookeeper-4": "24", "hbase-master-1": "39", "hbase-master-2": "32"})
	p.set("zk5", "{ipv4: 192.0.2.25, roles: [zookeeper], numbers: [{of: zookeeper, number: 2}]}")
	p.expect(map[string]string{"zookeeper-1": "21", "zookeeper-2": "25", "zookeeper-3": "23", "zookeeper-4": "24"})

	// Without waiting, three less one plus another are three again.
	rules := filepath.Join(p.dir, "rules", "platform.yaml")
	writeFile(t, rules, strings.Replace(read(t, rules), "grace: 10m", "grace: 0s", 1))
	eventually(t, "the new grace", func() bool {
		return strings.Contains(command(t, p.dir, "table", "inventory.main", "--key", "@number/zookeeper", "--http", p.http).out, `"grace":0`)
	})
	p.set("zk4", "")
	p.expect(map[string]string{"zookeeper-4": ""})
	p.set("zk1", "")
	p.expect(map[string]string{"zookeeper-1": "", "zookeeper-3": "23"})
	p.set("zk6", "{ipv4: 192.0.2.26, roles: [zookeeper]}")
	p.expect(map[string]string{"zookeeper-1": "26", "zookeeper-2": "25", "zookeeper-3": "23", "zookeeper-4": ""})

	close(p.watching)
	if what := <-p.empty; what != "" {
		t.Errorf("a pool was empty: %s", what)
	}
	out := command(t, p.dir, "explain", "zookeeper-2."+platformZone, "--http", p.http).out
	contains(t, out, "(number 2 of zookeeper, pinned)")
	p.set("infra4", "{ipv4: 192.0.2.14, roles: [ntp]}")
	eventually(t, "a member that stands by", func() bool {
		out = command(t, p.dir, "explain", "ntp."+platformZone, "--http", p.http).out
		return strings.Contains(out, "because: standby: at_most 1")
	})
	contains(t, out, "192.0.2.13", "shadowed: ntp.platform.example. 30 A 192.0.2.14")
}

const platformZone = "platform.example."

// set changes a server, or takes it away.
func (p *platform) set(id, attrs string) *platform {
	if p.servers[id] = attrs; attrs == "" {
		delete(p.servers, id)
	}
	var text bytes.Buffer
	for id, attrs := range p.servers {
		fmt.Fprintf(&text, "- {kind: server, id: %s, attrs: %s}\n", id, attrs)
	}
	writeFile(p.t, filepath.Join(p.dir, "servers.yaml"), text.String())
	return p
}

// expect waits until names have these addresses: "41 42" is 192.0.2.41 and .42, "" that there is no such name.
func (p *platform) expect(names map[string]string) {
	p.t.Helper()
	for label, want := range names {
		eventually(p.t, fmt.Sprintf("%s is %q", label, want), func() bool { return p.ask(label) == want })
	}
}

// ask gives the last octets of a name's addresses, sorted; "?" without an answer.
func (p *platform) ask(label string) string {
	reply, err := dns.Exchange(new(dns.Msg).SetQuestion(label+"."+platformZone, dns.TypeA), p.dns)
	if err != nil || reply.Rcode != dns.RcodeSuccess && reply.Rcode != dns.RcodeNameError {
		return "?"
	}
	var last []string
	for _, rr := range reply.Answer {
		last = append(last, fmt.Sprint(rr.(*dns.A).A.To4()[3]))
	}
	slices.Sort(last)
	return strings.Join(last, " ")
}

// watch asks for every pool all the time, and tells of one that was empty.
func (p *platform) watch() {
	what := ""
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		for _, pool := range []string{"ntp", "portainer", "router", "hbase-thrift", "swarm-workers"} {
			if p.ask(pool) == "" {
				what = pool
			}
		}
		select {
		case <-p.watching:
			p.empty <- what
			return
		case <-tick.C:
		}
	}
}
