package presenter

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"zonecast/internal/checkout"
	"zonecast/internal/plan"
	"zonecast/internal/row"
	"zonecast/internal/table"
	"zonecast/internal/zone"
)

// zoneOf100k is a zone file of 100,000 names.
func zoneOf100k(ttl int) string {
	var b strings.Builder
	b.WriteString("'':\n  type: NS\n  value: ns1.example.net.\n")
	for i := range 100_000 {
		fmt.Fprintf(&b, "host%06d:\n  type: A\n  ttl: %d\n  value: 192.0.2.%d\n", i, ttl, i%256)
	}
	return b.String()
}

// BenchmarkPlan asks a presenter that presents 1,000,000 generated names what a change of one line would do: some
// milliseconds, and some hundred kilobytes; and what another TTL for all of a zone of 100,000 names would: 5 s at most.
func BenchmarkPlan(b *testing.B) {
	r := newRig(b, nil)
	big := zoneOf100k(300)
	r.push("c1", true, "example.com.yaml", small, "example.org.yaml", big)
	tx := r.gen.Begin()
	for i := range 1_000_000 {
		set := zone.RRset{Type: zone.TypeA, TTL: 300, Data: []zone.Rdata{zone.Rdata([]byte{192, 0, 2, byte(i)})}}
		tx.Put(fmt.Sprintf("host%07d.ams1.prod.example.com.", i), row.EncodeContributions([]row.Contribution{
			{Module: "servers", Entity: fmt.Sprintf("server/host%07d", i), Sets: []zone.RRset{set}}}))
	}
	if err := table.Commit(b.Context(), tx); err != nil {
		b.Fatal(err)
	}
	r.serves("host0999999.ams1.prod.example.com.", fmt.Sprintf("300 A 192.0.2.%d", byte(999999%256)))
	same := fileOf("example.org.yaml", big)
	same.Data = nil
	line := small + "host0000001.ams1.prod:\n  type: A\n  value: 192.0.2.99\n  zonecast: {mode: replace}\n"
	for name, c := range map[string]struct {
		files []plan.File
		want  int
	}{
		"line": {[]plan.File{fileOf("example.com.yaml", line), same}, 1},
		"ttl":  {[]plan.File{fileOf("example.com.yaml", small), fileOf("example.org.yaml", zoneOf100k(60))}, 100_000},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			body, _ := json.Marshal(plan.Ask{Commit: "next", Files: c.files})
			for range b.N {
				w := httptest.NewRecorder()
				r.host.Mux.ServeHTTP(w, httptest.NewRequest("POST", "http://localhost/v1/zones/plan", strings.NewReader(string(body))))
				if n := strings.Count(w.Body.String(), "\n") - 1; n != c.want {
					b.Fatalf("%d changes: %.500s", n, w.Body)
				}
			}
		})
	}
}

// BenchmarkEffect compares two folders of 1,000,000 records in 100 zone files, one line of which differs: below 1 s.
func BenchmarkEffect(b *testing.B) {
	var before, after checkout.Set
	for z := range 100 {
		var text strings.Builder
		for i := range 10_000 {
			fmt.Fprintf(&text, "host%06d:\n  type: A\n  value: 192.0.2.%d\n", i, i%256)
		}
		f := checkout.File{Path: fmt.Sprintf("zone%02d.example.yaml", z), Data: []byte(text.String())}
		before.Files = append(before.Files, f)
		if z == 50 {
			f.Data = []byte(text.String() + "new: {type: A, value: 192.0.2.7}\n")
		}
		after.Files = append(after.Files, f)
	}
	b.ResetTimer()
	b.ReportAllocs()
	for range b.N {
		changes, _, err := Effect(context.Background(), DefaultConfig(), Inputs{Zones: before}, Inputs{Zones: after}, time.Now())
		if err != nil || len(changes) != 1 {
			b.Fatal(len(changes), err)
		}
	}
}
