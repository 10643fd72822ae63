package zonecast

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"zonecast/internal/store/zktest"
)

const (
	putWeb1    = `{"op":"put","kind":"server","id":"web1","rev":1,"attrs":{"hostname":"web1","ipv4":"192.0.2.10","roles":["web"]}}`
	putWeb2    = `{"op":"put","kind":"server","id":"web2","rev":1,"attrs":{"hostname":"web2","ipv4":"192.0.2.11","roles":["web"]}}`
	moveWeb1   = `{"op":"put","kind":"server","id":"web1","rev":2,"attrs":{"hostname":"web1","ipv4":"192.0.2.20","roles":["web"]}}`
	deleteWeb1 = `{"op":"delete","kind":"server","id":"web1","rev":3}`
)

// TestClusterWatched has the four stages in four processes watch their folders.
func TestClusterWatched(t *testing.T) {
	t.Parallel()
	d := newDeployment(t, zktest.Shared(t), "").watched().startAll()
	changesShow(d, func(zone string) { d.write("zones/prod.example.yaml", zone) })
}

// TestClusterPushed has them loaded by `zonecast push` from a git work tree, commit by commit; nothing is watched.
func TestClusterPushed(t *testing.T) {
	t.Parallel()
	d := newDeployment(t, zktest.Shared(t), "")
	for _, stage := range stageNames {
		d.start(stage)
	}
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-c", "user.name=op", "-c", "user.email=op@example.com", "-C", d.dir}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	git("init", "-q")
	commit := func() { git("add", "rules", "zones"); git("commit", "-q", "--allow-empty", "-m", "change") }
	commit()
	eventually(t, "rules and zones are loaded", func() bool {
		// Any process takes them: the command goes on to the stage that does.
		return d.ask("localproxy", "push", "--rules", "rules", "--zones", "zones").code == 0
	})
	changesShow(d, func(zone string) {
		d.write("zones/prod.example.yaml", zone)
		commit()
		d.must("presenter", "push", "--zones", "zones")
	})

	// An older checkout rolls nothing back: it is held, and every process says so.
	d.serves("ns1.prod.example.", dns.TypeA, "192.0.2.53")
	git("checkout", "-q", "HEAD~2")
	if s := d.ask("presenter", "push", "--zones", "zones"); s.code != 1 || !strings.Contains(s.out, "zones: held") {
		t.Errorf("an older commit: exit %d\n%s%s", s.code, s.out, s.err)
	}
	for _, stage := range stageNames {
		contains(t, d.must(stage, "held"), "[not-descending]")
	}
}

// changesShow puts, changes, deletes and overrides; each shows in DNS, and every process explains it.
func changesShow(d *deployment, zone func(text string)) {
	t := d.t
	t.Helper()
	d.serves("ns1.prod.example.", dns.TypeA, "192.0.2.53")
	d.event("rules", putWeb1)
	d.event("rules", putWeb2)
	d.serves("web1.prod.example.", dns.TypeA, "192.0.2.10")
	d.serves("10.2.0.192.in-addr.arpa.", dns.TypePTR, "web1.prod.example.")
	d.serves("web.prod.example.", dns.TypeA, "192.0.2.10 192.0.2.11")
	d.event("rules", moveWeb1)
	d.serves("web1.prod.example.", dns.TypeA, "192.0.2.20")
	d.serves("10.2.0.192.in-addr.arpa.", dns.TypePTR, "NXDOMAIN")

	zone(sampleZone + "web1: {type: A, value: 192.0.2.99, zonecast: {mode: replace, reason: INC-4711}}\n")
	d.serves("web1.prod.example.", dns.TypeA, "192.0.2.99")
	for _, stage := range stageNames {
		contains(t, d.must(stage, "explain", "web1.prod.example", "A"), "192.0.2.99", "zones/prod.example.yaml:3:", "INC-4711",
			"shadowed: web1.prod.example. 300 A 192.0.2.20", "module servers, entity server/web1", "since version ")
	}
	zone(sampleZone + "web: {type: A, value: 192.0.2.77, zonecast: {mode: merge}}\n")
	d.serves("web.prod.example.", dns.TypeA, "192.0.2.11 192.0.2.20 192.0.2.77")
	d.serves("web1.prod.example.", dns.TypeA, "192.0.2.20")
	zone(sampleZone + "web1: {type: A, zonecast: {mode: mask, expires: 2020-01-01}}\nweb2: {type: A, zonecast: {mode: mask}}\n")
	d.serves("web2.prod.example.", dns.TypeA, "NXDOMAIN")
	d.serves("web1.prod.example.", dns.TypeA, "192.0.2.20")

	// A human record without a mode wins and is listed as a conflict; a module that breaks is held.
	zone(sampleZone + "web1: {type: A, value: 192.0.2.98}\n")
	d.serves("web1.prod.example.", dns.TypeA, "192.0.2.98")
	for _, stage := range stageNames {
		contains(t, d.must(stage, "conflicts"), "web1.prod.example.", "served: A 192.0.2.98, from zones/prod.example.yaml:3:", "lost:   A 192.0.2.20, from module servers")
		contains(t, d.must(stage, "releases"), "delta of ", "prod.example.")
		contains(t, d.must(stage, "held"), "nothing is held")
		d.must(stage, "status")
	}
	zone(sampleZone)
	d.event("rules", deleteWeb1)
	d.serves("web1.prod.example.", dns.TypeA, "NXDOMAIN")
	d.serves("web.prod.example.", dns.TypeA, "192.0.2.11")

	// What empties a zone file is held, on every process's list, and the old data is served.
	if _, err := os.Stat(d.path(".git")); err == nil {
		return
	}
	zone("")
	d.heldEverywhere("zones/prod.example.yaml")
	d.serves("web.prod.example.", dns.TypeA, "192.0.2.11")
	zone(sampleZone)
	eventually(t, "nothing is held", func() bool { return d.must("publisher", "held") == "nothing is held\n" })
}

// heldEverywhere waits until each process lists an item about a subject.
func (d *deployment) heldEverywhere(subject string) {
	d.t.Helper()
	for _, stage := range stageNames {
		eventually(d.t, stage+" lists "+subject+" as held", func() bool { return strings.Contains(d.must(stage, "held"), subject) })
	}
}
