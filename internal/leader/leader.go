package leader

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	mrand "math/rand/v2"
	"time"

	"zonecast/internal/store"
)

const (
	minPause = 50 * time.Millisecond
	maxPause = 5 * time.Second
	// settled is how long a term must last to be no part of a series of failures.
	settled = 30 * time.Second
	// resignTime bounds the removal of the own node; after it the session's end does it.
	resignTime = 2 * time.Second
)

// errLost is the cause with which a leader's context ends.
var errLost = errors.New("leadership lost")

// Info is what a leader's node says.
type Info struct {
	Instance string `json:"instance"`
	URL      string `json:"url"` // base URL of its HTTP listener, "" if it has none
}

// node is Info as stored: the term tells two lives of one instance apart.
type node struct {
	Info
	Term string `json:"term"`
}

func path(name string) string { return "/leaders/" + name }

// Run takes the leadership of name ("presenter", "rules.main") whenever it can, and runs lead while it holds it:
// lead's context is cancelled when the session ends or the node is lost, and Run waits for lead to return. When
// lead returns by itself, with or without an error, Run resigns, so that others may try, and stands again after a
// pause that grows while terms are short. It returns only when ctx ends or the store is closed. A node left behind by
// this very instance id is removed and taken at once.
func Run(ctx context.Context, st store.Store, name string, me Info, log *slog.Logger, lead func(ctx context.Context) error) error {
	log = log.With("leader", name, "instance", me.Instance)
	changed, cancel := st.Watch(path(name))
	defer cancel()
	pause := minPause
	for {
		lost := st.Session() // before the node is made: it may be an older session's, never a newer one's
		self, free, err := stand(ctx, st, name, me)
		switch {
		case ctx.Err() != nil:
			if self.Term != "" {
				resign(ctx, st, name, self)
			}
			return ctx.Err()
		case errors.Is(err, store.ErrClosed):
			return err
		case err != nil:
			log.Warn("could not stand for leadership", "err", err)
		case !free:
			pause = minPause
			select {
			case <-changed:
			case <-ctx.Done():
			}
			continue
		default:
			started := time.Now()
			log.Info("leading")
			err := term(ctx, st, name, self, lost, changed, lead)
			resign(ctx, st, name, self)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			log.Warn("no longer leading", "err", err)
			if time.Since(started) >= settled {
				pause = minPause
			}
		}
		select {
		case <-time.After(pause/2 + mrand.N(pause/2)):
		case <-ctx.Done():
			return ctx.Err()
		}
		pause = min(2*pause, maxPause)
	}
}

// stand tries once to make the node. It gives what it wrote, and false when another holds it.
func stand(ctx context.Context, st store.Store, name string, me Info) (self node, free bool, err error) {
	self = node{me, rand.Text()}
	data, err := json.Marshal(self)
	if err != nil {
		return node{}, false, err
	}
	create := store.CreateEphemeral(path(name), data)
	err = st.Multi(ctx, create)
	for range 3 { // a node that goes away in between costs a round
		if !errors.Is(err, store.ErrExists) && !errors.Is(err, store.ErrVersion) && !errors.Is(err, store.ErrNotFound) {
			return self, err == nil, err
		}
		held, version, rerr := read(ctx, st, name)
		switch {
		case errors.Is(rerr, store.ErrNotFound):
			err = st.Multi(ctx, create)
		case rerr != nil:
			return self, false, rerr
		case held.Term == self.Term: // an ambiguous create that the store repeated
			return self, true, nil
		case held.Instance != me.Instance:
			return self, false, nil
		default: // our own former life's: in one step, or a standby that waits for just this would be quicker
			err = st.Multi(ctx, store.Delete(path(name), version), create)
		}
	}
	return self, false, err
}

// term runs lead until it returns or the leadership is lost.
func term(ctx context.Context, st store.Store, name string, self node, lost, changed <-chan struct{}, lead func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	done := make(chan error, 1)
	go func() { done <- lead(ctx) }()
	for {
		select {
		case err := <-done:
			if cause := context.Cause(ctx); errors.Is(cause, errLost) {
				return cause
			}
			return err
		case <-lost:
			cancel(fmt.Errorf("%w: the session ended", errLost))
			return errors.Join(context.Cause(ctx), <-done)
		case <-changed:
			held, _, err := read(ctx, st, name)
			switch {
			case errors.Is(err, store.ErrNotFound):
				cancel(fmt.Errorf("%w: the node is gone", errLost))
			case err == nil && held.Term != self.Term && held.Instance == self.Instance:
				cancel(fmt.Errorf("%w: another process that calls itself %q took it: each needs an instance id of its own", errLost, held.Instance))
			case err == nil && held.Term != self.Term:
				cancel(fmt.Errorf("%w: %s took it", errLost, held.Instance))
			}
		}
	}
}

// resign removes the node if it is still this term's, also when ctx has ended.
func resign(ctx context.Context, st store.Store, name string, self node) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), resignTime)
	defer cancel()
	if held, version, err := read(ctx, st, name); err == nil && held.Term == self.Term {
		// A failure leaves the node to the end of the session, or to this instance's next attempt.
		_ = st.Multi(ctx, store.Delete(path(name), version))
	}
}

func read(ctx context.Context, st store.Store, name string) (node, int64, error) {
	n, err := st.Get(ctx, path(name))
	if err != nil {
		return node{}, 0, err
	}
	var held node
	if err := json.Unmarshal(n.Data, &held); err != nil {
		return node{}, 0, fmt.Errorf("leader %s: %w", name, err)
	}
	return held, n.Version, nil
}
