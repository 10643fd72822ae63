package rules

import (
	"crypto/sha256"
	"math"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"zonecast/internal/inventory"
	"zonecast/internal/service"
	"zonecast/rules/process"
)

// metrics of a rules stage, labelled with the source where several run in one process.
type metrics struct {
	events     *prometheus.CounterVec
	unknown    *prometheus.CounterVec
	evalErrors prometheus.Counter
	entities   prometheus.Gauge
	tombstones prometheus.Gauge
	held       *service.HeldGauge
	asOf       *prometheus.GaugeVec
	commit     prometheus.Histogram
	changed    prometheus.Counter
	backlog    prometheus.Gauge
	fenced     prometheus.Counter
	sequence   prometheus.Gauge
	kept       prometheus.Gauge
	waiting    *prometheus.GaugeVec
	moduleHeld *prometheus.GaugeVec
	modules    map[string]int // that moduleHeld has now
	listed     time.Time      // when the gauges of held things and feeds were last set
}

func newMetrics(reg prometheus.Registerer, source string) *metrics {
	label := prometheus.Labels{"source": source}
	name := func(n string) string { return "zonecast_rules_" + n }
	m := &metrics{
		events:     prometheus.NewCounterVec(prometheus.CounterOpts{Name: name("events_total"), Help: "Events by outcome.", ConstLabels: label}, []string{"status"}),
		unknown:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: name("unknown_attributes_total"), Help: "Attributes of accepted events that their kind does not have.", ConstLabels: label}, []string{"kind"}),
		evalErrors: prometheus.NewCounter(prometheus.CounterOpts{Name: name("evaluation_errors_total"), Help: "Entities of which a module failed.", ConstLabels: label}),
		entities:   prometheus.NewGauge(prometheus.GaugeOpts{Name: name("entities"), Help: "Live entities.", ConstLabels: label}),
		tombstones: prometheus.NewGauge(prometheus.GaugeOpts{Name: name("tombstones"), Help: "Deletes that are remembered.", ConstLabels: label}),
		held:       service.NewHeldGauge(reg, "rules", label, [2]string{unitFeed, "list-guard"}, [2]string{unitPush, "not-descending"}),
		asOf:       prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name("feed_as_of_seconds"), Help: "How current each feed is, Unix seconds.", ConstLabels: label}, []string{"feed"}),
		commit: prometheus.NewHistogram(prometheus.HistogramOpts{Name: name("commit_seconds"), Help: "Duration of commits.", ConstLabels: label,
			Buckets: []float64{.001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10}}),
		changed:  prometheus.NewCounter(prometheus.CounterOpts{Name: name("changed_names_total"), Help: "Owner names whose contributions were written.", ConstLabels: label}),
		backlog:  prometheus.NewGauge(prometheus.GaugeOpts{Name: name("backlog"), Help: "Entities still to be evaluated again after a change of rules.", ConstLabels: label}),
		sequence: prometheus.NewGauge(prometheus.GaugeOpts{Name: name("sequence"), Help: "Commits that changed table generated so far; NaN on a standby.", ConstLabels: label}),
	}
	m.kept = prometheus.NewGauge(prometheus.GaugeOpts{Name: name("pool_kept"), Help: "Members of pools that are served though they left, for want of others.", ConstLabels: label})
	m.fenced = prometheus.NewCounter(prometheus.CounterOpts{Name: name("fenced_total"), Help: "Commits refused because another process had taken over.", ConstLabels: label})
	m.waiting = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name("process_waiting"), Help: "Entities that a program is to be asked about.", ConstLabels: label}, []string{"process"})
	m.moduleHeld = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name("module_held"), Help: "Entities of which a module's last good records are held.", ConstLabels: label}, []string{"module"})
	reg.MustRegister(m.waiting, m.moduleHeld, m.kept, m.fenced, m.events, m.unknown, m.evalErrors, m.entities, m.tombstones, m.asOf, m.commit, m.changed, m.backlog, m.sequence)
	for _, status := range []string{inventory.Accepted, inventory.Ignored, inventory.Refused, inventory.HeldBack} {
		m.events.WithLabelValues(status)
	}
	m.resigned()
	return m
}

// resigned makes the gauges say nothing: a standby must look neither stale nor as if it held anything.
func (m *metrics) resigned() {
	m.sequence.Set(math.NaN())
	m.entities.Set(0)
	m.kept.Set(0)
	m.tombstones.Set(0)
	m.backlog.Set(0)
	m.held.Set(nil)
	m.asOf.Reset()
	m.waiting.Reset()
	m.moduleHeld.Reset()
}

// programs counts what programs do, each by its name.
func (m *metrics) programs(reg prometheus.Registerer, source string, pools map[string]*process.Pool) {
	for name, p := range pools {
		label := prometheus.Labels{"source": source, "process": name}
		for _, c := range []struct {
			name, help string
			count      *atomic.Int64
		}{
			{"restarts", "Failures of a program, after each of which it was started again.", &p.Restarts},
			{"timeouts", "Times a program was killed since it gave no answer.", &p.Timeouts},
			{"requests", "Entities a program was asked about.", &p.Requests},
		} {
			reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "zonecast_rules_process_" + c.name + "_total", Help: c.help, ConstLabels: label},
				func() float64 { return float64(c.count.Load()) }))
		}
	}
}

func (m *metrics) committed(b *batch, started time.Time) {
	m.commit.Observe(time.Since(started).Seconds())
	m.sequence.Set(float64(b.l.gen.Head().Seq))
	m.entities.Set(float64(b.l.entities))
	m.kept.Set(float64(b.l.kept))
	m.tombstones.Set(float64(len(b.l.tombs)))
	m.backlog.Set(float64(len(b.l.backlog)))
	for _, n := range b.names {
		if n.dirty {
			m.changed.Inc()
		}
	}
	if b.now.Sub(m.listed) < time.Second {
		return // what follows walks lists that may be long
	}
	m.listed = b.now
	counts, more := map[[2]string]int{}, b.l.heldContributions
	for _, h := range b.l.heldBy {
		counts[[2]string{h.Unit, h.Check}]++
		if h.Unit == unitContribution {
			more--
		}
	}
	if more > 0 { // the list has no room for them
		counts[[2]string{unitContribution, "more-held"}] = more
	}
	m.held.Set(counts)
	for name, w := range b.l.waits {
		m.waiting.WithLabelValues(name).Set(float64(len(w.tried)))
	}
	modules := map[string]int{}
	for _, module := range b.l.engine.set.Modules() {
		modules[module.Name] = 0
	}
	for name, y := range b.l.yields {
		if n := y.faulty + len(y.kept); n > 0 {
			modules[name] = n
		}
	}
	for name := range m.modules {
		if _, there := modules[name]; !there {
			m.moduleHeld.DeleteLabelValues(name)
		}
	}
	for name, n := range modules {
		m.moduleHeld.WithLabelValues(name).Set(float64(n))
	}
	m.modules = modules
	for name, f := range b.l.feeds {
		m.asOf.WithLabelValues(name).Set(float64(f.AsOf(b.now).Unix()))
	}
}

func digest(text []byte) []byte {
	sum := sha256.Sum256(text)
	return sum[:]
}
