package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// alarms tells whether a metric of something held is above 0.
func (w *world) alarms(metric string) bool {
	w.t.Helper()
	res, err := http.Get("http://" + w.http + "/metrics")
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, metric+" "); ok {
			return strings.TrimSpace(value) != "0"
		}
	}
	return false
}

// TestP2EmptinessIsHeldAlarmedAndReleased: a source that restarts empty and a zone file emptied are held, alarm, show what
// they would take away and are not served; after their release they are.
func TestP2EmptinessIsHeldAlarmedAndReleased(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var list strings.Builder
	for i := range 30 {
		fmt.Fprintf(&list, "- {kind: server, id: h%02d, attrs: {hostname: h%02d, ipv4: 192.0.2.%d}}\n", i, i, i+100)
	}
	w.write("fleet.yaml", list.String())
	w.write("zones/other.example.yaml", "'': {type: NS, value: ns1.corp.example.}\nwww: {type: A, value: 192.0.2.80}\n")
	w.start("--inventory", w.path("fleet.yaml"))
	w.serves("h29.corp.example.", dns.TypeA, "192.0.2.129")
	w.serves("www.other.example.", dns.TypeA, "192.0.2.80")

	w.write("fleet.yaml", "[]\n")
	w.write("zones/other.example.yaml", "{}\n")
	feed, shown := w.held("list-guard", "would become empty")
	contains(t, shown, "release  deleted server/h00", "release  deleted server/h29")
	file, shown := w.held("zone-emptied", "other.example")
	contains(t, shown, "release  deleted www.other.example.")
	for _, metric := range []string{`zonecast_rules_held{check="list-guard",source="main",unit="feed"}`, `zonecast_presenter_held{check="zone-emptied",unit="zone-file"}`} {
		eventually(t, metric+" alarms", func() bool { return w.alarms(metric) })
	}
	w.serves("h29.corp.example.", dns.TypeA, "192.0.2.129")
	w.serves("www.other.example.", dns.TypeA, "192.0.2.80")

	w.must("held", "release", feed, "--reason", "fleet retired", "--by", "alice", "--through")
	w.must("held", "release", file, "--reason", "zone emptied on purpose", "--by", "bob", "--through")
	w.releaseUntil(func() bool {
		return w.answers("h29.corp.example.", dns.TypeA) == "NXDOMAIN" && w.answers("www.other.example.", dns.TypeA) == "NXDOMAIN"
	})
	contains(t, w.must("held", "log"), "release by alice", "why     fleet retired", "release by bob", "[zone-emptied]")
}
