package staleness

import (
	"bytes"
	"context"
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"zonecast/localproxy/answer"
	"zonecast/localproxy/listen"
)

const asOf = 1795000998

// serve answers every query with these strings, or with an rcode.
func serve(t *testing.T, rcode int, strings ...string) string {
	t.Helper()
	handle := func(query, _ []byte, from listen.Client) []byte {
		m := new(dns.Msg)
		if m.Unpack(query) != nil {
			return nil
		}
		reply := new(dns.Msg).SetRcode(m, rcode)
		if reply.Rcode == dns.RcodeSuccess && len(strings) > 0 {
			if from.Transport == answer.UDP {
				reply.Truncated = true // it has to come back over TCP
			} else {
				reply.Answer = []dns.RR{&dns.TXT{Hdr: dns.RR_Header{Name: m.Question[0].Name, Rrtype: dns.TypeTXT, Class: dns.ClassINET}, Txt: strings}}
			}
		}
		packed, _ := reply.Pack()
		return packed
	}
	s, err := listen.Bind(t.Context(), []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")}, listen.Limits{}, listen.Func(handle))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { s.Serve(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	return s.Addrs()[0].String()
}

func fresh(t *testing.T) string {
	return serve(t, dns.RcodeSuccess, "epoch=1", "version=1795000184", "released=1795000900", "signed=1795000990", "as-of=1795000998", "later=x")
}

func TestStates(t *testing.T) {
	t.Parallel()
	server := fresh(t)
	for _, c := range []struct {
		age  time.Duration
		exit int
		want string
	}{
		{0, Fresh, "OK "}, {59 * time.Second, Fresh, "OK "}, {-3 * time.Second, Fresh, "OK "},
		{60 * time.Second, Warning, "WARNING "}, {299 * time.Second, Warning, "WARNING "},
		{300 * time.Second, Critical, "CRITICAL "}, {-time.Hour, Warning, "clocks"},
	} {
		var out bytes.Buffer
		o := Options{Servers: []string{server}, Zone: "example", Warn: time.Minute, Crit: 5 * time.Minute,
			now: func() time.Time { return time.Unix(asOf, 0).Add(c.age) }}
		if exit := Run(t.Context(), o, &out); exit != c.exit || !strings.Contains(out.String(), c.want) {
			t.Errorf("%s: exit %d, %q", c.age, exit, out.String())
		}
	}
}

func TestOneLineAServerAndTheWorstWins(t *testing.T) {
	t.Parallel()
	good, none := fresh(t), serve(t, dns.RcodeRefused)
	var out bytes.Buffer
	o := Options{Servers: []string{good, none}, Zone: "example.", now: func() time.Time { return time.Unix(asOf+12, 0) }}
	if exit := Run(t.Context(), o, &out); exit != Critical {
		t.Errorf("exit %d", exit)
	}
	want := "OK " + good + " example.: 12s old, version 1795000184, epoch 1, signed 2026-11-18T11:23:10Z | 'age_" + good + "'=12s;60;300;0 'version_" + good + "'=1795000184\n" +
		"CRITICAL " + none + " example.: no usable answer: REFUSED: the server does not serve this zone\n"
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}

	out.Reset()
	o.JSON = true
	exit := Run(t.Context(), o, &out)
	var results []Result
	if err := json.Unmarshal(out.Bytes(), &results); err != nil {
		t.Fatal(err)
	}
	if exit != Critical || len(results) != 2 || results[0].Age != 12 || results[0].Facts.AsOf != asOf || results[1].State != "CRITICAL" || results[1].Facts != nil {
		t.Errorf("exit %d, %s", exit, out.String())
	}
}

func TestNoUsableAnswer(t *testing.T) {
	t.Parallel()
	for what, server := range map[string]string{
		"servfail":  serve(t, dns.RcodeServerFailure),
		"nxdomain":  serve(t, dns.RcodeNameError),
		"no TXT":    serve(t, dns.RcodeSuccess),
		"other TXT": serve(t, dns.RcodeSuccess, "hello"),
		"rubbish":   serve(t, dns.RcodeSuccess, "version=1", "as-of=soon"),
		"no as-of":  serve(t, dns.RcodeSuccess, "version=1"),
		"silence":   silent(t),
	} {
		var out bytes.Buffer
		if exit := Run(t.Context(), Options{Servers: []string{server}, Zone: "example.", Timeout: 200 * time.Millisecond}, &out); exit != Critical || !strings.HasPrefix(out.String(), "CRITICAL") {
			t.Errorf("%s: exit %d: %s", what, exit, out.String())
		}
	}
}

// silent takes queries and never answers.
func silent(t *testing.T) string {
	s, err := listen.Bind(t.Context(), []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")}, listen.Limits{},
		listen.Func(func(_, _ []byte, _ listen.Client) []byte { return nil }))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { s.Serve(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	return s.Addrs()[0].String()
}

func TestCannotAsk(t *testing.T) {
	t.Parallel()
	for what, o := range map[string]Options{
		"no server":  {Zone: "example."},
		"bad server": {Servers: []string{"127.0.0.1:port"}, Zone: "example."},
		"no zone":    {Servers: []string{"127.0.0.1"}},
		"bad zone":   {Servers: []string{"127.0.0.1"}, Zone: "a..b"},
		"limits":     {Servers: []string{"127.0.0.1"}, Zone: "example.", Warn: time.Hour, Crit: time.Minute},
	} {
		var out bytes.Buffer
		if exit := Run(t.Context(), o, &out); exit != Unasked || !strings.HasPrefix(out.String(), "UNKNOWN") {
			t.Errorf("%s: exit %d: %s", what, exit, out.String())
		}
	}
}

func TestAddress(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"192.0.2.1": "192.0.2.1:53", "192.0.2.1:5300": "192.0.2.1:5300", "2001:db8::1": "[2001:db8::1]:53",
		"[2001:db8::1]": "[2001:db8::1]:53", "[2001:db8::1]:5300": "[2001:db8::1]:5300", "ns1.example": "ns1.example:53",
		"": "", ":53": "", "192.0.2.1:0": "", "192.0.2.1:x": "", "a b": "",
	} {
		if got, err := address(text); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}
