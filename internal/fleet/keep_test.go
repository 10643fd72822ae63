package fleet

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"zonecast/internal/store"
)

// box is a Sender that notes when it was asked.
type box struct {
	mu   sync.Mutex
	sent []time.Time
	last Report
	fail error
	lost bool
}

func (b *box) Send(_ context.Context, r Report) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sent, b.last = append(b.sent, time.Now()), r
	b.lost = false
	return b.fail
}

func (b *box) Lost() bool { b.mu.Lock(); defer b.mu.Unlock(); return b.lost }

// keepFor runs Keep for so long in a bubble's time.
func keepWhile(t *testing.T, b *box, observe func() Report, long time.Duration, log *slog.Logger) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	Keep(ctx, b, observe, Pace{Every: 10 * time.Second}, log)
}

func TestReportsAreRare(t *testing.T) {
	t.Parallel()
	quiet := slog.New(slog.DiscardHandler)
	synctest.Test(t, func(t *testing.T) {
		// Ten releases a second for an hour: at most one report in ten seconds, and not much less.
		b, start := &box{}, time.Now()
		keepWhile(t, b, func() Report { return Report{Version: uint64(time.Since(start) / (100 * time.Millisecond))} }, time.Hour, quiet)
		for i := 1; i < len(b.sent); i++ {
			if gap := b.sent[i].Sub(b.sent[i-1]); gap < 10*time.Second || gap > 21*time.Second {
				t.Fatalf("%v between two reports", gap)
			}
		}
		if n := len(b.sent); n < 200 || n > 361 {
			t.Errorf("%d reports in an hour of changes", n)
		}
		// Nothing but the time: one in a minute.
		b = &box{}
		keepWhile(t, b, func() Report { return Report{AsOf: time.Now().Unix(), At: time.Now().Unix()} }, time.Hour, quiet)
		if n := len(b.sent); n < 55 || n > 75 {
			t.Errorf("%d reports in an hour of rest", n)
		}
		// A change does not show at the same moment everywhere.
		delays := map[time.Duration]bool{}
		for range 50 {
			b, start = &box{}, time.Now()
			keepWhile(t, b, func() Report {
				r := Report{}
				if time.Since(start) >= 30*time.Second {
					r.Version = 1
				}
				return r
			}, 45*time.Second, quiet)
			if b.last.Version != 1 {
				t.Fatal("the change was not reported within 15 s")
			}
			delays[b.sent[len(b.sent)-1].Sub(start)] = true
		}
		if len(delays) < 5 {
			t.Errorf("50 proxies reported at %d moments", len(delays))
		}
	})
}

func TestALostReportIsSentAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &box{}
		go func() {
			time.Sleep(20 * time.Second)
			b.mu.Lock()
			b.lost = true
			b.mu.Unlock()
		}()
		keepWhile(t, b, func() Report { return Report{} }, 35*time.Second, slog.New(slog.DiscardHandler))
		if len(b.sent) != 2 {
			t.Errorf("reports at %v", b.sent)
		}
	})
}

// A store that may not be written, or is away, is asked ever less often and mentioned once.
func TestFailuresAreQuiet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, fail := range []error{store.ErrDenied, errors.New("away")} {
			var log strings.Builder
			b := &box{fail: fail}
			keepWhile(t, b, func() Report { return Report{Version: uint64(time.Now().Unix())} }, 24*time.Hour, slog.New(slog.NewTextHandler(&log, nil)))
			if n := len(b.sent); n < 100 || n > 300 {
				t.Errorf("%v: tried %d times in a day", fail, n)
			}
			if n := strings.Count(log.String(), "\n"); n != 1 {
				t.Errorf("%v: logged %d times:\n%.500s", fail, n, log.String())
			}
		}
	})
}
