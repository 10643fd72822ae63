package main

import (
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"zonecast/ci/benchzone"
)

// TestAsk wants wrong answers noticed before anything is measured.
func TestAsk(t *testing.T) {
	t.Parallel()
	q := benchzone.First()
	_, data := q.Wanted()
	for what, c := range map[string]struct {
		change func(m *dns.Msg)
		right  bool
	}{
		"right":         {func(*dns.Msg) {}, true},
		"no authority":  {func(m *dns.Msg) { m.Authoritative = false }, false},
		"another rcode": {func(m *dns.Msg) { m.Rcode = dns.RcodeServerFailure }, false},
		"nothing":       {func(m *dns.Msg) { m.Answer = nil }, false},
		"twice":         {func(m *dns.Msg) { m.Answer = append(m.Answer, m.Answer[0]) }, false},
		"other data":    {func(m *dns.Msg) { m.Answer[0].(*dns.A).A = net.IPv4(192, 0, 2, 1) }, false},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			conn, err := net.ListenPacket("udp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			s := &dns.Server{PacketConn: conn, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, r *dns.Msg) {
				m := new(dns.Msg).SetReply(r)
				m.Authoritative = true
				m.Answer = []dns.RR{&dns.A{Hdr: dns.RR_Header{Name: q.Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 60}, A: net.ParseIP(data[0])}}
				c.change(m)
				_ = w.WriteMsg(m)
			})}
			go func() { _ = s.ActivateAndServe() }()
			t.Cleanup(func() { conn.Close() })
			p := &process{server: &server{name: what, addr: conn.LocalAddr().String()}}
			if err := p.check([]benchzone.Question{q}); (err == nil) != c.right {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestReport reads a table of two servers back.
func TestReport(t *testing.T) {
	t.Parallel()
	w := &world{options: options{records: 924_000, rounds: 3, seconds: time.Second, latency: time.Second, rate: 5000}, hosts: 300_000, out: []string{"BIND: not here"}}
	text := w.report([]*measured{
		{process: &process{server: &server{name: "zonecast", flag: "zonecast"}}, perCPU: []float64{100, 130, 110}, first: []float64{40}, size: 924_000 * 40, heap: 33 << 20},
		{process: &process{server: &server{name: "Knot DNS", flag: "knot"}}, perCPU: []float64{80, 100, 100}, first: []float64{2000, 2200}, sent: 7, lost: 2},
	}, "a machine")
	for _, want := range []string{"| zonecast | 110 (100 to 130) | 1.25 (1.10 to 1.30) |", "| 40 ms | 35.2 MiB, 40.0 octets a record |", "2100 (2000 to 2200) ms",
		"7 queries at full speed: 2 by Knot DNS.", "| answers a CPU-second, to Knot | >= 1.25 | 1.25 (1.10 to 1.30) | reached |",
		"| Go heap in use after the load | <= 32.0 MiB | 33.0 MiB | MISSED |", "| start to first answer, all checksums verified | <= 1000 ms | 40 ms | reached |", "Left out: BIND: not here."} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if strings.Contains(text, "CoreDNS") || strings.Contains(text, "echo:") {
		t.Errorf("a server that was not measured is in\n%s", text)
	}
}

// TestServers writes every configuration, leaves out what is not installed, and knows no others.
func TestServers(t *testing.T) {
	t.Parallel()
	w := &world{dir: t.TempDir(), corednsPath: "no-such-program-here", self: "serve"}
	list, err := w.servers("coredns,echo,zonecast")
	if err != nil || len(list) != 2 || len(w.out) != 1 || list[0].flag != "zonecast" {
		t.Errorf("%v, %v, left out %q", list, err, w.out)
	}
	w.corednsPath = os.Args[0]
	if list, err = w.servers("coredns"); err != nil || len(list) != 1 {
		t.Fatalf("%v, %v", list, err)
	}
	if text, err := os.ReadFile(w.in("coredns.conf")); err != nil || !strings.Contains(string(text), list[0].addr[strings.LastIndex(list[0].addr, ":")+1:]) {
		t.Errorf("%s, %v", text, err)
	}
	if _, err := w.servers("zonecast,unbound"); err == nil {
		t.Error("an unknown server passed")
	}
}

// TestConfigurationsAreDocumented keeps the page that quotes them right.
func TestConfigurationsAreDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/speed.md")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{dir: "/bench", zone: "/bench/bench.zone"}
	for _, make := range []func(addr, host, port string) *server{w.knot, w.nsd, w.bind, w.coredns} {
		s := make("127.0.0.1:5301", "127.0.0.1", "5301")
		if !strings.Contains(string(page), "\n"+s.config) {
			t.Errorf("docs/speed.md has not the configuration of %s:\n%s", s.name, s.config)
		}
	}
}
