package service

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

func TestHeldGauge(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	g := NewHeldGauge(reg, "presenter", nil, [2]string{"zone", "zone-gone"})
	shown := func() map[string]float64 {
		families, err := reg.Gather()
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]float64{}
		for _, m := range families[0].GetMetric() {
			got[m.GetLabel()[1].GetValue()+"/"+m.GetLabel()[0].GetValue()] = m.GetGauge().GetValue()
		}
		return got
	}
	if got := shown(); len(got) != 1 || got["zone/zone-gone"] != 0 {
		t.Errorf("at first %v", got)
	}
	g.Set(map[[2]string]int{{"zone", "zone-gone"}: 2, {"push", "not-descending"}: 1})
	if got := shown(); len(got) != 2 || got["zone/zone-gone"] != 2 || got["push/not-descending"] != 1 {
		t.Errorf("%v", got)
	}
	g.Set(nil)
	if got := shown(); len(got) != 1 || got["zone/zone-gone"] != 0 {
		t.Errorf("at last %v", got)
	}
}
