package localproxy

import (
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/dns"
	"github.com/prometheus/client_golang/prometheus"

	"zonecast/internal/zone"
	"zonecast/localproxy/answer"
	"zonecast/localproxy/listen"
	"zonecast/localproxy/live"
)

var local = listen.Client{Addr: netip.AddrFrom4([4]byte{127, 0, 0, 1}), Transport: answer.UDP}

func pack(t testing.TB, name string, typ uint16) []byte {
	t.Helper()
	packed, err := new(dns.Msg).SetQuestion(name, typ).Pack()
	if err != nil {
		t.Fatal(err)
	}
	return packed
}

// sum reads what the collector says of series whose labels contain all of these values.
func sum(t *testing.T, s *sessions, name string, values ...string) (total float64) {
	t.Helper()
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(s)
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
	series:
		for _, m := range family.GetMetric() {
			labels := ""
			for _, l := range m.GetLabel() {
				labels += " " + l.GetValue() + " "
			}
			for _, v := range values {
				if !strings.Contains(labels, " "+v+" ") {
					continue series
				}
			}
			total += m.GetCounter().GetValue()
		}
	}
	return total
}

// Sessions come and go in many goroutines while the counts are read: not one query is lost or counted twice.
func TestCountsAreExact(t *testing.T) {
	t.Parallel()
	s := &sessions{slot: new(live.Slot), gate: gate(t, "loopback")}
	const goroutines, rounds, each = 4, 5, 50
	query, rubbish := pack(t, "www.example.", dns.TypeA), []byte{1, 2, 3}
	tcp := local
	tcp.Transport = answer.TCP
	var all sync.WaitGroup
	for range goroutines {
		all.Go(func() {
			for range rounds {
				one := s.Session()
				buf := make([]byte, 0, answer.MaxMessage)
				for range each {
					one.Begin()
					one.Answer(query, buf, local)
					one.Answer(query, buf, tcp)
					one.Answer(rubbish, buf, local)
					one.End()
				}
				one.Close()
			}
		})
	}
	const want = goroutines * rounds * each
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	last := 0.0
	for running := true; running; { // a counter never goes back
		select {
		case <-done:
			running = false
		default:
		}
		now := sum(t, s, "zonecast_localproxy_queries_total", "udp")
		if now < last || now > want {
			t.Fatalf("%v queries after %v, of %d", now, last, want)
		}
		last = now
	}
	for _, c := range []struct {
		name   string
		labels []string
		want   float64
	}{
		{"zonecast_localproxy_queries_total", nil, 2 * want},
		{"zonecast_localproxy_queries_total", []string{"udp", "A", "SERVFAIL"}, want},
		{"zonecast_localproxy_queries_total", []string{"tcp", "A", "SERVFAIL"}, want},
		{"zonecast_localproxy_dropped_packets_total", nil, want},
	} {
		if got := sum(t, s, c.name, c.labels...); got != c.want {
			t.Errorf("%s %v: %v, not %v", c.name, c.labels, got, c.want)
		}
	}
	if len(s.all) > goroutines || len(s.idle) != len(s.all) {
		t.Errorf("%d sessions for %d goroutines, %d of them idle", len(s.all), goroutines, len(s.idle))
	}
}

func TestLabels(t *testing.T) {
	t.Parallel()
	s := &sessions{slot: new(live.Slot), gate: gate(t, "loopback")}
	one := s.Session().(*session)
	for _, c := range []struct {
		typ    uint16
		rcode  uint16
		labels []string
	}{
		{dns.TypeTXT, dns.RcodeSuccess, []string{"TXT", "NOERROR"}},
		{dns.TypeCAA, dns.RcodeBadVers, []string{"CAA", "BADVERS"}},
		{65535, 4095, []string{"other", "other"}},
		{0, 23, []string{"other", "other"}},
	} {
		before := sum(t, s, "zonecast_localproxy_queries_total", c.labels...)
		one.counts.answered(answer.UDP, answer.Outcome{Type: zone.Type(c.typ), Rcode: c.rcode})
		if got := sum(t, s, "zonecast_localproxy_queries_total", c.labels...); got != before+1 {
			t.Errorf("%v: %v after %v", c.labels, got, before)
		}
	}
}
