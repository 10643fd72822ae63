package main

import (
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// TestOverrides lists what people override in a running pipeline: what matters, and what does no longer.
func TestOverrides(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("zones/corp.example.yaml", corpZone+`web1: {type: A, value: 192.0.2.99, zonecast: {mode: replace, expires: 2120-12-01, reason: "disk failure, INC-4711"}}
web2: {type: A, value: 192.0.2.11, zonecast: {mode: replace}}
gone: {type: A, zonecast: {mode: mask}}
late: {type: A, value: 192.0.2.98, zonecast: {expires: 2020-12-01}}
plain: {type: A, value: 192.0.2.97}
`)
	w.start()
	w.event(putWeb1, putWeb2)
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.99")
	out := w.must("overrides")
	contains(t, out, "web1.corp.example. A 192.0.2.99\n    replace, in force, for ", "until 2120-12-02T00:00:00Z", "zones/corp.example.yaml:3", "reason: disk failure, INC-4711",
		"shadows web1.corp.example. 300 A 192.0.2.10, from module servers, entity server/web1",
		"web2.corp.example. A 192.0.2.11\n    replace, in force", "the generated value is now the same",
		"gone.corp.example. A\n    mask, in force", "nothing is generated there any more",
		"late.corp.example. A 192.0.2.98\n    no mode, not in force: its time is over")
	lacks(t, out, "plain")
	lacks(t, w.must("overrides", "--stale"), "web1")
	contains(t, w.must("overrides", "--expiring", "7d"), "late.corp.example.")
	lacks(t, w.must("overrides", "--expiring", "7d"), "web1")
	contains(t, w.must("overrides", "--zone", "other.example"), "no overrides")
	contains(t, w.must("overrides", "--format", "json", "--stale"), `"stale":"same"`, `"state":"expired"`)
	contains(t, w.must("overrides", "--zones", "zones"), "web1.corp.example. A 192.0.2.99\n    replace, in force, until", "zones/corp.example.yaml:3")
}

func lacks(t testing.TB, text, what string) {
	t.Helper()
	if strings.Contains(text, what) {
		t.Errorf("%q stands in:\n%s", what, text)
	}
}
