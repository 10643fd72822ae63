package localproxy

import (
	"math"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"zonecast/localproxy/follow"
	"zonecast/localproxy/live"
)

// metrics of the stage.
type metrics struct {
	refused *prometheus.CounterVec
	failed  prometheus.Counter
	faults  prometheus.Counter
	swaps   *prometheus.HistogramVec
	loaded  atomic.Pointer[live.Release] // its numbers only: its base may be closed
	changed atomic.Int64                 // when the content changed last, Unix seconds
}

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "zonecast_localproxy_refused_heads_total", Help: "Heads or their content not accepted, by reason."}, []string{"reason"}),
		failed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "zonecast_localproxy_follow_failures_total", Help: "Tries to read, fetch or persist a release that failed and are repeated."}),
		faults: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "zonecast_localproxy_map_faults_total", Help: "Base files found damaged while they were served: cut short, unreadable, or changed."}),
		swaps: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "zonecast_localproxy_swap_seconds", Help: "From a head's arrival to the first answer from its release; content tells whether records changed.",
			Buckets: []float64{.0005, .001, .002, .005, .01, .02, .05, .1, .25, 1, 5, 30}}, []string{"content"}),
	}
	for _, r := range follow.Reasons {
		m.refused.WithLabelValues(string(r))
	}
	reg.MustRegister(m.refused, m.failed, m.faults, m.swaps)
	for _, g := range []struct {
		name, help string
		of         func(*live.Release) float64
	}{
		{"version", "Version served.", func(r *live.Release) float64 { return float64(r.Head.Version) }},
		{"epoch", "Epoch served.", func(r *live.Release) float64 { return float64(r.Head.Epoch) }},
		{"released_timestamp_seconds", "When the version served was published.", func(r *live.Release) float64 { return float64(r.Head.Released) }},
		{"signed_timestamp_seconds", "When the head in force was signed.", func(r *live.Release) float64 { return float64(r.Head.Signed) }},
		{"as_of_timestamp_seconds", "How current the inputs were.", func(r *live.Release) float64 { return float64(r.Head.AsOf) }},
		{"expires_timestamp_seconds", "When the signature of the head in force runs out.", func(r *live.Release) float64 {
			if r.Head.Expires == 0 {
				return math.NaN() // one file is served, that nobody signed
			}
			return float64(r.Head.Expires)
		}},
		{"stale_seconds", "Age of what is served: now less as-of.", func(r *live.Release) float64 { return age(r.Head.AsOf) }},
		{"expired", "1 when the head in force has expired; it is served all the same.", func(r *live.Release) float64 {
			if r.Head.Expires > 0 && age(r.Head.Expires) > 0 {
				return 1
			}
			return 0
		}},
		{"snapshot_zones", "Zones served.", func(r *live.Release) float64 { return float64(len(r.View.Zones())) }},
		{"snapshot_names", "Names with records in the base.", func(r *live.Release) float64 { return float64(r.Base.Point.Names) }},
		{"snapshot_records", "Records in the base.", func(r *live.Release) float64 { return float64(r.Base.Point.Records) }},
		{"snapshot_size_bytes", "Size of the base file.", func(r *live.Release) float64 { return float64(r.Base.Point.Size) }},
		{"base_version", "Version of the base file.", func(r *live.Release) float64 { return float64(r.Base.Point.Version) }},
		{"overlaid_names", "Names changed since the base.", func(r *live.Release) float64 { return float64(r.View.Overlaid()) }},
		{"overlay_size_bytes", "Memory of the names changed since the base.", func(r *live.Release) float64 { return float64(r.View.OverlaySize()) }},
	} {
		reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "zonecast_localproxy_" + g.name, Help: g.help}, func() float64 {
			if r := m.loaded.Load(); r != nil {
				return g.of(r)
			}
			return math.NaN() // not 0: no dashboard should take "nothing" for "fresh"
		}))
	}
	reg.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "zonecast_localproxy_ready", Help: "1 when a release is served."}, func() float64 {
			if m.loaded.Load() != nil {
				return 1
			}
			return 0
		}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "zonecast_localproxy_changed_timestamp_seconds", Help: "When records changed here last."}, func() float64 { return float64(m.changed.Load()) }),
		buildInfo(),
	)
	return m
}

func age(since int64) float64 { return time.Since(time.Unix(since, 0)).Seconds() }

// swapped takes a release into the numbers.
func (m *metrics) swapped(r *live.Release, took time.Duration, content bool) {
	m.loaded.Store(r)
	label := "same"
	if content {
		label = "changed"
		m.changed.Store(time.Now().Unix())
	}
	m.swaps.WithLabelValues(label).Observe(took.Seconds())
}

// build gives the program's version and the commit it was made from.
func build() (version, revision string) {
	version, revision = "unknown", "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				revision = s.Value
			}
		}
	}
	return version, revision
}

func buildInfo() prometheus.Collector {
	version, revision := build()
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "zonecast_localproxy_build_info", Help: "Always 1.",
		ConstLabels: prometheus.Labels{"version": version, "revision": revision, "goversion": runtime.Version()},
	}, func() float64 { return 1 })
}
