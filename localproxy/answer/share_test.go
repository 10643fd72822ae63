package answer

import (
	"testing"

	"github.com/miekg/dns"
)

// A name that an attacker invents shares its response's bucket with all others of its kind.
func TestWhatResponsesShare(t *testing.T) {
	t.Parallel()
	v := exampleView(t)
	for _, c := range []struct {
		ask  string
		typ  uint16
		want string
	}{
		{"www.example.", dns.TypeA, "www.example."},
		{"WWW.example.", dns.TypeA, "www.example."},
		{"www.example.", dns.TypeMX, "www.example."},
		{"x1.example.", dns.TypeA, "example."},
		{"x1.www.example.", dns.TypeA, "example."},
		{"x.a.b.c.example.", dns.TypeA, "example."},
		{"x1.wild.example.", dns.TypeTXT, "wild.example."},
		{"x1.wild.example.", dns.TypeA, "wild.example."},
		{"a.x1.wc.example.", dns.TypeA, "wc.example."},
		{"x1.sub.example.", dns.TypeA, "sub.example."},
		{"sub.example.", dns.TypeA, "sub.example."},
		{"x.old.example.", dns.TypeA, "old.example."},
		{"x1.old.example.", dns.TypeA, "old.example."},
		{"alias.example.", dns.TypeA, "alias.example."},
		{"dead.example.", dns.TypeA, "dead.example."},
		{"down.example.", dns.TypeA, "down.example."},
		{"nowhere.test.", dns.TypeA, "nowhere.test."},
		{"x1._timestamp.example.", dns.TypeA, "example."},
	} {
		packed, err := new(dns.Msg).SetQuestion(c.ask, c.typ).Pack()
		if err != nil {
			t.Fatal(err)
		}
		_, outcome := NewEngine(Config{}).Answer(v, facts, packed, nil, UDP)
		if outcome.Shared != name(t, c.want) {
			t.Errorf("%s shares %v, not %s", c.ask, outcome.Shared, c.want)
		}
	}
}

func TestTruncate(t *testing.T) {
	t.Parallel()
	v := exampleView(t)
	e := NewEngine(Config{})
	for _, edns := range []bool{false, true} {
		for ask, rcode := range map[string]int{"wWw.example.": dns.RcodeSuccess, "x.example.": dns.RcodeNameError, "x.sub.example.": dns.RcodeSuccess} {
			query := new(dns.Msg).SetQuestion(ask, dns.TypeA)
			if edns {
				query.SetEdns0(1232, true)
			}
			packed, err := query.Pack()
			if err != nil {
				t.Fatal(err)
			}
			full, _ := e.Answer(v, facts, packed, make([]byte, 0, 1500), UDP)
			short := e.Truncate(packed, full)
			var m dns.Msg
			if err := m.Unpack(short); err != nil {
				t.Fatal(err)
			}
			opts := len(m.Extra)
			if !m.Truncated || !m.Response || m.Rcode != rcode || m.Id != query.Id || m.Question[0] != query.Question[0] ||
				len(m.Answer)+len(m.Ns) > 0 || (m.IsEdns0() != nil) != edns || edns != (opts == 1) {
				t.Errorf("%s: %v", ask, &m)
			}
			if len(short) > len(packed) {
				t.Errorf("%s: %d octets for a query of %d", ask, len(short), len(packed))
			}
			if again, _ := e.Answer(v, facts, packed, nil, UDP); len(again) <= len(short) || again[2]&2 != 0 {
				t.Errorf("%s: the next answer is truncated, too", ask)
			}
		}
	}
}
