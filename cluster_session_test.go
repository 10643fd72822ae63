package zonecast

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"zonecast/internal/store/zk"
	"zonecast/internal/store/zktest"
	"zonecast/internal/table"
)

// behindProxy starts a stage that reaches one ZooKeeper server through a proxy of its own.
func (d *deployment) behindProxy(stage string, server *zktest.Server) *zktest.Proxy {
	d.t.Helper()
	p := zktest.NewProxy(d.t, server.Addr)
	before, rest, _ := strings.Cut(read(d.t, d.path("zonecast.yaml")), "servers: [")
	_, after, _ := strings.Cut(rest, "]")
	d.write(stage+".yaml", before+"servers: ['"+p.Addr+"']"+after)
	d.up[stage] = launch(d.t, d.dir, stage, "-c", stage+".yaml", "--data", "data-"+stage, "--http", d.http[stage], "--dns", d.dns)
	return p
}

// TestExpiredSessions ends the sessions of each process in turn, as the servers do when they have not heard of it: a
// leader leads again in its next session, nobody ends, and changes flow.
func TestExpiredSessions(t *testing.T) {
	t.Parallel()
	server := zktest.Shared(t)
	d := newDeployment(t, server, "").watched()
	links := map[string]*zktest.Proxy{}
	for _, stage := range stageNames {
		links[stage] = d.behindProxy(stage, server)
	}
	for _, stage := range stageNames {
		d.ready(stage)
	}
	for i, stage := range stageNames {
		links[stage].Expire(t)
		d.event("rules", fmt.Sprintf(`{"op":"put","kind":"server","id":"web1","rev":%d,"attrs":{"hostname":"web1","ipv4":"192.0.2.%[1]d"}}`, i+1))
		d.serves("web1.prod.example.", dns.TypeA, fmt.Sprintf("192.0.2.%d", i+1))
		contains(t, d.up[stage].log.String(), "session lost")
		if d.up[stage].ended() {
			t.Errorf("%s ended", stage)
		}
	}
}

// TestKilledWithinAGroup kills the rules stage between the commits of a change that is too large for one. Nobody acts on
// the half of it; the next leader closes it, and the client that was not answered repeats.
func TestKilledWithinAGroup(t *testing.T) {
	t.Parallel()
	server := zktest.Shared(t)
	d := newDeployment(t, server, "").watched()
	cfg := zk.DefaultConfig()
	cfg.Servers, cfg.Root = []string{server.Addr}, "/"+t.Name()
	for _, stage := range stageNames[1:] {
		d.start(stage)
	}
	link := d.behindProxy("rules", server)
	d.ready("rules")
	d.event("rules", putWeb1)
	d.serves("web1.prod.example.", dns.TypeA, "192.0.2.10")
	st, err := zk.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()

	var events bytes.Buffer
	const hosts = 5000
	addr := func(i int) string { return fmt.Sprintf("192.0.2.%d", 1+i%250) }
	for i := range hosts {
		// What cannot be compressed makes many octets of few entities.
		fmt.Fprintf(&events, `{"op":"put","kind":"server","id":"h%d","rev":1,"attrs":{"hostname":"h%[1]d","ipv4":"%s","note":"%x%x"}}`+"\n",
			i, addr(i), sha256.Sum256(fmt.Append(nil, i)), sha256.Sum256(fmt.Append(nil, -i-1)))
	}
	d.write("events.ndjson", events.String())
	open := func() bool {
		h, err := table.ReadHead(t.Context(), st, "inventory.main")
		if err != nil {
			t.Fatal(err)
		}
		return h.Open
	}
	link.Freeze()
	go func() { // what becomes of it is not for this client to know
		if res, err := http.Post("http://"+d.http["rules"]+"/v1/events", "application/x-ndjson", bytes.NewReader(events.Bytes())); err == nil {
			res.Body.Close()
		}
	}()
	for !open() { // one commit after the other; a heartbeat may be among them
		held := link.Do("freeze", zktest.OpMulti)
		link.Thaw()
		<-held
	}
	d.up["rules"].kill()
	link.Cut()
	link.Thaw()
	if !open() {
		t.Fatal("the group was closed before the kill")
	}
	if got := answers(d.dns, "h0.prod.example.", dns.TypeA); got != "NXDOMAIN" {
		t.Errorf("half a change is served: h0 is %s", got)
	}

	d.start("rules")
	d.ready("rules")
	eventually(t, "the group is closed", func() bool { return !open() })
	eventually(t, "the events are taken", func() bool { return d.ask("rules", "event", "-q", "events.ndjson").code == 0 })
	for _, i := range []int{0, hosts / 2, hosts - 1} {
		d.serves(fmt.Sprintf("h%d.prod.example.", i), dns.TypeA, addr(i))
	}
	d.serves("web1.prod.example.", dns.TypeA, "192.0.2.10")
}
