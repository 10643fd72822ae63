package main

import (
	"strconv"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// A rollback takes hold at once and stays while events come; resume brings them.
func TestP4RollbackStaysUntilResumed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.event(`{"op":"put","kind":"server","id":"a","attrs":{"hostname":"a","ipv4":"192.0.2.1"}}`)
	w.serves("a.corp.example.", dns.TypeA, "192.0.2.1")
	good := w.version()
	w.event(`{"op":"put","kind":"server","id":"a","attrs":{"hostname":"a","ipv4":"192.0.2.2"}}`)
	w.serves("a.corp.example.", dns.TypeA, "192.0.2.2")

	if s := w.ask("releases", "rollback", strconv.FormatUint(good, 10)); s.code == 0 {
		t.Fatal("a rollback without a reason")
	}
	w.must("releases", "rollback", strconv.FormatUint(good, 10), "--reason", "bad address")
	w.serves("a.corp.example.", dns.TypeA, "192.0.2.1")
	if now := w.version(); now <= good {
		t.Fatalf("version %d after a rollback to %d", now, good)
	}
	w.event(`{"op":"put","kind":"server","id":"b","attrs":{"hostname":"b","ipv4":"192.0.2.3"}}`)
	frozen := "rolled back to version " + strconv.FormatUint(good, 10)
	for _, args := range [][]string{{"status"}, {"explain", "b.corp.example."}} {
		eventually(t, args[0]+" names the rollback that b waits for", func() bool {
			said := w.ask(args...).out
			return strings.Contains(said, frozen) && strings.Contains(said, "(bad address)")
		})
	}
	w.must("releases", "resume", "--reason", "mended")
	if s := w.ask("status"); strings.Contains(s.out, "rolled back") {
		t.Error("still rolled back after resume:", s.out)
	}
	contains(t, w.must("held", "log"), "  rollback by ", "@", "why     bad address", "  resume by ", "why     mended")
	w.serves("b.corp.example.", dns.TypeA, "192.0.2.3")
	w.serves("a.corp.example.", dns.TypeA, "192.0.2.2")
}
