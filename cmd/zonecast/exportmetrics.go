package main

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"zonecast/internal/export/keep"
	"zonecast/internal/service"
	"zonecast/localproxy/live"
)

// exportMetrics is what others may know of an export that follows.
type exportMetrics struct {
	list                              []prometheus.Collector
	version, changed, success, failed prometheus.Gauge
	failures                          prometheus.Counter
	ready                             service.Readiness
}

func newExportMetrics(slot *live.Slot) *exportMetrics {
	m := &exportMetrics{}
	gauge := func(name, help string, begin float64) prometheus.Gauge {
		g := prometheus.NewGauge(prometheus.GaugeOpts{Name: "zonecast_export_" + name, Help: help})
		g.Set(begin)
		m.list = append(m.list, g)
		return g
	}
	m.version = gauge("version", "Version of the release that the files hold.", 0)
	m.changed = gauge("changed_timestamp_seconds", "When a file was replaced last.", math.NaN())
	m.success = gauge("success_timestamp_seconds", "When files and server were last brought to a release without an error.", math.NaN())
	m.failed = gauge("failing", "1 while what failed is tried again, 0 otherwise.", 0)
	m.failures = prometheus.NewCounter(prometheus.CounterOpts{Name: "zonecast_export_failures_total", Help: "Tries to write files or to reload that failed."})
	m.list = append(m.list, m.failures, prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "zonecast_export_as_of_timestamp_seconds",
		Help: "How current the release in force is: its age grows while the pipeline is away."}, func() float64 {
		r := slot.Take()
		if r == nil {
			return math.NaN()
		}
		defer r.Done()
		return float64(r.Head.AsOf)
	}))
	m.ready.Set("export", errors.New("no release yet"))
	return m
}

func (m *exportMetrics) tried(o keep.Outcome) {
	now := float64(time.Now().Unix())
	if o.Changed {
		m.changed.Set(now)
	}
	m.version.Set(float64(o.Version))
	m.failed.Set(0)
	switch {
	case o.Err != nil:
		m.failures.Inc()
		m.failed.Set(1)
		m.ready.Set("export", o.Err)
	case o.Version != 0:
		m.success.Set(now)
		m.ready.Set("export", nil)
	}
}

// serve answers HTTP at addr as long as the group runs.
func (m *exportMetrics) serve(group *service.Group, cfg Config, addr string, log *slog.Logger) error {
	token, read, err := cfg.tokens()
	if err != nil {
		return err
	}
	host := service.NewHost(cfg.Instance, token, log)
	host.ReadToken, host.Ready = read, &m.ready
	host.Metrics.MustRegister(m.list...)
	l, err := host.Listen(addr)
	if err != nil {
		return err
	}
	log.Info("answering http", "url", host.URL())
	group.Go("http", func(ctx context.Context) error { return host.Serve(ctx, l) })
	return nil
}
