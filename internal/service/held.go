package service

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// HeldGauge is the metric zonecast_<stage>_held: things held at their last good state, by unit and check. What is held
// no more disappears; the leader sets it, and a stage that ceases to lead sets none.
type HeldGauge struct {
	vec *prometheus.GaugeVec

	mu  sync.Mutex
	set map[[2]string]bool // false: shown though nothing is held
}

// NewHeldGauge registers the metric of a stage, with labels that tell several of a kind in one process apart.
// Of always the metric says 0, too: what was never held must not look like a metric that is not there.
func NewHeldGauge(r prometheus.Registerer, stage string, labels prometheus.Labels, always ...[2]string) *HeldGauge {
	g := &HeldGauge{set: map[[2]string]bool{}, vec: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "zonecast_" + stage + "_held",
		Help: "Things held at their last good state, by unit and check; of the leader.", ConstLabels: labels}, []string{"unit", "check"})}
	r.MustRegister(g.vec)
	for _, key := range always {
		g.set[key] = false
	}
	g.Set(nil)
	return g
}

// Set makes the counts, by unit and check, the metric's.
func (g *HeldGauge) Set(counts map[[2]string]int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for key, n := range counts {
		g.vec.WithLabelValues(key[0], key[1]).Set(float64(n))
		if _, known := g.set[key]; !known {
			g.set[key] = true
		}
	}
	for key, goes := range g.set {
		if _, still := counts[key]; still {
			continue
		}
		if !goes {
			g.vec.WithLabelValues(key[0], key[1]).Set(0)
			continue
		}
		g.vec.DeleteLabelValues(key[0], key[1])
		delete(g.set, key)
	}
}
