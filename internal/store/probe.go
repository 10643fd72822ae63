package store

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	// probeEvery is how often the store is asked, and probeTime how long it may take: slower is as good as away.
	probeEvery = 5 * time.Second
	probeTime  = 3 * time.Second
)

// Probe asks the store from time to time and keeps metrics of it, until ctx ends: whether it answers, which a quorum
// must, and how long that takes. Make it with NewProbe.
type Probe struct {
	st        Store
	reachable prometheus.Gauge
	took      prometheus.Histogram
}

// NewProbe registers the metrics.
func NewProbe(st Store, reg prometheus.Registerer) *Probe {
	p := &Probe{
		st:        st,
		reachable: prometheus.NewGauge(prometheus.GaugeOpts{Name: "zonecast_store_reachable", Help: "1 when the store answered the last probe within 3 s."}),
		took: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "zonecast_store_probe_seconds", Help: "Time of probes that were answered.",
			Buckets: []float64{.0005, .001, .002, .005, .01, .02, .05, .1, .25, .5, 1, 3}}),
	}
	reg.MustRegister(p.reachable, p.took)
	return p
}

// Run works until ctx ends.
func (p *Probe) Run(ctx context.Context) error {
	tick := time.NewTicker(probeEvery)
	defer tick.Stop()
	for {
		p.ask(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (p *Probe) ask(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	begun := time.Now()
	if err := p.st.Sync(ctx); err != nil {
		p.reachable.Set(0)
		return
	}
	p.took.Observe(time.Since(begun).Seconds())
	p.reachable.Set(1)
}
