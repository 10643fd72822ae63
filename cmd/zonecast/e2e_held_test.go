package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// TestHeldZoneGone takes a zone's file away: it is held, listed and served, until somebody lets it go.
func TestHeldZoneGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("zones/other.example.yaml", "'': {type: NS, value: ns1.corp.example.}\nwww: {type: A, value: 192.0.2.80}\n")
	w.start()
	w.serves("www.other.example.", dns.TypeA, "192.0.2.80")
	w.remove("zones/other.example.yaml")
	id, shown := w.held("zone-gone", "other.example")
	contains(t, shown, "To let it go:")
	w.write("zones/corp.example.yaml", corpZone+"later: {type: A, value: 192.0.2.81}\n") // the others go on
	w.serves("later.corp.example.", dns.TypeA, "192.0.2.81")
	w.serves("www.other.example.", dns.TypeA, "192.0.2.80")

	// Both the presenter and the publisher's gate guard a zone's removal.
	contains(t, w.must("held", "release", id, "--reason", "zone retired, CHG-77", "--by", "alice", "--through"), "released "+id, "released publisher:")
	eventually(t, "the zone is gone", func() bool { return w.answers("www.other.example.", dns.TypeA) == "REFUSED" })
	contains(t, w.up.log.String(), "CHG-77", "alice")
	contains(t, w.must("held", "log"), "release by alice (from 127.0.0.1): "+id+", zone other.example. [zone-gone]\n    why     zone retired, CHG-77\n", "release by alice (from 127.0.0.1): publisher:")
	w.serves("later.corp.example.", dns.TypeA, "192.0.2.81")
	w.nothingHeld()
}

// releaseUntil lets go what is held, however many stages guard one change, until it is done.
func (w *world) releaseUntil(done func() bool) {
	w.t.Helper()
	eventually(w.t, "what was released is served", func() bool {
		for line := range strings.Lines(w.must("held")) {
			if id, _, ok := strings.Cut(line, "  "); ok && id != "" {
				w.ask("held", "release", id, "--reason", "meant so") // it may be gone by now
			}
		}
		return done()
	})
}

// TestHeldReleaseSaysWhatHoldsNext: who lets a zone go hears that the next stage holds it, and how to go on.
func TestHeldReleaseSaysWhatHoldsNext(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("zones/other.example.yaml", "'': {type: NS, value: ns1.corp.example.}\nwww: {type: A, value: 192.0.2.80}\n")
	w.start()
	w.serves("www.other.example.", dns.TypeA, "192.0.2.80")
	w.remove("zones/other.example.yaml")
	id, _ := w.held("zone-gone", "other.example")
	contains(t, w.must("held", "release", id, "--reason", "zone retired"), "released "+id, "now held by the publisher", "held release publisher:")
	w.serves("www.other.example.", dns.TypeA, "192.0.2.80")
	w.releaseUntil(func() bool { return w.answers("www.other.example.", dns.TypeA) == "REFUSED" })
	w.nothingHeld()
}

// TestHeldZoneEmptied empties a zone's file, to nothing and to no records: held both times, served all the while.
func TestHeldZoneEmptied(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.serves("ns1.corp.example.", dns.TypeA, "192.0.2.53")
	w.write("zones/corp.example.yaml", "")
	w.held("zone-emptied", "zones/corp.example.yaml: the file has become empty")
	w.serves("ns1.corp.example.", dns.TypeA, "192.0.2.53")
	w.write("zones/corp.example.yaml", "{}\n")
	_, shown := w.held("zone-emptied", "corp.example")
	contains(t, shown, "To let it go:")
	w.serves("ns1.corp.example.", dns.TypeA, "192.0.2.53")
	w.write("zones/corp.example.yaml", corpZone)
	w.nothingHeld()
}

// TestHeldFolderGone takes the whole zones folder away and puts it back: nothing changes in DNS.
func TestHeldFolderGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.event(putWeb1)
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.10")
	for _, dir := range []string{"zones", "rules"} {
		if err := os.Rename(w.path(dir), w.path(dir+".away")); err != nil {
			t.Fatal(err)
		}
	}
	w.held("folder-unreadable", "folder zones")
	w.held("folder-unreadable", "push folder")
	w.event(putWeb2)
	w.serves("web2.corp.example.", dns.TypeA, "192.0.2.11")
	w.serves("ns1.corp.example.", dns.TypeA, "192.0.2.53")
	for _, dir := range []string{"zones", "rules"} {
		if err := os.Rename(w.path(dir+".away"), w.path(dir)); err != nil {
			t.Fatal(err)
		}
	}
	w.write("zones/corp.example.yaml", corpZone+"later: {type: A, value: 192.0.2.81}\n")
	w.serves("later.corp.example.", dns.TypeA, "192.0.2.81")
	w.nothingHeld()
}

// TestHeldFeedEmpty makes an inventory file empty, and then shrink too much: held, and served until released.
func TestHeldFeedEmpty(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	list := func(n int) string {
		var b strings.Builder
		b.WriteString("# the fleet\n")
		for i := range n {
			fmt.Fprintf(&b, "- {kind: server, id: h%d, attrs: {hostname: h%d, ipv4: 192.0.2.%d}}\n", i, i, i+100)
		}
		if n == 0 {
			b.WriteString("[]\n")
		}
		return b.String()
	}
	w.write("fleet.yaml", list(30))
	w.start("--inventory", w.path("fleet.yaml"))
	w.serves("h29.corp.example.", dns.TypeA, "192.0.2.129")

	w.write("fleet.yaml", list(0))
	_, shown := w.held("list-guard", "fleet", "would become empty")
	contains(t, shown, "To let it go:")
	w.serves("h0.corp.example.", dns.TypeA, "192.0.2.100")

	w.write("fleet.yaml", list(5))
	id, _ := w.held("list-guard", "fleet", "25 of 30")
	w.event(putWeb1) // other feeds go on
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.10")
	w.serves("h29.corp.example.", dns.TypeA, "192.0.2.129")
	w.must("held", "release", id, "--reason", "rack removed", "--through")
	w.releaseUntil(func() bool { return w.answers("h29.corp.example.", dns.TypeA) == "NXDOMAIN" })
	w.serves("h4.corp.example.", dns.TypeA, "192.0.2.104")

	w.remove("fleet.yaml") // a file that is away says nothing (P2)
	w.event(putWeb2)
	w.serves("web2.corp.example.", dns.TypeA, "192.0.2.11")
	w.serves("h4.corp.example.", dns.TypeA, "192.0.2.104")
}
