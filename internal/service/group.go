package service

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
)

// Group runs functions until the first of them fails or ctx is cancelled, cancels the others and waits for all.
type Group struct {
	ctx    context.Context
	cancel context.CancelFunc
	wait   sync.WaitGroup
	once   sync.Once
	err    error
}

// NewGroup makes one; the context is cancelled when a member fails.
func NewGroup(ctx context.Context) (*Group, context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	return &Group{ctx: ctx, cancel: cancel}, ctx
}

// Go starts a member. A member that returns nil has simply finished; a panic counts as an error with its stack.
func (g *Group) Go(name string, run func(ctx context.Context) error) {
	g.wait.Go(func() {
		err := guarded(g.ctx, run)
		if err == nil || (g.ctx.Err() != nil && errors.Is(err, context.Canceled)) {
			return
		}
		g.once.Do(func() {
			g.err = fmt.Errorf("%s: %w", name, err)
			g.cancel()
		})
	})
}

func guarded(ctx context.Context, run func(ctx context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return run(ctx)
}

// Wait blocks until all members have ended and gives the first failure, with the member's name.
func (g *Group) Wait() error {
	g.wait.Wait()
	g.cancel()
	return g.err
}
