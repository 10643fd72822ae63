package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/miekg/dns"

	"zonecast/internal/snapshot"
	"zonecast/internal/zone"
)

func tiny(t *testing.T) *snapshot.View {
	t.Helper()
	dir := t.TempDir()
	text := "$ORIGIN example.\n@ 60 IN SOA ns h 1 1 1 1 30\n@ 60 IN NS ns\nns 60 IN A 192.0.2.1\nwww 60 IN A 192.0.2.2\nalias 60 IN CNAME www\n" +
		"*.w 60 IN A 192.0.2.3\na.b.w 60 IN A 192.0.2.4\nsub 60 IN NS ns.sub\nns.sub 60 IN A 192.0.2.5\n"
	file := filepath.Join(dir, "z.zone")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, problems, err := (snapshot.ZoneFiles{Paths: []string{file}}).Compile(filepath.Join(dir, "z.snap"), new(snapshot.Progress)); err != nil {
		t.Fatal(err, problems)
	}
	s, err := snapshot.Open(filepath.Join(dir, "z.snap"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return snapshot.NewView(s)
}

func records(t *testing.T, lines ...string) (list []record) {
	t.Helper()
	for _, line := range lines {
		rr, err := dns.NewRR(line)
		if err != nil {
			t.Fatal(err)
		}
		owner, err := zone.ParseName(rr.Header().Name)
		if err != nil {
			t.Fatal(err)
		}
		data, err := zone.RdataOf(rr)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, record{owner, zone.Type(rr.Header().Rrtype), rr.Header().Ttl, data})
	}
	return list
}

// TestRulesExplainNoMore: answers that are wrong stay unexplained by every server's rules.
func TestRulesExplainNoMore(t *testing.T) {
	t.Parallel()
	view := tiny(t)
	soa := records(t, "example. 30 SOA ns.example. h.example. 1 1 1 1 30")
	www := records(t, "www.example. 60 A 192.0.2.2")
	for _, test := range []struct {
		what, name  string
		typ         zone.Type
		here, there reply
	}{
		{"other data", "www.example.", zone.TypeA, reply{aa: true, answer: www}, reply{aa: true, answer: records(t, "www.example. 60 A 192.0.2.9")}},
		{"another TTL", "www.example.", zone.TypeA, reply{aa: true, answer: www}, reply{aa: true, answer: records(t, "www.example. 61 A 192.0.2.2")}},
		{"nothing", "www.example.", zone.TypeA, reply{aa: true, answer: www}, reply{aa: true, authority: soa}},
		{"no such name", "www.example.", zone.TypeA, reply{aa: true, answer: www}, reply{aa: true, rcode: dns.RcodeNameError, authority: soa}},
		{"refused", "www.example.", zone.TypeA, reply{aa: true, answer: www}, reply{rcode: dns.RcodeRefused}},
		{"cut off", "www.example.", zone.TypeA, reply{aa: true, answer: www}, reply{aa: true, tc: true}},
		{"something for nothing", "no.example.", zone.TypeA, reply{aa: true, rcode: dns.RcodeNameError, authority: soa},
			reply{aa: true, answer: records(t, "no.example. 60 A 192.0.2.3")}},
		{"an alias elsewhere", "alias.example.", zone.TypeA, reply{aa: true, answer: append(records(t, "alias.example. 60 CNAME www.example."), www...)},
			reply{aa: true, answer: records(t, "alias.example. 60 CNAME ns.example.")}},
		{"another wildcard's", "x.b.w.example.", zone.TypeA, reply{aa: true, rcode: dns.RcodeNameError, authority: soa},
			reply{aa: true, answer: records(t, "x.b.w.example. 60 A 192.0.2.4")}},
		{"another server", "x.sub.example.", zone.TypeA, reply{authority: records(t, "sub.example. 60 NS ns.sub.example."), additional: records(t, "ns.sub.example. 60 A 192.0.2.5")},
			reply{authority: records(t, "sub.example. 60 NS ns.example.")}},
	} {
		for name, rules := range map[string][]rule{"NSD": nsdRules, "tinydns": tinydnsRules, "auth": authRules, "local": localRules} {
			n, err := zone.ParseName(test.name)
			if err != nil {
				t.Fatal(err)
			}
			c := contestant{name: name, rules: rules, explained: map[string]int{}}
			c.judge(&pair{name: n, typ: test.typ, here: test.here, there: test.there, view: view}, 0)
			if c.failed != 1 {
				t.Errorf("%s: %s is explained by %v", name, test.what, c.explained)
			}
		}
	}
}
