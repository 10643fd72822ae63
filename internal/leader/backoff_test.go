package leader

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"zonecast/internal/store"
)

// refusing is a store that takes no write.
type refusing struct {
	store.Store // nil: nothing else may be called
	tries       []time.Time
}

func (r *refusing) Watch(string) (<-chan struct{}, func()) { return nil, func() {} }
func (r *refusing) Session() <-chan struct{}               { return nil }
func (r *refusing) Multi(context.Context, ...store.Op) error {
	r.tries = append(r.tries, time.Now())
	return store.ErrAmbiguous
}

func TestAttemptsBackOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := &refusing{}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		_ = Run(ctx, st, "presenter", Info{Instance: "a"}, slog.New(slog.DiscardHandler), nil)
		if n := len(st.tries); n < 12 || n > 35 {
			t.Fatalf("%d attempts in a minute", n)
		}
		seen := map[time.Duration]bool{}
		for i, at := range st.tries[1:] {
			gap := at.Sub(st.tries[i])
			if gap < minPause/2 || gap > maxPause {
				t.Fatalf("pause %d is %v", i, gap)
			}
			seen[gap] = true
		}
		if len(seen) < len(st.tries)/2 {
			t.Fatal("pauses without jitter")
		}
	})
}
