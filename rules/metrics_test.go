package rules

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// TestAStandbyWaitsForNothing: what the leader's programs and modules owe is not said twice.
func TestAStandbyWaitsForNothing(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	m := newMetrics(reg, "main")
	m.waiting.WithLabelValues("racks").Set(3)
	m.moduleHeld.WithLabelValues("servers").Set(3)
	m.resigned()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if n := f.GetName(); n == "zonecast_rules_process_waiting" || n == "zonecast_rules_module_held" {
			t.Errorf("%s: %v", n, f.GetMetric())
		}
	}
}
