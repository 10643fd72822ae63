package leader

import (
	"context"
	"errors"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// value reads one metric of a stage.
func value(t *testing.T, reg *prometheus.Registry, name string) float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			m := f.Metric[0]
			return m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}

func TestTermsAreCounted(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	terms := NewTerms(reg, "presenter")
	failed := errors.New("fenced")
	lead := terms.Count(func(context.Context) error {
		if value(t, reg, "zonecast_leader_leading") != 1 {
			t.Error("a leader that does not say so")
		}
		return failed
	})
	for n := range 3 {
		if got := value(t, reg, "zonecast_leader_terms_total"); got != float64(n) {
			t.Errorf("%v terms, want %d", got, n)
		}
		if err := lead(t.Context()); err != failed {
			t.Fatal(err)
		}
		if value(t, reg, "zonecast_leader_leading") != 0 {
			t.Error("leads after its term")
		}
	}
}
