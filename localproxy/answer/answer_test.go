package answer

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"zonecast/internal/snapshot"
)

const soa = "@ 3600 IN SOA ns1.example. hostmaster.example. 7 7200 900 1209600 300\n"

var facts = Facts{Epoch: 1, Version: 1<<32 + 99, Released: 1795000100, Signed: 1795000110, AsOf: 1795000098}

func exampleView(t testing.TB) *testView {
	v := &testView{}
	v.add(t, snapshot.Zone{Apex: name(t, "example."), Timestamp: true}, soa+`
@ 3600 NS ns1
ns1 300 A 192.0.2.1
www 300 A 192.0.2.10
www 300 AAAA 2001:db8::10
www 300 TXT "hello"
alias 300 CNAME www
far 300 CNAME host.literal.test.
out 300 CNAME www.elsewhere.test.
loop1 300 CNAME loop2
loop2 300 CNAME loop1
self 300 CNAME self
dead 300 CNAME nowhere
down 300 CNAME x.sub
a.b.c 300 A 192.0.2.11
*.wild 300 TXT "wild"
*.wc 300 CNAME www
deep.ent.wild 300 A 192.0.2.12
old 300 DNAME new
x.new 300 A 192.0.2.13
sub 300 NS ns.sub
sub 300 NS ns1
sub 300 NS ns.other.test.
sub 300 DS 1 8 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
ns.sub 300 A 192.0.2.53
ns.sub 300 AAAA 2001:db8::53
hidden.sub 300 A 192.0.2.14
mx 300 TYPE65280 \# 3 0a0b0c
*._timestamp 300 TXT "must not be seen"
`)
	v.add(t, snapshot.Zone{Apex: name(t, "literal.test."), SerialLiteral: true}, soa+"@ 3600 NS ns1.example.\nhost 60 A 192.0.2.77\n")
	v.add(t, snapshot.Zone{Apex: name(t, "child.example.")}, soa+"@ 3600 NS ns1.example.\nw 60 A 192.0.2.78\n")
	return v
}

// show prints what a test compares: rcode, flags and sections, without the question and OPT.
func show(m *dns.Msg) string {
	var b strings.Builder
	b.WriteString(dns.RcodeToString[m.Rcode])
	for _, f := range []struct {
		set  bool
		name string
	}{{m.Authoritative, " aa"}, {m.Truncated, " tc"}, {m.RecursionAvailable, " ra"}, {m.AuthenticatedData, " ad"}} {
		if f.set {
			b.WriteString(f.name)
		}
	}
	b.WriteString("\n")
	for i, section := range [][]dns.RR{m.Answer, m.Ns, m.Extra} {
		for _, rr := range section {
			if rr.Header().Rrtype != dns.TypeOPT {
				b.WriteString([]string{"an ", "ns ", "ar "}[i] + strings.Join(strings.Fields(rr.String()), " ") + "\n")
			}
		}
	}
	return b.String()
}

func TestAnswer(t *testing.T) {
	t.Parallel()
	const (
		negative = "ns example. 300 IN SOA ns1.example. hostmaster.example. 99 7200 900 1209600 300\n"
		www      = "an www.example. 300 IN A 192.0.2.10\n"
		referral = "ns sub.example. 300 IN NS ns.sub.example.\nns sub.example. 300 IN NS ns.other.test.\nns sub.example. 300 IN NS ns1.example.\n" +
			"ar ns.sub.example. 300 IN A 192.0.2.53\nar ns.sub.example. 300 IN AAAA 2001:db8::53\nar ns1.example. 300 IN A 192.0.2.1\n"
		stamp = `an _timestamp.example. 0 IN TXT "epoch=1" "version=4294967395" "released=1795000100" "signed=1795000110" "as-of=1795000098"` + "\n"
	)
	for _, c := range []struct{ name, typ, want string }{
		{"www.example.", "A", "NOERROR aa\n" + www},
		{"WwW.eXample.", "A", "NOERROR aa\nan WwW.eXample. 300 IN A 192.0.2.10\n"}, // 0x20: the question's case
		{"www.example.", "MX", "NOERROR aa\n" + negative},
		{"nope.example.", "A", "NXDOMAIN aa\n" + negative},
		{"mx.example.", "TYPE65280", "NOERROR aa\nan mx.example. 300 CLASS1 TYPE65280 \\# 3 0a0b0c\n"}, // RFC 3597
		{"example.", "SOA", "NOERROR aa\nan example. 3600 IN SOA ns1.example. hostmaster.example. 99 7200 900 1209600 300\n"},
		{"literal.test.", "SOA", "NOERROR aa\nan literal.test. 3600 IN SOA ns1.example. hostmaster.example. 7 7200 900 1209600 300\n"},
		{"example.", "ANY", "NOERROR aa\nan example. 3600 IN NS ns1.example.\n"},
		{"b.c.example.", "ANY", "NOERROR aa\n" + negative},
		// Aliases.
		{"alias.example.", "A", "NOERROR aa\nan alias.example. 300 IN CNAME www.example.\n" + www},
		{"alias.example.", "CNAME", "NOERROR aa\nan alias.example. 300 IN CNAME www.example.\n"},
		{"far.example.", "A", "NOERROR aa\nan far.example. 300 IN CNAME host.literal.test.\nan host.literal.test. 60 IN A 192.0.2.77\n"},
		{"out.example.", "A", "NOERROR aa\nan out.example. 300 IN CNAME www.elsewhere.test.\n"},
		{"loop1.example.", "A", "NOERROR aa\nan loop1.example. 300 IN CNAME loop2.example.\nan loop2.example. 300 IN CNAME loop1.example.\n"},
		{"self.example.", "A", "NOERROR aa\nan self.example. 300 IN CNAME self.example.\n"},
		{"dead.example.", "A", "NXDOMAIN aa\nan dead.example. 300 IN CNAME nowhere.example.\n" + negative}, // RFC 6604
		{"down.example.", "A", "NOERROR aa\nan down.example. 300 IN CNAME x.sub.example.\n" + referral},
		// Wildcards.
		{"x.wild.example.", "TXT", "NOERROR aa\nan x.wild.example. 300 IN TXT \"wild\"\n"},
		{"x.y.wild.example.", "TXT", "NOERROR aa\nan x.y.wild.example. 300 IN TXT \"wild\"\n"},
		{"x.wild.example.", "A", "NOERROR aa\n" + negative},
		{"ent.wild.example.", "TXT", "NOERROR aa\n" + negative},    // RFC 4592 2.2.2: it exists
		{"x.ent.wild.example.", "TXT", "NXDOMAIN aa\n" + negative}, // and stops the wildcard
		{"x.wc.example.", "A", "NOERROR aa\nan x.wc.example. 300 IN CNAME www.example.\n" + www},
		{"b.c.example.", "A", "NOERROR aa\n" + negative},
		// DNAME.
		{"x.old.example.", "A", "NOERROR aa\nan old.example. 300 IN DNAME new.example.\nan x.old.example. 300 IN CNAME x.new.example.\nan x.new.example. 300 IN A 192.0.2.13\n"},
		{"x.old.example.", "CNAME", "NOERROR aa\nan old.example. 300 IN DNAME new.example.\nan x.old.example. 300 IN CNAME x.new.example.\n"},
		{"old.example.", "A", "NOERROR aa\n" + negative},
		// Delegations.
		{"sub.example.", "A", "NOERROR\n" + referral},
		{"sub.example.", "NS", "NOERROR\n" + referral},
		{"hidden.sub.example.", "A", "NOERROR\n" + referral},
		{"a.hidden.sub.example.", "DS", "NOERROR\n" + referral},
		{"sub.example.", "DS", "NOERROR aa\nan sub.example. 300 IN DS 1 8 2 00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF\n"},
		{"child.example.", "DS", "NOERROR aa\n" + negative},                                                                               // the parent answers
		{"literal.test.", "DS", "NOERROR aa\nns literal.test. 300 IN SOA ns1.example. hostmaster.example. 7 7200 900 1209600 300\n"},      // no parent here
		{"x.child.example.", "A", "NXDOMAIN aa\nns child.example. 300 IN SOA ns1.example. hostmaster.example. 99 7200 900 1209600 300\n"}, // nearest zone
		{"example.test.", "A", "REFUSED\n"}, {".", "NS", "REFUSED\n"}, {"example.", "AXFR", "REFUSED\n"}, {"example.", "IXFR", "REFUSED\n"},
		// The end-to-end probe.
		{"_timestamp.example.", "TXT", "NOERROR aa\n" + stamp}, {"_timestamp.example.", "ANY", "NOERROR aa\n" + stamp},
		{"_timestamp.example.", "A", "NOERROR aa\n" + negative},
		{"x._timestamp.example.", "TXT", "NXDOMAIN aa\n" + negative},
		{"_timestamp.literal.test.", "TXT", "NXDOMAIN aa\nns literal.test. 300 IN SOA ns1.example. hostmaster.example. 7 7200 900 1209600 300\n"},
	} {
		t.Run(c.name+" "+c.typ, func(t *testing.T) {
			t.Parallel()
			typ, ok := dns.StringToType[c.typ]
			if !ok {
				typ = 65280
			}
			query := &dns.Msg{MsgHdr: dns.MsgHdr{Id: 4711}, Question: []dns.Question{{Name: c.name, Qtype: typ, Qclass: dns.ClassINET}}}
			got := ask(t, exampleView(t), facts, UDP, query)
			if diff := cmp.Diff(c.want, show(got)); diff != "" {
				t.Error(diff)
			}
			if !got.Response || got.Id != 4711 || len(got.Question) != 1 || got.Question[0] != query.Question[0] {
				t.Errorf("question not echoed: %v", got)
			}
		})
	}
}

func TestVersionZeroKeepsTheSerial(t *testing.T) {
	t.Parallel()
	got := ask(t, exampleView(t), Facts{}, UDP, new(dns.Msg).SetQuestion("example.", dns.TypeSOA))
	if serial := got.Answer[0].(*dns.SOA).Serial; serial != 7 {
		t.Errorf("serial %d", serial)
	}
}

func TestDNAMEOverflow(t *testing.T) {
	t.Parallel()
	v := &testView{}
	long := strings.Repeat("a23456789012345678901234567890.", 6) + "example."
	v.add(t, snapshot.Zone{Apex: name(t, "example.")}, soa+"d 300 DNAME "+long+"\n")
	got := ask(t, v, facts, UDP, new(dns.Msg).SetQuestion(strings.Repeat("x", 63)+".d.example.", dns.TypeA))
	if got.Rcode != dns.RcodeYXDomain || len(got.Answer) != 1 || !got.Authoritative {
		t.Errorf("got\n%s", show(got))
	}
}

func TestChainIsBounded(t *testing.T) {
	t.Parallel()
	v := &testView{}
	v.add(t, snapshot.Zone{Apex: name(t, "example.")}, soa+"*.d 300 CNAME a.d\nd2 300 DNAME d3.d2\n")
	for _, c := range []string{"x.d.example.", "x.d2.example."} {
		if got := ask(t, v, facts, TCP, new(dns.Msg).SetQuestion(c, dns.TypeA)); len(got.Answer) > 2*maxChain {
			t.Errorf("%s: %d records", c, len(got.Answer))
		}
	}
}

func TestNotReady(t *testing.T) {
	t.Parallel()
	got := ask(t, nil, Facts{}, UDP, new(dns.Msg).SetQuestion("www.example.", dns.TypeA).SetEdns0(4096, false))
	if got.Rcode != dns.RcodeServerFailure || ede(got) != dns.ExtendedErrorCodeNotReady {
		t.Errorf("got %v", got)
	}
}

// ede gives the extended error of a response, or 65535.
func ede(m *dns.Msg) uint16 {
	if opt := m.IsEdns0(); opt != nil {
		for _, o := range opt.Option {
			if e, ok := o.(*dns.EDNS0_EDE); ok {
				return e.InfoCode
			}
		}
	}
	return 65535
}
