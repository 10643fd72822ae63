package table

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"zonecast/internal/store"
)

// outcome is what became of a multi whose answer does not say.
type outcome int

const (
	applied outcome = iota
	notApplied
)

// lastLook bounds the search for a commit after the context's end: time for a new session, and for a read in it.
const lastLook = 5 * time.Second

// apply sends the multi until it is known what became of it. untouched says that an error left the store as it
// was.
func (s *step) apply(ctx context.Context) (untouched bool, err error) {
	w := s.plans[0].w
	for try := 0; ; try++ {
		err := w.st.Multi(ctx, s.ops...)
		var op *store.OpError
		switch {
		case err == nil:
			return false, nil
		case errors.As(err, &op):
			if w := s.owner(op.Op.Path); w != nil {
				// Either we are fenced, or an earlier try of ours has arrived after all.
				if h, _, rerr := readHead(ctx, w.st, w.name); rerr == nil && h.Commit == s.id {
					return false, nil
				}
				return false, w.fencedBy(ctx)
			}
			return op.Index >= s.own, fmt.Errorf("table %s: commit: %w", w.name, err)
		case errors.Is(err, store.ErrTooLarge):
			return true, fmt.Errorf("table %s: commit: %w: %w", w.name, ErrTooLarge, err)
		case !errors.Is(err, store.ErrAmbiguous):
			return false, fmt.Errorf("table %s: commit: %w", w.name, err)
		}
		got, rerr := w.lookFor(ctx, s.id)
		switch {
		case rerr != nil:
			return false, fmt.Errorf("%w (after %w)", rerr, err)
		case got == applied:
			return false, nil
		}
		if err := w.opt.pause(ctx, try); err != nil {
			return false, fmt.Errorf("table %s: commit: %w: %w", w.name, store.ErrAmbiguous, err)
		}
	}
}

// owner gives the writer whose head is at path.
func (s *step) owner(path string) *Writer {
	i := slices.IndexFunc(s.plans, func(p *plan) bool { return headPath(p.w.name) == path })
	if i < 0 {
		return nil
	}
	return s.plans[i].w
}

// lookFor is resolve for a while longer than ctx. A leader that was paused finds its context ended and its commit
// unanswered: whether that was fenced off is still to be known.
func (w *Writer) lookFor(ctx context.Context, id string) (outcome, error) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(lastLook, cancel) })()
	return w.resolve(longer, id)
}

// resolve finds out whether the multi with this commit id has been applied: it reads the head until it can.
func (w *Writer) resolve(ctx context.Context, id string) (outcome, error) {
	for try := 0; ; try++ {
		err := w.st.Sync(ctx)
		if err == nil {
			var h Head
			var v int64
			if h, v, err = readHead(ctx, w.st, w.name); err == nil {
				switch {
				case h.Commit == id:
					return applied, nil
				case v == w.version:
					return notApplied, nil
				default:
					return 0, w.fencedBy(ctx)
				}
			}
		}
		if isDone(ctx, err) || errors.Is(err, ErrNotFound) {
			return 0, err
		}
		if err := w.opt.pause(ctx, try); err != nil {
			return 0, fmt.Errorf("table %s: %w: %w", w.name, store.ErrAmbiguous, err)
		}
	}
}

// pause waits before another try: firstPause, doubled up to a hundred times that.
func (o Options) pause(ctx context.Context, try int) error {
	t := time.NewTimer(min(o.firstPause<<min(try, 7), 100*o.firstPause))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
