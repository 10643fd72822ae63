package policy

import (
	"fmt"
	"testing"
	"time"

	"zonecast/internal/row"
	"zonecast/internal/zone"
)

// What the policy of docs/policy.md costs a changed RRset of a generated A record, none of its rules violated.
func BenchmarkJudge(b *testing.B) {
	p := manual(b)
	j := p.NewJudge(time.Now())
	names := make([]zone.Name, 1000)
	for i := range names {
		names[i] = mustName(b, fmt.Sprintf("web%03d.prod.example.", i))
	}
	c := Change{Zone: mustName(b, "prod.example."), Type: zone.TypeA, Before: set(b, zone.TypeA, 600, "192.0.2.1"), After: set(b, zone.TypeA, 300, "192.0.2.1"),
		Origin: row.Origin{Source: "main", Module: "servers", Entity: "server/web001"}}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		c.Name = names[i%len(names)]
		if list := j.Judge(c); len(list) > 0 {
			b.Fatal(list)
		}
	}
}
