package publisher

import (
	"fmt"
	"testing"
	"time"

	"zonecast/internal/row"
	"zonecast/internal/table"
	"zonecast/internal/zone"
)

// BenchmarkFleet publishes 400,000 records, then single changes at rest, then starts again:
// go test -bench Fleet -benchtime 1x -run '^$' ./publisher
func BenchmarkFleet(b *testing.B) {
	for range b.N {
		bigFleet(b)
	}
}

func bigFleet(t *testing.B) {
	w := newWorld(t)
	defer w.close()
	const hosts = 100_000
	tx := w.presented.Begin()
	e := edit{w, tx}
	for _, apex := range []string{"prod.example.", "2.0.192.in-addr.arpa.", "8.b.d.0.1.0.0.2.ip6.arpa."} {
		e.zone(apex)
	}
	add := func(apex, owner string, typ zone.Type, data string) {
		n := name(t, owner)
		set := zone.RRset{Type: typ, TTL: 300, Data: []zone.Rdata{zone.Rdata(data)}}
		tx.Put(n.String(), row.Presented{Zone: name(t, apex), Sets: []zone.RRset{set},
			Claims: []row.Claim{{Set: set, Origin: row.Origin{Source: "main", Module: "servers", Entity: "server/" + owner}}}}.Encode())
	}
	for i := range hosts {
		host := fmt.Sprintf("h%06d.ams%d.prod.example.", i, i%10)
		add("prod.example.", host, zone.TypeA, string([]byte{192, 0, byte(i >> 8), byte(i)}))
		add("prod.example.", "v6-"+host, zone.TypeAAAA, string([]byte{0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, byte(i >> 16), byte(i >> 8), byte(i)}))
		add("2.0.192.in-addr.arpa.", fmt.Sprintf("%d.%d.2.0.192.in-addr.arpa.", i%256, i/256), zone.TypePTR, string(name(t, host)))
		add("8.b.d.0.1.0.0.2.ip6.arpa.", fmt.Sprintf("%d.%d.%d.%d.%d.%d.8.b.d.0.1.0.0.2.ip6.arpa.", i%10, i/10%10, i/100%10, i/1000%10, i/10000%10, i/100000), zone.TypePTR, string(name(t, host)))
	}
	start := time.Now()
	tx.SetAsOf(start)
	if err := table.Commit(t.Context(), tx); err != nil {
		t.Fatal(err)
	}
	start = time.Now()
	a := w.start("a")
	p := w.proxy()
	p.until("first release", func() bool { return p.serves("h099999.ams9.prod.example.") })
	t.ReportMetric(time.Since(start).Seconds(), "s/first-release")
	t.ReportMetric(float64(p.head.Base.Size), "base-octets")
	var took []time.Duration
	for i := range 50 {
		owner := fmt.Sprintf("n%d.prod.example.", i)
		w.commit(func(e edit) { e.put("prod.example.", owner, "A 192.0.2.1") })
		start := time.Now()
		p.until(owner, func() bool { return p.serves(owner) })
		took = append(took, time.Since(start))
		time.Sleep(100 * time.Millisecond) // at rest
	}
	var sum time.Duration
	for _, d := range took {
		sum += d
	}
	t.ReportMetric(float64(sum.Microseconds())/float64(len(took))/1_000, "ms/change")
	a.stop()
	before := p.head
	start = time.Now()
	w.start("a")
	p.until("restart", func() bool { return p.head.Newer(before) })
	t.ReportMetric(time.Since(start).Seconds(), "s/restart")
}
