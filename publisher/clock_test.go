package publisher

import (
	"fmt"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"zonecast/internal/release"
	"zonecast/internal/table"
)

// TestMain makes the process's shared zstd coders, whose channels must not belong to one test's bubble.
func TestMain(m *testing.M) {
	b, err := release.Entry{Version: 1, Delta: []byte("warm")}.Encode()
	if err == nil {
		_, err = release.DecodeEntry(b)
	}
	if err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// At most ten releases in any second, and the first change at rest goes out at once (P9).
func TestRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.start("a")
		p := w.proxy()
		w.commit(func(e edit) { e.zone("example.") })
		p.synced("first release")
		time.Sleep(3 * time.Second)
		last := p.head.Version
		var at []time.Time
		for i := range 400 {
			w.commit(func(e edit) { e.put("example.", fmt.Sprintf("h%d.example.", i), "A 192.0.2.1") })
			synctest.Wait()
			p.follow()
			if p.head.Version > last+1 {
				t.Fatalf("%d releases at one instant", p.head.Version-last)
			}
			if p.head.Version > last {
				last = p.head.Version
				at = append(at, time.Now())
			}
			if i == 0 && len(at) != 1 {
				t.Fatal("the first change at rest was not released at once")
			}
			time.Sleep(5 * time.Millisecond) // divides 100 ms: releases are seen when they come
		}
		for i := range at {
			if i >= maxRate && at[i].Sub(at[i-maxRate]) < time.Second {
				t.Fatalf("%d releases in %v", maxRate+1, at[i].Sub(at[i-maxRate]))
			}
		}
		if len(at) < 18 {
			t.Errorf("only %d releases in 2 s", len(at))
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if p.follow(); p.differs() != "" {
			t.Errorf("%s differs at the end", p.differs())
		}
		w.close()
	})
}

// Nothing changes: the head is signed on the heartbeat, sooner when as-of moves, and as-of is presented's (P8).
func TestHeartbeat(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.cfg.AsOfEvery = 2 * time.Second
		w.start("a")
		p := w.proxy()
		w.commit(func(e edit) { e.zone("example.") })
		p.synced("first release")
		first := p.head
		signatures := func(span time.Duration, beat func()) (n int) {
			t.Helper()
			for end := time.Now().Add(span); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
				beat()
				synctest.Wait()
				if old := p.head; true {
					if p.follow(); p.head.Signed != old.Signed {
						n++
					}
				}
			}
			return n
		}
		if n := signatures(60*time.Second, func() {}); n < 5 || n > 7 {
			t.Errorf("%d signatures in 60 s at rest", n)
		}
		if p.head.AsOf != first.AsOf || p.head.Version != first.Version {
			t.Errorf("as-of %d, version %d; at first %d, %d", p.head.AsOf, p.head.Version, first.AsOf, first.Version)
		}
		if p.head.Expires-p.head.Signed != 24*3600 {
			t.Errorf("expires %d s after the signature", p.head.Expires-p.head.Signed)
		}
		beat := func() {
			tx := w.presented.Begin()
			tx.SetAsOf(time.Now())
			if err := table.Commit(t.Context(), tx); err != nil {
				t.Fatal(err)
			}
		}
		if n := signatures(60*time.Second, beat); n < 25 || n > 31 {
			t.Errorf("%d signatures in 60 s while as-of moves", n)
		}
		if age := time.Now().Unix() - p.head.AsOf; age > 3 {
			t.Errorf("as-of is %d s old", age)
		}
		w.close()
	})
}

func TestSizes(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_000, 0)
	var z sizes
	z.add(now, 100, 90)
	z.add(now.Add(5*time.Second), 90, 80)
	for _, test := range []struct {
		after time.Duration
		want  int
	}{{5 * time.Second, 100}, {10 * time.Second, 100}, {11 * time.Second, 90}, {16 * time.Second, 80}} {
		if got := z.peak(now.Add(test.after), 10*time.Second, 80); got != test.want {
			t.Errorf("after %v the peak is %d, want %d", test.after, got, test.want)
		}
	}
}
