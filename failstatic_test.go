package zonecast

import (
	"strings"
	"testing"

	"github.com/miekg/dns"

	"zonecast/internal/store/zktest"
)

// TestFailStatic is promise P5: with everything but the proxy killed, ZooKeeper too, the proxy answers, also after its
// own restart; `staleness` says how old the answers are.
func TestFailStatic(t *testing.T) {
	t.Parallel()
	d := newDeployment(t, zktest.Single(t, zktest.Options{}), "").watched().startAll()
	d.event("rules", putWeb1)
	d.serves("web1.prod.example.", dns.TypeA, "192.0.2.10")
	stale := func(warn, crit string) said {
		return command(t, d.dir, "staleness", "--server", d.dns, "--zone", "prod.example", "--warn", warn, "--crit", crit)
	}
	if s := stale("1h", "2h"); s.code != 0 || !strings.HasPrefix(s.out, "OK ") {
		t.Errorf("fresh: exit %d: %s", s.code, s.out)
	}

	for _, stage := range []string{"rules", "presenter", "publisher"} {
		d.up[stage].kill()
	}
	d.zk.Stop()
	answering := func() {
		t.Helper()
		d.serves("web1.prod.example.", dns.TypeA, "192.0.2.10")
		d.serves("nobody.prod.example.", dns.TypeA, "NXDOMAIN")
	}
	answering()
	eventually(t, "staleness warns", func() bool { s := stale("2s", "1h"); return s.code == 1 && strings.HasPrefix(s.out, "WARNING ") })
	eventually(t, "staleness is critical", func() bool { s := stale("2s", "4s"); return s.code == 2 && strings.HasPrefix(s.out, "CRITICAL ") })
	answering()

	d.up["localproxy"].kill()
	if s := stale("2s", "4s"); s.code != 2 {
		t.Errorf("nobody answers: exit %d: %s", s.code, s.out)
	}
	d.start("localproxy")
	answering()
	if s := stale("2s", "1h"); s.code != 1 {
		t.Errorf("restarted: exit %d: %s", s.code, s.out)
	}
	if s := stale("2s", "4s"); s.code != 2 {
		t.Errorf("restarted: exit %d: %s", s.code, s.out)
	}

	// And when the others are back it goes on by itself.
	if err := d.zk.Start(); err != nil {
		t.Fatal(err)
	}
	for _, stage := range []string{"publisher", "presenter", "rules"} {
		d.start(stage)
	}
	d.event("rules", moveWeb1)
	d.serves("web1.prod.example.", dns.TypeA, "192.0.2.20")
	eventually(t, "it is fresh again", func() bool { return stale("50s", "1h").code == 0 })
}
