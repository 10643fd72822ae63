package main

import (
	"testing"

	"github.com/miekg/dns"
)

// TestExplain asks for the cause of everything that a name can be: generated, human, replaced, shadowed, masked, by a
// wildcard, an empty non-terminal, delegated, not there, outside.
func TestExplain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("zones/corp.example.yaml", corpZone+`web1: {type: A, value: 192.0.2.99, zonecast: {mode: replace, expires: 2120-12-01, reason: "disk failure, INC-4711"}}
web2: {type: A, value: 192.0.2.98}
db: {zonecast: {mode: mask, scope: name, reason: retired}}
'*.dev': {type: TXT, value: anything}
a.b: {type: TXT, value: below}
lab:
  - {type: NS, value: ns1.corp.example.}
own:
  - {type: NS, value: ns1.corp.example.}
  - {type: DS, value: {key_tag: 1, algorithm: 8, digest_type: 2, digest: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef}}
`)
	w.write("zones/own.corp.example.yaml", "'': {type: NS, value: ns1.corp.example.}\n")
	w.start()
	w.event(putWeb1, putWeb2,
		`{"op":"put","kind":"server","id":"db","attrs":{"hostname":"db","ipv4":"192.0.2.12"}}`,
		`{"op":"put","kind":"server","id":"app","attrs":{"hostname":"app","ipv4":"192.0.2.13"}}`,
		`{"op":"put","kind":"server","id":"lab","attrs":{"hostname":"lab","ipv4":"192.0.2.14"}}`)
	w.serves("app.corp.example.", dns.TypeA, "192.0.2.13")
	w.serves("14.2.0.192.in-addr.arpa.", dns.TypePTR, "lab.corp.example.")

	for _, c := range []struct {
		name, qtype string
		want        []string
	}{
		{"app.corp.example", "A", []string{"app.corp.example. A: served\n", "app.corp.example. 300 A 192.0.2.13\n", "since version ", "from module servers, entity server/app, source main"}},
		{"APP.corp.example.", "a", []string{"A: served\n"}},
		{"app.corp.example", "MX", []string{"without records of this type (NODATA)"}},
		{"ns1.corp.example", "", []string{"served\n", "from zones/corp.example.yaml:2:1, commit sha256:"}},
		{"web1.corp.example", "A", []string{"3600 A 192.0.2.99", "from zones/corp.example.yaml:3:1", "mode replace", "until 2120-12-02T00:00:00Z", "(disk failure, INC-4711)",
			"shadowed: web1.corp.example. 300 A 192.0.2.10", "module servers, entity server/web1", "because: replaced\n    by zones/corp.example.yaml:3:1"}},
		{"web2.corp.example", "A", []string{"A 192.0.2.98", "from zones/corp.example.yaml:4:1", "a person wrote this record too", "shadowed: web2.corp.example. 300 A 192.0.2.11"}},
		{"db.corp.example", "A", []string{"nothing is served: every claim is masked", "shadowed: db.corp.example. 300 A 192.0.2.12", "because: masked", "corp.example.yaml:5:1", "retired"}},
		{"x.dev.corp.example", "TXT", []string{"served by the wildcard *.dev.corp.example.", `TXT "anything"`, "corp.example.yaml:6:1"}},
		{"x.dev.corp.example", "A", []string{"the wildcard *.dev.corp.example. has no records of this type (NODATA)"}},
		{"b.corp.example", "", []string{"an empty non-terminal"}},
		{"lab.corp.example", "A", []string{"delegated: a zone cut", "shadowed: lab.corp.example. 300 A 192.0.2.14", "because: the name is delegated"}},
		{"own.corp.example", "DS", []string{"DS: served", "from zones/corp.example.yaml:12:5"}}, // RFC 4035 3.1.4.1
		{"own.corp.example", "NS", []string{"from zones/own.corp.example.yaml:1:1", "because: the name belongs to a zone further down", "from zones/corp.example.yaml:11:5"}},
		{"x.lab.corp.example", "A", []string{"delegated: below the zone cut at lab.corp.example."}},
		{"nope.corp.example", "A", []string{"does not exist (NXDOMAIN)", "zone corp.example."}},
		{"elsewhere.example", "A", []string{"outside every zone"}},
	} {
		args := []string{"explain", c.name}
		if c.qtype != "" {
			args = append(args, c.qtype)
		}
		t.Run(c.name+" "+c.qtype, func(t *testing.T) { contains(t, w.must(args...), c.want...) })
	}

	if s := w.ask("explain", "app.corp.example", "BOGUS"); s.code != 1 {
		t.Errorf("an unknown type ends with %d", s.code)
	}
	contains(t, w.must("explain", "web1.corp.example", "A", "--json"), `"line": 3`, `"column": 1`, `"mode": "replace"`)
}
