package table

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"zonecast/internal/store"
)

var errCrash = errors.New("the process died")

// faultStore wraps a store with what goes wrong between a process and its store.
type faultStore struct {
	store.Store

	mu         sync.Mutex
	rand       *rand.Rand // nil: no random faults
	crashAfter int        // >0: so many multis succeed, then one fails with errCrash
	ambiguous  float64    // share of multis whose answer is lost; half of them were applied
	late       float64    // share of lost multis that arrive after a later try
	deaf       float64    // share of notifications that come only after a while
	slow       float64    // share of calls that take up to a millisecond more
	pending    []store.Op
}

func (f *faultStore) chance(p float64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.rand != nil && f.rand.Float64() < p
}

// delay holds a call up, before it reaches the store.
func (f *faultStore) delay() {
	if f.chance(f.slow) {
		f.mu.Lock()
		d := time.Duration(f.rand.Int64N(int64(time.Millisecond)))
		f.mu.Unlock()
		time.Sleep(d)
	}
}

func (f *faultStore) Get(ctx context.Context, path string) (store.Node, error) {
	f.delay()
	return f.Store.Get(ctx, path)
}

func (f *faultStore) GetMany(ctx context.Context, paths []string) ([]store.Node, error) {
	if len(paths) > 1 { // no atomic view: let others come between
		half := len(paths) / 2
		first, err := f.Store.GetMany(ctx, paths[:half])
		if err != nil {
			return nil, err
		}
		f.delay()
		rest, err := f.Store.GetMany(ctx, paths[half:])
		return append(first, rest...), err
	}
	f.delay()
	return f.Store.GetMany(ctx, paths)
}

func (f *faultStore) Multi(ctx context.Context, ops ...store.Op) error {
	f.delay()
	f.mu.Lock()
	pending := f.pending
	f.pending = nil
	dead := f.crashAfter == 1
	if f.crashAfter > 0 {
		f.crashAfter--
	}
	f.mu.Unlock()
	if dead {
		return errCrash
	}
	if pending != nil && f.chance(0.5) {
		_ = f.Store.Multi(ctx, pending...) // overtakes this try
	}
	if !f.chance(f.ambiguous) {
		return f.Store.Multi(ctx, ops...)
	}
	switch {
	case f.chance(f.late):
		f.mu.Lock()
		f.pending = ops
		f.mu.Unlock()
	case f.chance(0.5):
		if err := f.Store.Multi(ctx, ops...); err != nil {
			return err
		}
	}
	return fmt.Errorf("connection closed: %w", store.ErrAmbiguous)
}

// Watch loses tokens; the store's promise that one comes within five seconds is kept, in milliseconds.
func (f *faultStore) Watch(path string) (<-chan struct{}, func()) {
	in, cancel := f.Store.Watch(path)
	if f.rand == nil {
		return in, cancel
	}
	out := make(chan struct{}, 1)
	done := make(chan struct{})
	go func() {
		again := time.NewTicker(time.Millisecond)
		defer again.Stop()
		for {
			select {
			case <-done:
				return
			case <-in:
				if f.chance(f.deaf) {
					continue
				}
			case <-again.C:
			}
			select {
			case out <- struct{}{}:
			default:
			}
		}
	}()
	return out, func() { cancel(); close(done) }
}
