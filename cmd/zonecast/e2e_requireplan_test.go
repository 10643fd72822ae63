package main

import (
	"testing"

	"github.com/miekg/dns"
)

// With require_plan nothing is loaded but what was approved: a push without a plan is held; the approved one loads,
// though the inventory moved in between, also at the very names of the plan; one that does something else is held, and
// the difference is named.
func TestRequirePlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.git("init", "-q")
	w.commit()
	w.write("zonecast.yaml", "require_plan: true\n")
	w.up = w.launch("up", "-c", "zonecast.yaml", "--data", w.path("data"), "--dns", w.dns, "--http", w.http)
	eventually(t, "the pipeline leads", func() bool { return w.ask("plan", "--rules", "rules", "--zones", "zones").code == 0 })

	s := w.ask("push", "--rules", "rules", "--zones", "zones")
	if s.code != 1 {
		t.Errorf("a push without a plan ends with %d", s.code)
	}
	contains(t, s.out, "rules: held", "zones: held", "require_plan")
	p := w.plan("--rules", "rules", "--zones", "zones")
	contains(t, w.must("push", "--rules", "rules", "--zones", "zones", "--plan", "plan.json", "--digest", p.plan.Digest), "rules: loaded", "zones: loaded")
	w.event(putWeb1)
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.10")
	w.nothingHeld()

	// The inventory takes the shadowed name's address elsewhere, and brings a server, before the push.
	w.write("zones/corp.example.yaml", corpZone+"web1:\n  type: A\n  value: 192.0.2.99\n  zonecast: {mode: replace}\n")
	w.commit()
	p = w.plan("--zones", "zones")
	same(t, "effects", p.effects(), "~A web1.corp.example.")
	w.event(`{"op":"put","kind":"server","id":"web1","rev":9,"attrs":{"hostname":"web1","ipv4":"192.0.2.55"}}`, putWeb2)
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.55")
	w.serves("web2.corp.example.", dns.TypeA, "192.0.2.11")
	contains(t, w.must("push", "--zones", "zones", "--plan", "plan.json"), "zones: loaded")
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.99")
	w.nothingHeld()

	// Approved is db; what is pushed has api too.
	w.write("zones/corp.example.yaml", corpZone+"db: {type: A, value: 192.0.2.7}\n")
	w.commit()
	p = w.plan("--zones", "zones")
	same(t, "approved", p.effects(), "+A db.corp.example.\n~A web1.corp.example.")
	w.write("zones/corp.example.yaml", corpZone+"db: {type: A, value: 192.0.2.7}\napi: {type: A, value: 192.0.2.8}\n")
	w.commit()
	s = w.ask("push", "--zones", "zones", "--plan", "plan.json")
	if s.code != 1 {
		t.Errorf("a push that drifted ends with %d", s.code)
	}
	contains(t, s.out, "zones: held", "corp.example.yaml", "held: zonecast held show ")
	w.held("plan-drifted", "corp.example.yaml")
	w.serves("db.corp.example.", dns.TypeA, "NXDOMAIN")

	// Planned and approved anew it loads, and nothing waits any more.
	p = w.plan("--zones", "zones")
	contains(t, w.must("push", "--zones", "zones", "--plan", "plan.json", "--digest", p.plan.Digest), "zones: loaded")
	w.serves("api.corp.example.", dns.TypeA, "192.0.2.8")
	w.nothingHeld()

	// A record that is there is edited, and both folders are pushed: for rules too people wrote what they had written.
	w.write("zones/corp.example.yaml", corpZone+"db: {type: A, value: 192.0.2.9}\napi: {type: A, value: 192.0.2.8}\n")
	w.commit()
	w.plan("--rules", "rules", "--zones", "zones")
	contains(t, w.must("push", "--rules", "rules", "--zones", "zones", "--plan", "plan.json"), "rules: loaded", "zones: loaded")
	w.serves("db.corp.example.", dns.TypeA, "192.0.2.9")
	w.nothingHeld()
}

// The files are the approved ones, and do something else: what somebody else loaded meanwhile stands in the way.
func TestPlanOvertaken(t *testing.T) {
	t.Parallel()
	w := reviewed(t, "zones/other.example.yaml", "'': {type: NS, value: ns1.corp.example.}\n")
	base := w.git("rev-parse", "HEAD")
	w.write("zones/corp.example.yaml", corpZone+"db: {type: A, value: 192.0.2.7}\n")
	w.commit()
	p := w.plan("--zones", "zones")
	same(t, "approved", p.effects(), "+A db.corp.example.")
	w.git("branch", "-q", "approved")

	// Somebody else's change of another zone is loaded before: it is no matter.
	w.git("checkout", "-q", "-B", "main", base)
	w.write("zones/other.example.yaml", "'': {type: NS, value: ns1.corp.example.}\nwww: {type: A, value: 192.0.2.80}\n")
	w.commit()
	contains(t, w.must("push", "--zones", "zones"), "zones: loaded")
	w.git("merge", "-q", "-m", "merge", "approved")
	contains(t, w.must("push", "--zones", "zones", "--plan", "plan.json", "--digest", p.plan.Digest), "zones: loaded")
	w.serves("db.corp.example.", dns.TypeA, "192.0.2.7")
	w.serves("www.other.example.", dns.TypeA, "192.0.2.80")
}
