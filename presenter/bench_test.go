package presenter

import (
	"fmt"
	"testing"
	"time"

	"zonecast/internal/row"
	"zonecast/internal/table"
	"zonecast/internal/zone"
)

// BenchmarkFirstLoad merges 400,000 names that arrive at once: 4 s at most on two cores.
func BenchmarkFirstLoad(b *testing.B) {
	for range b.N {
		b.StopTimer()
		r := newRig(b, nil)
		r.push("c1", true, "example.com.yaml", small)
		tx := r.gen.Begin()
		for i := range 400_000 {
			set := zone.RRset{Type: zone.TypeA, TTL: 300, Data: []zone.Rdata{zone.Rdata([]byte{192, 0, 2, byte(i)})}}
			tx.Put(fmt.Sprintf("host%06d.ams1.prod.example.com.", i), row.EncodeContributions([]row.Contribution{
				{Module: "servers", Entity: fmt.Sprintf("server/host%06d", i), Sets: []zone.RRset{set}}}))
		}
		if err := table.Commit(b.Context(), tx); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		started := time.Now()
		r.serves("host399999.ams1.prod.example.com.", fmt.Sprintf("300 A 192.0.2.%d", byte(399999%256)))
		b.ReportMetric(time.Since(started).Seconds(), "s/load")
		b.StopTimer()
		r.start()
		started = time.Now()
		r.start()
		b.ReportMetric(time.Since(started).Seconds(), "s/restart")
		total := time.Duration(0)
		for i := range 50 {
			r.generate(fmt.Sprintf("host%06d.ams1.prod.example.com. A 198.51.100.%d", i*7919%400000, i))
			at := time.Now()
			for {
				batch, err := r.out.Next(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				if !batch.Head.Inputs["generated.main"].Before(r.gen.Head().Position()) {
					break
				}
			}
			total += time.Since(at)
		}
		b.ReportMetric(float64(total.Microseconds())/50, "us/event")
	}
}
