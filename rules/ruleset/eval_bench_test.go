package ruleset

import (
	"encoding/json"
	"fmt"
	"testing"
)

// BenchmarkEval is one server through the three modules that give it records: 8 records. The budget of the first load
// (100,000 entities on 2 cores, rules stage) leaves 50 us.
func BenchmarkEval(b *testing.B) {
	r, problems := Load(library(b), Options{Vars: map[string]string{"suffix": "prod.example."}, DefaultTTL: 300})
	if len(problems) > 0 {
		b.Fatal(problems)
	}
	attrs := make([]map[string]any, 1000)
	for i := range attrs {
		attrs[i] = benchServer(i)
	}
	w := NewWorker()
	b.ReportAllocs()
	records := 0
	for i := 0; b.Loop(); i++ {
		e, err := r.Entity("server", fmt.Sprint("server/", i), attrs[i%1000])
		if err != nil {
			b.Fatal(err)
		}
		for _, m := range r.Modules() {
			list, err := m.EvalEntity(w, e)
			if err != nil {
				b.Fatal(err)
			}
			for _, c := range list {
				records += len(c.Sets)
			}
		}
	}
	b.ReportMetric(float64(records)/float64(b.N), "rrsets/op")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(records), "ns/rrset")
}

func benchServer(i int) map[string]any {
	return map[string]any{
		"hostname": fmt.Sprintf("web%04d", i), "site": "ams1", "state": "up",
		"ipv4": fmt.Sprintf("192.0.2.%d", i%250+1), "ipv6": fmt.Sprintf("2001:db8::%x", i+1),
		"roles": []any{"web"}, "aliases": []any{fmt.Sprintf("www%d", i)},
		"services": []any{map[string]any{"name": "https", "port": json.Number("443"), "weight": json.Number("20")}},
	}
}
