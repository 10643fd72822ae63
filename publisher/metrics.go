package publisher

import (
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"zonecast/internal/policy"
	"zonecast/internal/release"
	"zonecast/internal/service"
	"zonecast/internal/zone"
)

type metrics struct {
	releases     prometheus.Counter
	names        *prometheus.CounterVec
	version      prometheus.Gauge
	epoch        prometheus.Gauge
	releasedTime prometheus.Gauge
	signedTime   prometheus.Gauge
	asOfTime     prometheus.Gauge
	expiresTime  prometheus.Gauge
	deltaBytes   prometheus.Histogram
	baseSeconds  prometheus.Histogram
	baseBytes    prometheus.Gauge
	held         *service.HeldGauge
	logEntries   prometheus.Gauge
	frozen       prometheus.Gauge
	fenced       prometheus.Counter
	errors       *prometheus.CounterVec
	presented    prometheus.Gauge
	findings     *prometheus.CounterVec
	latency      prometheus.Histogram
}

func newMetrics(r *prometheus.Registry) *metrics {
	gauge := func(name, help string) prometheus.Gauge {
		g := prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "zonecast", Subsystem: owner, Name: name, Help: help})
		r.MustRegister(g)
		return g
	}
	vec := func(name, help, label string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "zonecast", Subsystem: owner, Name: name, Help: help}, []string{label})
		r.MustRegister(c)
		return c
	}
	histogram := func(name, help string, buckets []float64) prometheus.Histogram {
		h := prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "zonecast", Subsystem: owner, Name: name, Help: help, Buckets: buckets})
		r.MustRegister(h)
		return h
	}
	m := &metrics{
		releases:     prometheus.NewCounter(prometheus.CounterOpts{Namespace: "zonecast", Subsystem: owner, Name: "releases_total", Help: "Versions published by this instance."}),
		names:        vec("names_changed_total", "Owner names that releases created, changed or deleted.", "change"),
		version:      gauge("version", "Version of the head."),
		epoch:        gauge("epoch", "Epoch of the head."),
		releasedTime: gauge("released_timestamp_seconds", "When the head's version was released, Unix time."),
		signedTime:   gauge("signed_timestamp_seconds", "When the head was last signed, Unix time."),
		asOfTime:     gauge("as_of_timestamp_seconds", "How current the inputs of the head were, Unix time."),
		expiresTime:  gauge("expires_timestamp_seconds", "When the head's signature runs out, Unix time."),
		deltaBytes:   histogram("delta_bytes", "Size of log entries with a delta, as stored.", prometheus.ExponentialBuckets(256, 4, 7)),
		baseSeconds:  histogram("base_build_seconds", "Time to compile and verify a base.", prometheus.ExponentialBuckets(0.01, 4, 8)),
		baseBytes:    gauge("base_bytes", "Size of the head's base."),
		held:         service.NewHeldGauge(r, owner, nil, [2]string{"zone", "deleted-share"}, [2]string{unitStore, checkBack}),
		logEntries:   gauge("log_entries", "Entries in the release log."),
		frozen:       gauge("frozen", "1 while a rollback is in force."),
		errors:       vec("errors_total", "Failures by what failed: base, term, offer, proxies.", "what"),
		findings:     vec("policy_findings_total", "Violations of the policy found in changes that were judged for a release.", "severity"),
		presented:    gauge("presented_sequence", "How far table presented is released or held; NaN on a standby."),
		latency: histogram("event_to_release_seconds", "From an event's arrival at the rules stage (or a file's at the presenter) to its release.",
			[]float64{.005, .01, .02, .03, .05, .08, .1, .15, .25, .5, 1, 2, 5, 10, 60}),
	}
	for _, s := range []zone.Severity{zone.Error, zone.Warning} {
		m.findings.WithLabelValues(string(s))
	}
	m.fenced = prometheus.NewCounter(prometheus.CounterOpts{Namespace: "zonecast", Subsystem: owner, Name: "fenced_total", Help: "Commits refused because another process had taken over."})
	r.MustRegister(m.releases, m.fenced)
	for _, what := range []string{"base", "term", "offer", "proxies"} {
		m.errors.WithLabelValues(what)
	}
	for _, change := range []string{"created", "changed", "deleted"} {
		m.names.WithLabelValues(change)
	}
	m.resigned()
	return m
}

// resigned makes the gauges say nothing: a standby must look neither stale nor as if it held anything.
func (m *metrics) resigned() {
	for _, g := range []prometheus.Gauge{m.releasedTime, m.signedTime, m.asOfTime, m.expiresTime, m.presented} {
		g.Set(math.NaN())
	}
	m.held.Set(nil)
	m.frozen.Set(0)
}

func (m *metrics) finding(f policy.Finding) {
	m.findings.WithLabelValues(string(f.Severity)).Inc()
}

func (m *metrics) failed(what string) { m.errors.WithLabelValues(what).Inc() }

func (m *metrics) released(units []*unit, taken time.Time) {
	m.releases.Inc()
	if !taken.IsZero() {
		m.latency.Observe(max(0, time.Since(taken).Seconds())) // hosts' clocks may differ
	}
	for _, u := range units {
		m.names.WithLabelValues("created").Add(float64(u.count[created]))
		m.names.WithLabelValues("changed").Add(float64(u.count[changed]))
		m.names.WithLabelValues("deleted").Add(float64(u.count[deleted]))
	}
}

func (m *metrics) head(h release.Head, entries int, frozen bool) {
	m.version.Set(float64(h.Version))
	m.epoch.Set(float64(h.Epoch))
	m.releasedTime.Set(float64(h.Released))
	m.signedTime.Set(float64(h.Signed))
	m.asOfTime.Set(float64(h.AsOf))
	m.expiresTime.Set(float64(h.Expires))
	m.baseBytes.Set(float64(h.Base.Size))
	m.logEntries.Set(float64(entries))
	m.frozen.Set(0)
	if frozen {
		m.frozen.Set(1)
	}
}

func (m *metrics) base(took time.Duration) { m.baseSeconds.Observe(took.Seconds()) }
