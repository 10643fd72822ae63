package leader

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
)

// Terms are the metrics of one stage's leadership: whether this process leads (two that say so for long are a fault,
// none is an outage) and how many terms it began (many are a fight, or a crash loop).
type Terms struct {
	leading prometheus.Gauge
	began   prometheus.Counter
}

// NewTerms registers them; name is the stage's ("presenter", "rules.main").
func NewTerms(reg prometheus.Registerer, name string) *Terms {
	label := prometheus.Labels{"stage": name}
	t := &Terms{
		leading: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "zonecast_leader_leading", Help: "1 while this process leads the stage, 0 while it stands by.", ConstLabels: label}),
		began: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "zonecast_leader_terms_total", Help: "Terms that this process began as leader of the stage.", ConstLabels: label}),
	}
	reg.MustRegister(t.leading, t.began)
	return t
}

// Count gives lead, counted.
func (t *Terms) Count(lead func(ctx context.Context) error) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		t.began.Inc()
		t.leading.Set(1)
		defer t.leading.Set(0)
		return lead(ctx)
	}
}
