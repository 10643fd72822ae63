package zonefile

import (
	"fmt"
	"strings"
	"testing"

	"zonecast/internal/checkout"
)

// manyNames is a zone of n names with an address each, as octoDNS dumps it.
func manyNames(n int) string {
	var b strings.Builder
	b.WriteString("'':\n  type: NS\n  value: ns1.example.net.\n")
	for i := range n {
		fmt.Fprintf(&b, "host%d:\n  ttl: 300\n  type: A\n  value: 198.18.%d.%d\n", i, i>>8&0xff, i&0xff)
	}
	return b.String()
}

// BenchmarkParse reads 100,000 names of one zone: a plan of a change of them all does it twice.
func BenchmarkParse(b *testing.B) {
	files := []checkout.File{{Path: "example.com.yaml", Data: []byte(manyNames(100_000))}}
	b.SetBytes(int64(len(files[0].Data)))
	b.ReportAllocs()
	for b.Loop() {
		if zones, problems := Parse(files, Options{DefaultTTL: 3600}); len(problems) > 0 || len(zones.Zones[0].Records) != 100_002 {
			b.Fatal(problems)
		}
	}
}
