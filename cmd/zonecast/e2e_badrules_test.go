package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// badModules are the servers module with one fault each, where check and held say that it is, and which check finds it.
var badModules = []struct{ name, old, new, place, check string }{
	{"YAML syntax", "records:", "records: [", "4:1", "yaml-syntax"},
	{"expression syntax", "'{ipv4}'", "'{ipv4 +}'", "5:63", "bad-expression"},
	{"unknown attribute", "'{ipv4}'", "'{ipv5}'", "5:58", "unknown-attribute"},
	{"wrong type", "kind: server\n", "kind: server\nwhen: 'hostname > 3'\n", "3:17", "expression-type"},
	{"no truth value", "kind: server\n", "kind: server\nwhen: 'hostname'\n", "3:8", "expression-type"},
	{"unknown kind", "kind: server", "kind: sever", "2:7", "unknown-kind"},
	{"unknown key", "ttl: 300", "tll: 300", "3:1", "unknown-key"},
	{"tag eaten", "kind: server\n", "kind: server\nwhen: !draining\n", "3:7", "yaml-tag"},
	{"number", "name: '{hostname}", "number: {of: id, grace: soon}, name: '{hostname}", "5:", "bad-number"},
	{"limits of a pool", "name: '{it}", "pool: {at_most: 0}, name: '{it}", "7:", "bad-pool"},
}

// TestBadRulesCheck: check gives file, line and column of each fault and ends with 1.
func TestBadRulesCheck(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, bad := range badModules {
		w.write("rules/servers.yaml", module(t, bad.old, bad.new))
		s := w.run("", "check", "--zones", "zones", "--rules", "rules")
		if s.code != 1 {
			t.Errorf("%s: exit %d, not 1\n%s%s", bad.name, s.code, s.out, s.err)
		}
		contains(t, s.out, "rules/servers.yaml:"+bad.place, bad.check)
	}
}

// TestBadRulesHeld saves each over a good module while the pipeline runs: held with its place, the last good works.
func TestBadRulesHeld(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	for _, bad := range badModules {
		w.write("rules/servers.yaml", module(t, bad.old, bad.new))
		_, shown := w.held(bad.check, "rules/servers.yaml:"+bad.place)
		contains(t, shown, "It goes away when its cause is mended")
	}
	w.event(putWeb1)
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.10")
	w.write("rules/servers.yaml", strings.Replace(serversModule, "ttl: 300", "ttl: 120", 1))
	w.nothingHeld()
	eventually(t, "the mended module works", func() bool {
		return strings.Contains(w.must("explain", "web1.corp.example", "A"), "web1.corp.example. 120 A 192.0.2.10")
	})
}

// TestBadContribution: what one entity gives is wrong: a name outside every zone, an address as text that is none. It is
// held with module and entity, and the rest goes on.
func TestBadContribution(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("rules/kinds.yaml", "kinds:\n  server: {hostname: label, ipv4: ipv4, roles: {list: label, optional: true}}\n  thing: {name: name, text: string}\n")
	w.write("rules/things.yaml", "module: things\nkind: thing\nrecords:\n  - {name: '{name}.', type: A, value: '{text}'}\n")
	w.start()
	w.event(thing("good", "good.corp.example", "192.0.2.1"))
	for id, event := range map[string]string{
		"rdata":   thing("rdata", "bad.corp.example", "not an address"),
		"doubled": thing("doubled", "x..corp.example", "192.0.2.3"),
	} {
		if s := w.ask("event", event); s.code != 1 || !strings.Contains(s.out, `"held"`) && !strings.Contains(s.out, `"refused"`) {
			t.Errorf("%s: exit %d %s", id, s.code, s.out)
		}
	}
	w.ask("event", thing("outside", "www.elsewhere.example", "192.0.2.2"))
	w.serves("good.corp.example.", dns.TypeA, "192.0.2.1")
	w.held("outside-zones", "www.elsewhere.example.", "things", "thing/outside")
	w.held("eval", "rules/things.yaml:4:5", "things for thing/rdata")
	w.ask("event", thing("good", "good.corp.example", "oops"))
	id, _ := w.held("eval", "things for thing/good", "last good")
	contains(t, w.must("explain", "good.corp.example"), "held "+id+", contribution things thing/good: ")
	w.serves("good.corp.example.", dns.TypeA, "192.0.2.1")
	w.event(thing("good", "good.corp.example", "192.0.2.3"), `{"op":"delete","kind":"thing","id":"outside"}`, `{"op":"delete","kind":"thing","id":"rdata"}`)
	w.serves("good.corp.example.", dns.TypeA, "192.0.2.3")
	w.nothingHeld()
}

func thing(id, name, text string) string {
	return fmt.Sprintf(`{"op":"put","kind":"thing","id":"%s","attrs":{"name":"%s","text":"%s"}}`, id, name, text)
}

// TestEndlessList: a list without a sensible end costs its entities their new records and nobody anything else.
func TestEndlessList(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.event(putWeb1)
	w.serves("web1.corp.example.", dns.TypeA, "192.0.2.10")
	w.write("rules/endless.yaml", "module: endless\nkind: server\nrecords:\n  - {each: '1..1000000000', name: '{hostname}-{it}.corp.example.', type: A, value: '{ipv4}'}\n")
	w.held("eval", "rules/endless.yaml:4:", "endless for server/web1")
	w.ask("event", putWeb2)
	w.serves("web2.corp.example.", dns.TypeA, "192.0.2.11")
	w.remove("rules/endless.yaml")
	w.releaseUntil(func() bool { return w.must("held") == "nothing is held\n" })

	w.write("rules/endless.yaml", "module: endless\nkind: server\nrecords:\n  - {each: '1..1000000000', name: '{hostname}-{it}.corp.example.', type: A, value: '{ipv4}'}\n")
	w.write("one.yaml", "- {kind: server, id: web1, attrs: {hostname: web1, ipv4: 192.0.2.10}}\n")
	s := w.run("", "check", "--rules", "rules", "--zones", "zones", "--inventory", "one.yaml")
	if s.code != 1 {
		t.Errorf("check: exit %d, not 1", s.code)
	}
	contains(t, s.out, "rules/endless.yaml:4:", "endless for server/web1")
}

// module is the servers module with one text in place of another.
func module(t testing.TB, old, new string) string {
	t.Helper()
	text := strings.Replace(serversModule, old, new, 1)
	if text == serversModule {
		t.Fatalf("%q is not in the module", old)
	}
	return text
}
