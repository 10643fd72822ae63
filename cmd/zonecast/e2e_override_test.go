package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// TestBreakGlass is three in the morning: a zone is held by a gate, and a record must change now. It does, within a second, over a zone
// file and rules, survives a kill, is listed, logged and alarmed, and goes when the zone file says the same.
func TestBreakGlass(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	file := corpZone + "web1: {type: A, value: 192.0.2.50, zonecast: {mode: replace}}\n"
	for i := range 40 {
		file += fmt.Sprintf("h%d: {type: A, value: 192.0.2.7}\n", i)
	}
	w.write("zones/corp.example.yaml", file)
	up := w.start()
	w.event(putWeb1, putWeb2)
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.50")
	w.serves("h39.corp.example.", dns.TypeA, "192.0.2.7")
	w.serves("web2.corp.example.", dns.TypeA, "192.0.2.11")

	contains(t, w.must("override", "set", "web1.corp.example", "A", "192.0.2.99", "--reason", "try", "--dry-run"), "nothing was done", "before  web1.corp.example. 3600 A 192.0.2.50", "after   web1.corp.example. 60 A 192.0.2.99")
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.50")

	few := file[:strings.Index(file, "h10:")]
	w.write("zones/corp.example.yaml", few)
	w.held("deleted-share")
	began := time.Now()
	out := w.must("override", "set", "web1.corp.example", "A", "192.0.2.99", "--expires", "2h", "--reason", "disk failure, INC-4711", "--by", "ana@example.com")
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.99")
	t.Logf("served after %v", time.Since(began))
	contains(t, out, "set by hand: web1.corp.example. A, until ", "(2h0m)", "released\n", "it goes past: corp.example. is held by the publisher [deleted-share]", "bring this into zones/corp.example.yaml",
		"web1:\n  ttl: 60\n  type: A\n  value: 192.0.2.99\n  zonecast:\n    expires: ", "    mode: replace\n    reason: 'disk failure, INC-4711'\n")
	w.must("override", "set", "web2.corp.example", "A", "--mode", "mask", "--reason", "INC-4712")
	w.serves("web2.corp.example.", dns.TypeA, "NXDOMAIN")
	contains(t, w.must("explain", "web1.corp.example", "A"), "set by hand by ana@example.com (@override/", "because: replaced", "zones/corp.example.yaml")
	contains(t, w.must("overrides"), "web1.corp.example. A 192.0.2.99\n    replace, in force", "set by hand, @override/", "web2.corp.example. A\n    mask, in force")
	contains(t, w.must("overrides"), "shadows web1.corp.example. 3600 A 192.0.2.50, from zones/corp.example.yaml\n")
	contains(t, w.must("conflicts"), "no conflicts")
	contains(t, w.ask("backup", "-o", "inventory.ndjson").err, "not in the backup: web1.corp.example. A is set by hand", "not in the backup: web2.corp.example. A is set by hand")
	contains(t, w.must("held", "log"), "override by ana@example.com", "rrset web1.corp.example. A [override]", "disk failure, INC-4711")
	contains(t, w.must("status"), "ZonecastOverrideInForce", "web1.corp.example. A is set by hand by ana@example.com")

	for _, c := range [][2]string{
		{"A 192.0.2.300", "192.0.2.300"}, {"SOA x", "SOA is not set by hand"}, {"CNAME no-dot-but.example. two.example.", "takes one value"},
	} {
		f := strings.Fields(c[0])
		said := w.ask(append([]string{"override", "set", "web1.corp.example", "--reason", "x"}, f...)...)
		contains(t, said.err, c[1])
	}
	for args, want := range map[string]string{
		"web1.elsewhere.example A 192.0.2.1": "belongs to no zone", "corp.example NS --mode mask": "SOA or NS", "corp.example A 192.0.2.1 --scope name": "SOA or NS",
		"web1.corp.example A 192.0.2.1 --expires 25h": "at most 24h", "web1.corp.example A 192.0.2.1 --expires 2020-01-01T00:00:00Z": "over already", "web1.corp.example A": "a value is needed",
		"web1.corp.example A 192.0.2.1 --mode add": "bad-mode", "web1.corp.example NOSUCH x": "NOSUCH",
	} {
		contains(t, w.ask(append([]string{"override", "set", "--reason", "x"}, strings.Fields(args)...)...).err, want)
	}

	up.kill()
	w.start()
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.99")
	w.held("deleted-share")
	w.must("override", "drop", "web2.corp.example", "A", "--reason", "found")
	w.serves("web2.corp.example.", dns.TypeA, "192.0.2.11")
	contains(t, w.ask("override", "drop", "web2.corp.example", "A", "--reason", "again").err, "not set by hand")

	w.write("zones/corp.example.yaml", strings.Replace(few, "192.0.2.50", "192.0.2.99", 1)) // the pull request is merged
	eventually(t, "it stands in the file", func() bool { return !strings.Contains(w.must("overrides"), "set by hand") })
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.99")
}
