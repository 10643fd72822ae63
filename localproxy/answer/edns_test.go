package answer

import (
	"fmt"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"zonecast/internal/snapshot"
)

func TestEDNS(t *testing.T) {
	t.Parallel()
	v := exampleView(t)
	query := new(dns.Msg).SetQuestion("www.example.", dns.TypeA).SetEdns0(4096, true)
	query.CheckingDisabled = true // RFC 4035 3.1.6: cleared in an authoritative response
	got := ask(t, v, facts, UDP, query)
	opt := got.IsEdns0()
	if opt == nil || !opt.Do() || opt.UDPSize() != MaxUDP || opt.Version() != 0 || len(got.Extra) != 1 {
		t.Errorf("OPT %v", opt)
	}
	if got.CheckingDisabled || !got.RecursionDesired || got.RecursionAvailable {
		t.Errorf("flags %v", got.MsgHdr)
	}

	query.IsEdns0().SetVersion(1)
	if got := ask(t, v, facts, UDP, query); got.Rcode != dns.RcodeBadVers || got.IsEdns0().Version() != 0 || len(got.Answer) > 0 {
		t.Errorf("version 1: %v", got)
	}

	query.IsEdns0().SetVersion(0)
	query.Extra = append(query.Extra, query.Extra[0])
	if got := ask(t, v, facts, UDP, query); got.Rcode != dns.RcodeFormatError {
		t.Errorf("two OPTs: %v", got)
	}
	misplaced := new(dns.Msg).SetQuestion("www.example.", dns.TypeA).SetEdns0(1232, false)
	misplaced.Ns, misplaced.Extra = misplaced.Extra, nil
	if got := ask(t, v, facts, UDP, misplaced); got.Rcode != dns.RcodeFormatError {
		t.Errorf("OPT in the authority section: %v", got)
	}

	if got := ask(t, v, facts, UDP, new(dns.Msg).SetQuestion("www.example.", dns.TypeA)); got.IsEdns0() != nil {
		t.Errorf("OPT without asking for it: %v", got)
	}
	for typ, code := range map[uint16]uint16{dns.TypeA: dns.ExtendedErrorCodeNotAuthoritative, dns.TypeAXFR: dns.ExtendedErrorCodeProhibited} {
		if got := ask(t, v, facts, UDP, new(dns.Msg).SetQuestion("www.test.", typ).SetEdns0(1232, false)); got.Rcode != dns.RcodeRefused || ede(got) != code {
			t.Errorf("outside: %v", got)
		}
	}
}

// truncationView has sets that just fit a response and sets that do not.
func truncationView(t *testing.T) *testView {
	var text strings.Builder
	text.WriteString(soa)
	for i := range 28 { // 28 * 16 + 12 + 17 <= 512 < 29 * 16 + …
		fmt.Fprintf(&text, "fits 300 A 192.0.2.%d\n", i)
	}
	for i := range 29 { // 29 * 16 + 12 + 18 + 11 <= 512
		fmt.Fprintf(&text, "edns 300 A 192.0.2.%d\n", i)
	}
	for i := range 60 {
		fmt.Fprintf(&text, "big 300 A 192.0.2.%d\n", i)
	}
	for i := range 100 {
		fmt.Fprintf(&text, "huge 300 A 192.0.2.%d\n", i)
	}
	for i := range 8 {
		fmt.Fprintf(&text, "cut 300 NS a-rather-long-server-name-%d.cut\na-rather-long-server-name-%d.cut 300 AAAA 2001:db8::%d\n", i, i, i)
		fmt.Fprintf(&text, "sib 300 NS a-rather-long-server-name-%d.else\na-rather-long-server-name-%d.else 300 AAAA 2001:db8::%d\n", i, i, i)
	}
	v := &testView{}
	v.add(t, snapshot.Zone{Apex: name(t, "example.")}, text.String())
	return v
}

func TestTruncation(t *testing.T) {
	t.Parallel()
	v := truncationView(t)
	for _, c := range []struct {
		name      string
		edns      uint16
		transport Transport
		tc        bool
		answers   int
	}{
		{"fits.example.", 0, UDP, false, 28},
		{"edns.example.", 512, UDP, false, 29},
		{"big.example.", 0, UDP, true, 0},
		{"big.example.", 100, UDP, true, 0}, // less than 512 means 512
		{"big.example.", 1232, UDP, false, 60},
		{"huge.example.", 1232, UDP, true, 0},
		{"huge.example.", 4096, UDP, true, 0}, // capped at 1232
		{"huge.example.", 0, TCP, false, 100},
		{"x.cut.example.", 0, UDP, true, 0},     // required glue does not fit
		{"x.cut.example.", 1232, UDP, false, 0}, // it does
		{"x.sib.example.", 0, UDP, false, 0},    // sibling glue is left out
	} {
		query := new(dns.Msg).SetQuestion(c.name, dns.TypeA)
		limit := minUDP
		if c.edns > 0 {
			query.SetEdns0(c.edns, false)
			limit = max(minUDP, min(int(c.edns), MaxUDP))
		}
		packed, _ := query.Pack()
		raw, _ := NewEngine(Config{}).Answer(v, facts, packed, nil, c.transport)
		if c.transport == UDP && len(raw) > limit {
			t.Errorf("%s: %d octets", c.name, len(raw))
		}
		got := new(dns.Msg)
		if err := got.Unpack(raw); err != nil {
			t.Fatal(err)
		}
		if got.Truncated != c.tc || len(got.Answer) != c.answers {
			t.Errorf("%s/%d: tc=%t, %d answers", c.name, c.edns, got.Truncated, len(got.Answer))
		}
		if c.edns > 0 && got.IsEdns0() == nil {
			t.Errorf("%s/%d: the OPT record was truncated away", c.name, c.edns)
		}
	}
}

func TestOwnersAreCompressed(t *testing.T) {
	t.Parallel()
	packed, _ := new(dns.Msg).SetQuestion("alias.example.", dns.TypeA).Pack()
	raw, _ := NewEngine(Config{}).Answer(exampleView(t), facts, packed, nil, UDP)
	// question, CNAME with its target in full, A: both owners are pointers
	if want := len(packed) + (12 + 13) + (12 + 4); len(raw) != want {
		t.Errorf("%d octets, want %d", len(raw), want)
	}
}
