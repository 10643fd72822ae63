package main

import (
	"strings"
	"testing"

	"github.com/miekg/dns"
)

func example(t *testing.T, origin, target string) *testCase {
	t.Helper()
	c := &testCase{Origin: origin, Zone: "www." + origin + " 60 IN CNAME " + target, Qname: "www." + origin, Qtype: "CNAME", Rcode: "NOERROR",
		AA: true, Answer: []string{"www." + origin + " 60 IN CNAME " + target}}
	if err := c.prepare(); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestBatchesShareNoName(t *testing.T) {
	t.Parallel()
	a := example(t, "example.", "www.a.test.example.")
	b := example(t, "a.test.example.", "example.com.") // a's target is in it
	c := example(t, "example.org.", "example.net.")
	got := batches([]*testCase{a, b, c})
	if len(got) != 2 || len(got[0]) != 2 || got[0][1] != c || got[1][0] != b {
		t.Errorf("batches: %v", got)
	}
}

func TestCompareSeesEveryFault(t *testing.T) {
	t.Parallel()
	c := example(t, "example.", "example.org.")
	right := func() *dns.Msg {
		m := new(dns.Msg).SetQuestion(c.Qname, dns.TypeCNAME)
		m.Response, m.Authoritative = true, true
		rr, _ := dns.NewRR(c.Answer[0])
		m.Answer = []dns.RR{rr}
		return m
	}
	for _, test := range []struct {
		want  string
		wrong func(*dns.Msg)
	}{
		{"", func(*dns.Msg) {}},
		{"rcode", func(m *dns.Msg) { m.Rcode = dns.RcodeNameError }},
		{"AA", func(m *dns.Msg) { m.Authoritative = false }},
		{"answer", func(m *dns.Msg) { m.Answer = nil }},
		{"answer", func(m *dns.Msg) { m.Answer[0].Header().Ttl++ }},
	} {
		m := right()
		test.wrong(m)
		raw, err := m.Pack()
		if err != nil {
			t.Fatal(err)
		}
		if got := c.compare(raw); (got == "") != (test.want == "") || !strings.HasPrefix(got, test.want) {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}
