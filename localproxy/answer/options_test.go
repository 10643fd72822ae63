package answer

import (
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// TestOptions holds the OPT record to RFC 5001 (NSID) and RFC 7828 (edns-tcp-keepalive): each is sent to those who ask.
func TestOptions(t *testing.T) {
	t.Parallel()
	nsid, keepAlive := &dns.EDNS0_NSID{Code: dns.EDNS0NSID}, &dns.EDNS0_TCP_KEEPALIVE{Code: dns.EDNS0TCPKEEPALIVE}
	cookie := &dns.EDNS0_COOKIE{Code: dns.EDNS0COOKIE, Cookie: "0011223344556677"}
	local := &dns.EDNS0_LOCAL{Code: 65001, Data: []byte{1, 2, 3}}
	full := Config{NSID: "host1.example", KeepAlive: 12*time.Second + 340*time.Millisecond}
	name1, idle := "3 "+hex.EncodeToString([]byte("host1.example")), "11 123"
	for what, c := range map[string]struct {
		config    Config
		transport Transport
		asked     []dns.EDNS0
		want      []string
	}{
		"nothing asked":       {full, TCP, nil, nil},
		"nsid":                {full, UDP, []dns.EDNS0{nsid}, []string{name1}},
		"both over TCP":       {full, TCP, []dns.EDNS0{keepAlive, nsid}, []string{name1, idle}},
		"twice":               {full, TCP, []dns.EDNS0{keepAlive, nsid, nsid, keepAlive}, []string{name1, idle}},
		"keepalive over UDP":  {full, UDP, []dns.EDNS0{keepAlive}, nil},
		"neither configured":  {Config{}, TCP, []dns.EDNS0{nsid, keepAlive}, nil},
		"unknown are ignored": {full, UDP, []dns.EDNS0{local, cookie, nsid, local}, []string{name1}},
		"the longest":         {Config{NSID: strings.Repeat("x", MaxNSID)}, UDP, []dns.EDNS0{nsid}, []string{"3 " + strings.Repeat("78", MaxNSID)}},
		"a very long time":    {Config{KeepAlive: 24 * time.Hour}, TCP, []dns.EDNS0{keepAlive}, []string{"11 65535"}},
	} {
		query := new(dns.Msg).SetQuestion("www.example.", dns.TypeA).SetEdns0(4096, false)
		query.IsEdns0().Option = c.asked
		packed, err := query.Pack()
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := NewEngine(c.config).Answer(exampleView(t), facts, packed, nil, c.transport)
		response := new(dns.Msg)
		if err := response.Unpack(raw); err != nil {
			t.Fatalf("%s: %v: % x", what, err, raw)
		}
		var got []string
		for _, o := range response.IsEdns0().Option {
			switch o := o.(type) {
			case *dns.EDNS0_NSID:
				got = append(got, "3 "+o.Nsid)
			case *dns.EDNS0_TCP_KEEPALIVE:
				got = append(got, "11 "+strconv.Itoa(int(o.Timeout)))
			default:
				t.Errorf("%s: option %d", what, o.Option())
			}
		}
		if !slices.Equal(got, c.want) || len(response.Answer) != 1 {
			t.Errorf("%s: options %q, want %q; %v", what, got, c.want, response)
		}
	}
	if (Config{NSID: strings.Repeat("x", MaxNSID+1)}).Validate() == nil {
		t.Error("an NSID that no response has room for")
	}
}

// TestOptionsHaveRoom asks for a set that fills 512 octets: with the options the client wants there is none left for
// it, and the response says so instead of growing beyond what the client takes.
func TestOptionsHaveRoom(t *testing.T) {
	t.Parallel()
	view := truncationView(t)
	for _, c := range []struct {
		nsid      string
		truncated bool
	}{{"", false}, {"abc", false}, {"abcd", true}} {
		query := new(dns.Msg).SetQuestion("edns.example.", dns.TypeA).SetEdns0(512, false)
		query.IsEdns0().Option = []dns.EDNS0{&dns.EDNS0_NSID{Code: dns.EDNS0NSID}}
		packed, _ := query.Pack()
		raw, _ := NewEngine(Config{NSID: c.nsid}).Answer(view, facts, packed, nil, UDP)
		if truncated := raw[2]&(flagTC>>8) != 0; len(raw) > minUDP || truncated != c.truncated {
			t.Errorf("nsid %q: %d octets, truncated=%t", c.nsid, len(raw), truncated)
		}
	}
}
