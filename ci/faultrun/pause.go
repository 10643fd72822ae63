//go:build linux && amd64

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"
)

// What the promises say of time. A busy machine is given some slack.
const (
	takeoverLimit = 2 * sessionTimeout
	returnLimit   = 10 * time.Second
	slack         = 2 * time.Second
)

// pauses stops what leads with SIGSTOP, past its session, and lets it go on: the leader of each stage, then ZooKeeper's
// leader and a follower; at the end the whole ensemble is away.
func pauses(rounds int, away time.Duration) func(context.Context, *world, *writer) error {
	return func(ctx context.Context, w *world, wr *writer) error {
		for round := range rounds {
			for _, kind := range []string{"rules", "presenter", "publisher"} {
				w.say("round %d of %d: the leader of %s is stopped", round+1, rounds, kind)
				if err := w.pauseLeader(ctx, kind); err != nil {
					return err
				}
			}
			for _, mode := range []string{"leader", "follower"} {
				if err := w.pauseNode(ctx, mode); err != nil {
					return err
				}
			}
		}
		return w.ensembleAway(ctx, wr, away)
	}
}

// pauseLeader stops a stage's leader until another leads and a while longer. When it wakes up it believes that it
// leads: it must change nothing, and stand by.
func (w *world) pauseLeader(ctx context.Context, kind string) error {
	var old *stage
	err := poll(ctx, time.Minute, kind+" has a leader", func() bool { old = w.leaderOf(ctx, kind); return old != nil })
	if err != nil {
		return err
	}
	said := len(old.saidSince(0))
	begun := time.Now()
	if err := old.signal(syscall.SIGSTOP); err != nil {
		return err
	}
	err = poll(ctx, time.Minute, "another takes over "+kind, func() bool { now := w.leaderOf(ctx, kind); return now != nil && now != old })
	took := time.Since(begun)
	if err == nil && took > takeoverLimit+slack {
		w.violate("a takeover took too long", "%s: %v, want %v at most", kind, took.Round(time.Millisecond), takeoverLimit)
	}
	pause(ctx, w.between(0, 2*sessionTimeout))
	if err := errors.Join(err, old.signal(syscall.SIGCONT)); err != nil {
		return err
	}
	w.note("SIGSTOP of the leader of "+kind, "taken over after %.1f s", took.Seconds())
	// It gives up by itself, be it that a write is fenced or that its clock tells it first.
	return poll(ctx, 30*time.Second, old.name+" knows that it does not lead any more", func() bool {
		return strings.Contains(old.saidSince(said), "no longer leading")
	})
}

// pauseNode stops the ZooKeeper node that leads, or one that follows, and lets it go on when the others have gone on without it.
func (w *world) pauseNode(ctx context.Context, mode string) error {
	if _, err := w.quorum(ctx, time.Minute); err != nil {
		return err
	}
	for _, n := range w.zoo {
		if n.mode() != mode {
			continue
		}
		w.say("ZooKeeper's %s is stopped: %s", mode, n.name)
		if err := n.signal(syscall.SIGSTOP); err != nil {
			return err
		}
		pause(ctx, w.between(2*sessionTimeout, 6*sessionTimeout))
		w.note("SIGSTOP of ZooKeeper's "+mode, "%s", n.name)
		return n.signal(syscall.SIGCONT)
	}
	return fmt.Errorf("no node of the ensemble is a %s", mode)
}

// ensembleAway kills all nodes at once. Proxies answer meanwhile; an event is accepted and served soon after they are back.
func (w *world) ensembleAway(ctx context.Context, wr *writer, away time.Duration) error {
	w.say("the whole ensemble is away for %v", away)
	for _, n := range w.zoo {
		n.kill()
	}
	pause(ctx, away)
	for _, n := range w.zoo {
		if err := n.start(); err != nil {
			return err
		}
	}
	if _, err := w.quorum(ctx, time.Minute); err != nil {
		return err
	}
	back := time.Now()
	w.say("the ensemble is back")
	accepted, served, err := w.recovered(ctx, wr, back)
	if err != nil {
		return err
	}
	w.note("the ensemble away for "+away.String(), "an event accepted %.1f s, as-of at every proxy %.1f s after its return", accepted.Seconds(), served.Seconds())
	if served > returnLimit+slack {
		w.violate("recovery took too long", "%v after the ensemble's return, want %v at most", served.Round(time.Millisecond), returnLimit)
	}
	return nil
}

// recovered waits until an event is accepted and until every proxy serves an as-of, both later than a moment.
func (w *world) recovered(ctx context.Context, wr *writer, since time.Time) (accepted, served time.Duration, err error) {
	err = poll(ctx, 2*time.Minute, "events are accepted again", func() bool { return wr.lastAck.Load() > since.UnixNano() })
	accepted = time.Since(since)
	for _, p := range w.proxies {
		if err != nil {
			return accepted, 0, err
		}
		err = poll(ctx, 2*time.Minute, p.name+" goes on", func() bool {
			p.mu.Lock()
			defer p.mu.Unlock()
			return p.stamp.asOf >= since.Unix()
		})
	}
	return accepted, time.Since(since), err
}
