package table

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"sync"
	"testing"

	"zonecast/internal/store"
)

var seed = maphash.MakeSeed()

// digest is the same for the same rows in any order.
func digest(all func(func(string, []byte) bool)) (sum uint64) {
	for k, v := range all {
		sum += maphash.Comparable(seed, [2]string{k, string(v)})
	}
	return sum
}

// seen is one closed state, as somebody saw it.
type seen struct {
	pos  Position
	rows uint64
}

// race lets followers and readers run while one writer after the other commits, is fenced, or dies; every state
// that anybody sees must be one that a writer left behind closed.
func race(t *testing.T, base store.Store, name string, run uint64, commits int) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	rnd := rand.New(rand.NewPCG(run, 1))
	st := &faultStore{Store: base, rand: rand.New(rand.NewPCG(run, 2)), ambiguous: 0.02, late: 0.3, deaf: 0.5, slow: 0.1}
	opt := small
	opt.KeepLog, opt.Shards = 1+rnd.IntN(8), 1

	// By sequence alone: a takeover whose answer was lost raises the fence once more, over the same rows.
	states := map[uint64]uint64{}
	w := mustOpen(t, st, name, opt)
	note := func() { states[w.Head().Seq] = digest(w.All()) }
	note()

	var wg sync.WaitGroup
	results := make(chan []seen, 8)
	for range 3 {
		wg.Go(func() {
			f := Follow(st, name)
			defer f.Close()
			var got []seen
			for {
				b, err := f.Next(ctx)
				if err != nil {
					results <- got
					return
				}
				got = append(got, seen{b.Head.Position(), digest(f.All())})
			}
		})
	}
	wg.Go(func() {
		var got []seen
		for ctx.Err() == nil {
			if v, err := Read(ctx, st, name); err == nil {
				got = append(got, seen{v.Head.Position(), digest(v.All())})
			} else if ctx.Err() == nil {
				t.Error(err)
				break
			}
		}
		results <- got
	})

	for i := range commits {
		tx := w.Begin()
		n := 1 + rnd.IntN(10)
		if rnd.IntN(10) == 0 {
			n = 100
		}
		for range n {
			k := fmt.Sprint("key", rnd.IntN(20*(i+5)))
			if rnd.IntN(5) == 0 {
				tx.Delete(k)
				continue
			}
			v := make([]byte, rnd.IntN(200))
			for j := range v {
				v[j] = byte(rnd.Uint32())
			}
			tx.Put(k, v)
		}
		if rnd.IntN(10) == 0 {
			st.mu.Lock()
			st.crashAfter = 1 + rnd.IntN(6)
			st.mu.Unlock()
		}
		err := Commit(ctx, tx)
		st.mu.Lock()
		st.crashAfter = 0
		st.mu.Unlock()
		if err != nil && !errors.Is(err, errCrash) {
			t.Error(err)
			break
		}
		if err == nil {
			note()
		}
		if err != nil || rnd.IntN(10) == 0 {
			w = mustOpen(t, st, name, opt)
			note()
		}
	}
	mustCommit(t, w.Begin()) // closes what the last crash may have left open
	v, err := Read(ctx, st, name)
	if err != nil || digest(v.All()) != digest(w.All()) {
		t.Errorf("at the end: %v", err)
	}
	cancel()
	wg.Wait()
	close(results)
	total := 0
	for list := range results {
		last := Position{}
		for _, s := range list {
			if want, ok := states[s.pos.Seq]; !ok || want != s.rows {
				t.Errorf("run %d: at %+v (known %v) somebody saw what no writer left", run, s.pos, ok)
			}
			if s.pos.Before(last) {
				t.Errorf("run %d: from %+v back to %+v", run, last, s.pos)
			}
			last = s.pos
		}
		total += len(list)
	}
	if total < 10 {
		t.Errorf("run %d: only %d states were seen", run, total)
	}
}

func TestRaceInMemory(t *testing.T) {
	t.Parallel()
	for run := range uint64(10) {
		race(t, newFake(), "raced", run, 100)
	}
}
