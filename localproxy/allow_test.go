package localproxy

import (
	"net/netip"
	"testing"

	"github.com/miekg/dns"

	"zonecast/localproxy/access"
	"zonecast/localproxy/answer"
	"zonecast/localproxy/listen"
	"zonecast/localproxy/live"
)

func gate(t testing.TB, list ...string) *access.Gate {
	t.Helper()
	g, err := Config{Allow: list}.gate()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func edns(t *testing.T, name string, typ uint16) []byte {
	t.Helper()
	packed, err := new(dns.Msg).SetQuestion(name, typ).SetEdns0(1232, false).Pack()
	if err != nil {
		t.Fatal(err)
	}
	return packed
}

// Who may not ask is told so, whatever is asked; who may gets what there is (SERVFAIL: nothing is loaded).
func TestWhoMayAsk(t *testing.T) {
	t.Parallel()
	s := &sessions{slot: new(live.Slot), gate: gate(t, "loopback", "192.0.2.0/24", "2001:db8::/32")}
	one := s.Session()
	refused := 0.0
	for _, transport := range []answer.Transport{answer.UDP, answer.TCP} {
		for client, may := range map[string]bool{
			"127.0.0.1": true, "::1": true, "192.0.2.200": true, "2001:db8::9": true,
			"192.0.3.1": false, "198.51.100.1": false, "fe80::1": false,
		} {
			want, code := dns.RcodeServerFailure, uint16(dns.ExtendedErrorCodeNotReady)
			if !may {
				want, code = dns.RcodeRefused, dns.ExtendedErrorCodeProhibited
				refused++
			}
			one.Begin()
			packed := one.Answer(edns(t, "www.example.", dns.TypeA), nil, listen.Client{Addr: netip.MustParseAddr(client), Transport: transport})
			one.End()
			var r dns.Msg
			if err := r.Unpack(packed); err != nil {
				t.Fatal(err)
			}
			opt := r.IsEdns0()
			if r.Rcode != want || opt == nil || len(opt.Option) != 1 || opt.Option[0].(*dns.EDNS0_EDE).InfoCode != code || len(r.Question) != 1 {
				t.Errorf("%s: %v", client, r)
			}
		}
	}
	if got := sum(t, s, "zonecast_localproxy_prohibited_total"); got != refused {
		t.Errorf("%v counted, %v refused", got, refused)
	}
	if got := sum(t, s, "zonecast_localproxy_queries_total", "REFUSED"); got != refused {
		t.Errorf("%v counted as answered, %v refused", got, refused)
	}
}

// An outsider's rubbish is rubbish all the same: no answer to what is no query, FORMERR to what cannot be read.
func TestOutsidersRubbish(t *testing.T) {
	t.Parallel()
	s := &sessions{slot: new(live.Slot), gate: gate(t, "loopback")}
	one := s.Session()
	one.Begin()
	defer one.End()
	outsider := listen.Client{Addr: netip.MustParseAddr("192.0.2.1"), Transport: answer.UDP}
	response := pack(t, "www.example.", dns.TypeA)
	response[2] |= 0x80
	for _, silent := range [][]byte{{1, 2, 3}, response} {
		if got := one.Answer(silent, nil, outsider); got != nil {
			t.Errorf("%x got an answer", silent)
		}
	}
	broken := pack(t, "www.example.", dns.TypeA)[:20]
	if got := one.Answer(broken, nil, outsider); len(got) < 12 || got[3]&0xf != dns.RcodeFormatError {
		t.Errorf("%x got %x", broken, got)
	}
}

func TestTheHostAloneByDefault(t *testing.T) {
	t.Parallel()
	for _, cfg := range []Config{{}, DefaultConfig()} {
		g, err := cfg.gate()
		if err != nil {
			t.Fatal(err)
		}
		for addr, want := range map[string]bool{"127.0.0.53": true, "::1": true, "192.0.2.1": false, "2001:db8::1": false} {
			if got := g.Set().Has(netip.MustParseAddr(addr)); got != want {
				t.Errorf("%s may ask: %t", addr, got)
			}
		}
	}
}
