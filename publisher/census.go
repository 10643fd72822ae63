package publisher

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"zonecast/internal/fleet"
	"zonecast/internal/store"
)

// censusEvery is how often the leader looks at the local proxies. The reads are spread over it by censusRest, shard by
// shard; a look that takes long makes the next one wait.
const (
	censusEvery = 30 * time.Second
	censusRest  = 50 * time.Millisecond
	censusLoad  = 10 // times as long as it took
)

// forgetAfter is how long a proxy may be gone before nothing is known of it any more.
const forgetAfter = 7 * 24 * time.Hour

// census counts the local proxies while this instance leads.
type census struct {
	last atomic.Pointer[fleet.Summary] // nil while another one counts
	s    *Stage
}

var (
	descProxies = prometheus.NewDesc("zonecast_publisher_proxies", "Local proxies by what they report of themselves, and those that are gone. Leader only.", []string{"state"}, nil)
	descLagging = prometheus.NewDesc("zonecast_publisher_proxies_lagging", "Local proxies without a version that has been out for a minute. Leader only.", nil, nil)
	descMaxLag  = prometheus.NewDesc("zonecast_publisher_proxies_max_lag_seconds", "Time since the oldest version that a local proxy serves was replaced. Leader only.", nil, nil)
	descFailing = prometheus.NewDesc("zonecast_publisher_proxies_failing", "Local proxies with an error in the last ten minutes. Leader only.", nil, nil)
)

// Describe implements prometheus.Collector.
func (c *census) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descProxies, descLagging, descMaxLag, descFailing} {
		ch <- d
	}
}

// Collect implements prometheus.Collector. A standby gives nothing, so that sums over all publishers are right.
func (c *census) Collect(ch chan<- prometheus.Metric) {
	s := c.last.Load()
	if s == nil {
		return
	}
	gauge := func(d *prometheus.Desc, v int64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(v), labels...)
	}
	for _, state := range fleet.States {
		gauge(descProxies, int64(s.States[state]), string(state))
	}
	gauge(descProxies, int64(s.Gone), "gone")
	gauge(descLagging, int64(s.Lagging))
	gauge(descMaxLag, s.MaxLag)
	gauge(descFailing, int64(s.Failing))
}

// run counts until the term ends. What goes wrong is counted as an error of "proxies" and stops nothing.
func (c *census) run(ctx context.Context) {
	defer c.last.Store(nil)
	for {
		start := time.Now()
		if err := c.count(ctx); err != nil && ctx.Err() == nil {
			c.s.m.failed("proxies")
		}
		select {
		case <-time.After(max(censusEvery, censusLoad*time.Since(start)) - time.Since(start)):
		case <-ctx.Done():
			return
		}
	}
}

func (c *census) count(ctx context.Context) error {
	look, err := fleet.Read(ctx, c.s.st, censusRest)
	if err != nil {
		return err
	}
	summary, err := look.Summary(ctx, fleet.LagAfter)
	if err != nil {
		return err
	}
	if ctx.Err() == nil {
		c.last.Store(&summary)
	}
	for _, p := range look.Proxies {
		if p.Alive || time.Since(time.Unix(p.At, 0)) < forgetAfter {
			continue
		}
		switch err := fleet.Forget(ctx, c.s.st, p.ID); {
		case err == nil:
			c.s.h.Log.Info("a local proxy has been gone for 7 days and is forgotten", "proxy", p.ID)
		case !errors.Is(err, fleet.ErrAlive) && !errors.Is(err, store.ErrNotFound):
			return err
		}
	}
	return nil
}
