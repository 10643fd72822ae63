package presenter

import (
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"zonecast/internal/service"
)

type metrics struct {
	names     prometheus.Gauge
	zones     prometheus.Gauge
	conflicts prometheus.Gauge
	held      *service.HeldGauge
	asOf      prometheus.Gauge
	sources   []string
	sourceAt  *prometheus.GaugeVec
	sourceSeq *prometheus.GaugeVec
	sequence  prometheus.Gauge
	expiry    prometheus.Gauge
	commit    prometheus.Histogram
	loads     *prometheus.CounterVec
	overrides *prometheus.GaugeVec
	fenced    prometheus.Counter
	plans     prometheus.Histogram
}

func newMetrics(reg prometheus.Registerer, sources []string) *metrics {
	name := func(n string) string { return "zonecast_presenter_" + n }
	m := &metrics{
		sources:   sources,
		names:     prometheus.NewGauge(prometheus.GaugeOpts{Name: name("names"), Help: "Owner names in table presented."}),
		zones:     prometheus.NewGauge(prometheus.GaugeOpts{Name: name("zones"), Help: "Zones in force."}),
		conflicts: prometheus.NewGauge(prometheus.GaugeOpts{Name: name("conflicts"), Help: "Owner names with a claim that is lost to another."}),
		held:      service.NewHeldGauge(reg, owner, nil, [2]string{unitZone, "zone-gone"}, [2]string{unitFile, "zone-emptied"}, [2]string{unitPush, "not-descending"}, [2]string{unitPush, checkPlanMissing}, [2]string{unitPush, checkPlanDrifted}),
		asOf:      prometheus.NewGauge(prometheus.GaugeOpts{Name: name("as_of_seconds"), Help: "How current the inputs were, Unix seconds; 0 while a source has given nothing yet, NaN on a standby."}),
		sourceAt:  prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name("source_as_of_seconds"), Help: "How current each source was, Unix seconds; 0 while it has given nothing yet, NaN on a standby."}, []string{"source"}),
		sourceSeq: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name("source_sequence"), Help: "How far each source's table generated is merged; NaN on a standby."}, []string{"source"}),
		sequence:  prometheus.NewGauge(prometheus.GaugeOpts{Name: name("sequence"), Help: "Commits that changed table presented so far; NaN on a standby."}),
		expiry:    prometheus.NewGauge(prometheus.GaugeOpts{Name: name("next_expiry_seconds"), Help: "When the next override expires, Unix seconds; NaN when none does."}),
		commit: prometheus.NewHistogram(prometheus.HistogramOpts{Name: name("commit_seconds"), Help: "Duration of a step: merge and commit.",
			Buckets: []float64{.001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10}}),
		loads: prometheus.NewCounterVec(prometheus.CounterOpts{Name: name("loads_total"), Help: "Loads of zone files by result: loaded, partly (something is held), held, failed."}, []string{"result"}),
	}
	m.overrides = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name("overrides"), Help: "People's overrides by state: in_force, expiring (in force, for 24 h at most), expired, useless (in force, and what is generated is the same or gone), by_hand."}, []string{"state"})
	m.fenced = prometheus.NewCounter(prometheus.CounterOpts{Name: name("fenced_total"), Help: "Commits refused because another process had taken over."})
	m.plans = prometheus.NewHistogram(prometheus.HistogramOpts{Name: name("plan_seconds"), Help: "How long it took to work out what a change of zone files would do, when its turn had come.",
		Buckets: []float64{.005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 30}})
	reg.MustRegister(m.plans, m.fenced, m.names, m.zones, m.conflicts, m.asOf, m.sourceAt, m.sourceSeq, m.sequence, m.expiry, m.commit, m.loads, m.overrides)
	for _, result := range []string{"loaded", "partly", "held", "failed"} {
		m.loads.WithLabelValues(result)
	}
	m.resigned()
	return m
}

// resigned makes the gauges say nothing: a standby must look neither stale nor as if it held anything.
func (m *metrics) resigned() {
	none := math.NaN()
	m.asOf.Set(none)
	m.sequence.Set(none)
	m.expiry.Set(none)
	for _, s := range m.sources {
		m.sourceAt.WithLabelValues(s).Set(none)
		m.sourceSeq.WithLabelValues(s).Set(none)
	}
	for _, state := range tallyStates {
		m.overrides.WithLabelValues(state).Set(0)
	}
	m.names.Set(0)
	m.zones.Set(0)
	m.conflicts.Set(0)
	m.held.Set(nil)
}

func (m *metrics) planned(took time.Duration) { m.plans.Observe(took.Seconds()) }

func (m *metrics) committed(t *term, took time.Duration) {
	m.commit.Observe(took.Seconds())
	head := t.presented.Head()
	m.names.Set(float64(head.Rows - int64(len(t.world.zones))))
	m.zones.Set(float64(len(t.world.zones)))
	m.conflicts.Set(float64(len(t.conflicting)))
	m.asOf.Set(float64(head.AsOf))
	m.sequence.Set(float64(head.Seq))
	for _, in := range t.inputs {
		if in.unlisted {
			continue
		}
		m.sourceAt.WithLabelValues(in.source).Set(float64(in.head.AsOf))
		m.sourceSeq.WithLabelValues(in.source).Set(float64(in.head.Seq))
	}
	m.expiry.Set(t.expiry())
	if t.tallies.moved {
		t.countOverrides()
	}
	if t.heldSeq == t.held.Head().Seq+1 {
		return
	}
	t.heldSeq = t.held.Head().Seq + 1
	counts := map[[2]string]int{}
	for id, h := range t.heldBy() {
		counts[[2]string{h.Unit, h.Check}]++
		if id == overflow {
			counts[[2]string{h.Unit, h.Check}] = t.unlisted
		}
	}
	m.held.Set(counts)
}
