package answer

import (
	"testing"

	"github.com/miekg/dns"
)

func BenchmarkAnswer(b *testing.B) {
	v := exampleView(b)
	for _, c := range []struct {
		name string
		typ  uint16
	}{
		{"www.example.", dns.TypeA}, {"nope.example.", dns.TypeA}, {"alias.example.", dns.TypeA},
		{"x.sub.example.", dns.TypeA}, {"x.old.example.", dns.TypeA}, {"x.wild.example.", dns.TypeTXT}, {"_timestamp.example.", dns.TypeTXT},
	} {
		b.Run(c.name, func(b *testing.B) {
			query, _ := new(dns.Msg).SetQuestion(c.name, c.typ).SetEdns0(1232, false).Pack()
			buf := make([]byte, 0, MaxUDP)
			engine := NewEngine(Config{})
			b.ReportAllocs()
			for b.Loop() {
				engine.Answer(v, facts, query, buf, UDP)
			}
		})
	}
}

// BenchmarkRotation is what three records cost without rotation and with each of the two.
func BenchmarkRotation(b *testing.B) {
	v := rotatingView(b)
	for _, typ := range []uint16{dns.TypeTXT, dns.TypeA, dns.TypeAAAA} {
		b.Run(dns.TypeToString[typ], func(b *testing.B) {
			query, _ := new(dns.Msg).SetQuestion("www.example.", typ).SetEdns0(1232, false).Pack()
			buf := make([]byte, 0, MaxUDP)
			engine := NewEngine(Config{})
			b.ReportAllocs()
			for b.Loop() {
				engine.Answer(v, facts, query, buf, UDP)
			}
		})
	}
}
