package table

import (
	"context"
	"errors"
	"testing"

	"zonecast/internal/store"
)

// pausedStore ends the term's context while a multi is under way, as for a leader that wakes from a pause; what became
// of the multi it does not say.
type pausedStore struct {
	store.Store
	end   context.CancelFunc
	lost  bool   // the multi never arrives
	asked func() // before the answer
}

func (p *pausedStore) Multi(ctx context.Context, ops ...store.Op) error {
	if p.end == nil {
		return p.Store.Multi(ctx, ops...)
	}
	if !p.lost {
		if err := p.Store.Multi(ctx, ops...); err != nil {
			return err
		}
	}
	if p.asked != nil {
		p.asked()
	}
	p.end()
	return store.ErrAmbiguous
}

// TestP4CommitIsLookedForAfterTheTerm: who wakes up without leadership learns what became of the write that was on its
// way: whoever sent the event hears the truth, and a write that was fenced off is known as such.
func TestP4CommitIsLookedForAfterTheTerm(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lost, taken bool
		want        error
		fenced      int
	}{
		"it was written":      {false, false, nil, 0},
		"it was not":          {true, false, context.Canceled, 0},
		"another took over":   {true, true, ErrFenced, 1},
		"written, then taken": {false, true, ErrFenced, 1}, // the other's head stands over it: as good as lost
	} {
		fake := newFake()
		p := &pausedStore{Store: fake, lost: c.lost}
		opt := small
		fenced := 0
		opt.Fenced = func(error) { fenced++ }
		w, err := OpenWriter(t.Context(), p, "a", opt)
		if err != nil {
			t.Fatal(err)
		}
		if c.taken {
			p.asked = func() {
				if _, err := OpenWriter(t.Context(), fake, "a", small); err != nil {
					t.Error(err)
				}
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		p.end = cancel
		tx := w.Begin()
		tx.Put("k", []byte("v"))
		if err := Commit(ctx, tx); !errors.Is(err, c.want) || fenced != c.fenced {
			t.Errorf("%s: %v, and %d times fenced; want %v, %d", name, err, fenced, c.want, c.fenced)
		}
	}
}
