//go:build linux && amd64

package main

import (
	"context"
	"fmt"
	"time"
)

// kills has one process or ZooKeeper node after the other killed with SIGKILL at a random moment, and started again a random
// short time later.
func kills(count int) func(context.Context, *world, *writer) error {
	return func(ctx context.Context, w *world, _ *writer) error {
		tally := map[string]int{}
		for i := range count {
			if !pause(ctx, w.between(200*time.Millisecond, 2500*time.Millisecond)) {
				return ctx.Err()
			}
			victim := w.pick()
			down := w.between(0, 2*time.Second)
			w.say("kill %d of %d: %s, for %d ms", i+1, count, victim.name(), down.Milliseconds())
			tally[victim.kind()]++
			victim.kill()
			pause(ctx, down)
			if err := victim.start(); err != nil {
				return fmt.Errorf("after a kill: %w", err)
			}
			if victim.proxy != nil {
				w.watchers.Go(func() { w.born(ctx, victim.proxy) })
			}
		}
		w.note("kill -9", "%d: rules %d, presenter %d, publisher %d, proxies %d, ZooKeeper nodes %d", count,
			tally["rules"], tally["presenter"], tally["publisher"], tally["proxy"], tally["zookeeper"])
		return nil
	}
}

// victim is any one process.
type victim struct {
	*process
	stage *stage
	proxy *proxy
}

// pick draws a process: each has the same chance.
func (w *world) pick() victim {
	n := w.random.IntN(len(w.stages) + len(w.proxies) + len(w.zoo))
	switch {
	case n < len(w.stages):
		return victim{process: w.stages[n].process, stage: w.stages[n]}
	case n < len(w.stages)+len(w.proxies):
		p := w.proxies[n-len(w.stages)]
		return victim{process: p.process, proxy: p}
	}
	return victim{process: w.zoo[n-len(w.stages)-len(w.proxies)].process}
}

func (v victim) name() string { return v.process.name }

func (v victim) kind() string {
	switch {
	case v.stage != nil:
		return v.stage.kind
	case v.proxy != nil:
		return "proxy"
	}
	return "zookeeper"
}

func (v victim) kill() {
	if v.proxy != nil {
		v.proxy.killed()
	}
	v.process.kill()
}
