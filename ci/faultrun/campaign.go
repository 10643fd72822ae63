//go:build linux && amd64

package main

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"
)

// options of a campaign, from the command line.
type options struct {
	bin      string
	seed     uint64
	entities int
	gap      time.Duration // between two batches of one of the writer's workers, on average
	queryGap time.Duration // between two queries of one proxy, on average
	keep     bool          // the folder, also when all went well
}

// campaign starts a world, lets events flow and queries run, has faults happen, and judges the end. It tells whether
// nothing was violated.
func campaign(ctx context.Context, r *referee, kind string, o options, at layout, faults func(ctx context.Context, w *world, wr *writer) error) (bool, error) {
	dir, err := workspace(kind)
	if err != nil {
		return false, err
	}
	r.say("%s: seed %d, %d servers in the inventory, logs in %s/logs", kind, o.seed, o.entities, dir)
	w, err := newWorld(r, o.bin, dir, o.seed, o.entities, at)
	if err != nil {
		return false, err
	}
	defer w.stop()
	wr := newWriter(w)
	if err := w.start(ctx); err != nil {
		return false, fmt.Errorf("%w; see %s/logs", err, dir)
	}
	if err := wr.fill(ctx); err != nil {
		return false, fmt.Errorf("first load: %w; see %s/logs", err, dir)
	}
	if _, err := w.converge(ctx, time.Minute); err != nil {
		return false, fmt.Errorf("first load: %w; see %s/logs", err, dir)
	}
	r.say("the first load is served; events flow, every proxy is asked all the time")

	asking, stopAsking := context.WithCancel(ctx)
	defer stopAsking()
	var writers sync.WaitGroup
	for _, p := range w.proxies {
		w.watchers.Go(func() { w.query(asking, p, o.queryGap) })
	}
	w.watchers.Go(func() { w.watchHeads(asking) })
	w.watchers.Go(func() { w.watchDeaths(asking) })
	writing, stopWriting := context.WithCancel(ctx)
	defer stopWriting()
	writers.Go(func() {
		if err := wr.run(writing, o.seed, o.gap); err != nil {
			w.violate("the writer gave up", "%v", err)
		}
	})
	begun := time.Now()
	if err := faults(ctx, w, wr); err != nil {
		w.violate("the campaign could not go on", "%v", err)
	}
	r.say("no more faults after %.0f s: the writer stops, and everything must come true", time.Since(begun).Seconds())
	stopWriting()
	writers.Wait()
	w.settle(ctx)
	stopAsking()
	w.watchers.Wait()
	w.report(wr)
	ok := r.verdict()
	if ok && !o.keep {
		w.stop()
		return ok, os.RemoveAll(dir)
	}
	r.say("logs and data are in %s", dir)
	return ok, nil
}

// report adds the figures of writers and queriers to the table.
func (w *world) report(wr *writer) {
	w.note("events acknowledged", "%d in %d batches, %d tries repeated", wr.acked.Load(), wr.batches.Load(), wr.repeated.Load())
	w.note("longest wait for an acknowledgement", "%.1f s", time.Duration(wr.longest.Load()).Seconds())
	for _, p := range w.proxies {
		w.note(p.name, "%d queries answered, %d not; slowest %d ms; restarted %d times, first answer at most %.1f s after; version %d",
			p.queries.Load(), p.failed.Load(), p.slowest.Load()/1e6, p.begun()-1, time.Duration(p.back.Load()).Seconds(), p.stamp.version)
	}
}
