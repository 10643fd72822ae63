// Package hammer throws changed octets at a parser, in a plain loop: some hundred times as many executions a second as
// native fuzzing makes, which looks for new paths meanwhile. For tests only; ci/fuzz --execs runs the long campaigns.
package hammer

import (
	"encoding/binary"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

var (
	execs = flag.Int64("execs", 0, "executions of each hammer test; 0: a few, that cost no time")
	seed  = flag.Uint64("seed", 1, "of the hammer's random changes")
)

const (
	stuckAfter = 30 * time.Second // one execution that lasts so long hangs
	ended      = -1               // in place of an execution's number
)

// Run makes one in each of two goroutines and calls it with generators of their own, -execs times in all (few if that is
// not given). Whatever panics, a fault outside of memory too, fails the test with what it takes to do it again: the
// generator's seeds. So does an execution that does not end.
func Run(t *testing.T, few int64, one func(worker int) func(rng *rand.Rand)) {
	t.Helper()
	total := few
	if *execs > 0 {
		total = *execs
	}
	const workers = 2
	var next [workers]atomic.Int64
	began, done := time.Now(), make(chan struct{})
	go watch(t, next[:], done)
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			exec := one(w)
			pcg := rand.NewPCG(0, 0)
			rng := rand.New(pcg)
			debug.SetPanicOnFault(true)
			defer func() {
				r := recover()
				switch {
				case r == nil && t.Failed():
					t.Logf("at execution %d of worker %d, seed %d, or another's", next[w].Load(), w, *seed)
				case r != nil:
					t.Errorf("execution %d of worker %d, seed %d: %v\n%s", next[w].Load(), w, *seed, r, debug.Stack())
				}
			}()
			for i := int64(w); i < total && !t.Failed(); i += workers {
				next[w].Store(i)
				pcg.Seed(*seed, uint64(i))
				exec(rng)
			}
			next[w].Store(ended)
		})
	}
	all.Wait()
	close(done)
	t.Logf("%d executions in %v, seed %d", total, time.Since(began).Round(time.Millisecond), *seed)
}

func watch(t *testing.T, next []atomic.Int64, done chan struct{}) {
	last := make([]int64, len(next))
	for {
		select {
		case <-done:
			return
		case <-time.After(stuckAfter):
		}
		for w := range next {
			now := next[w].Load()
			if now == last[w] && now > 0 {
				panic(fmt.Sprintf("%s: execution %d of seed %d hangs", t.Name(), now, *seed))
			}
			last[w] = now
		}
	}
}

// Guarded is memory whose end is the end of all memory: reading or writing one octet further faults.
func Guarded(t testing.TB, size int) []byte {
	t.Helper()
	page := unix.Getpagesize()
	room := (size + page - 1) / page * page
	all, err := unix.Mmap(-1, 0, room+page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Mprotect(all[room:], unix.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Munmap(all); err != nil {
			t.Error(err)
		}
	})
	return all[room-size : room : room]
}

// End gives the last octets of guarded memory as a copy of b.
func End(guarded, b []byte) []byte {
	at := guarded[len(guarded)-len(b):]
	copy(at, b)
	return at
}

var odd = [...]uint64{0, 1, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xc00c, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff, 1 << 40, 1<<63 - 1, 1 << 63, 1<<64 - 1}

// Change changes b in up to four places: bits, octets, numbers of all sizes that parsers stumble over, and pieces
// copied over others.
func Change(rng *rand.Rand, b []byte) {
	for range 1 + rng.IntN(4) {
		if len(b) == 0 {
			return
		}
		at := rng.IntN(len(b))
		switch rng.IntN(6) {
		case 0:
			b[at] ^= 1 << rng.IntN(8)
		case 1:
			b[at] = byte(rng.Uint32())
		case 2:
			b[at] += byte(rng.IntN(9)) - 4
		case 3:
			var v [8]byte
			if x := odd[rng.IntN(len(odd))]; rng.IntN(2) == 0 {
				binary.LittleEndian.PutUint64(v[:], x)
			} else {
				binary.BigEndian.PutUint64(v[:], x)
			}
			size := 1 << rng.IntN(4)
			if rng.IntN(2) == 0 {
				copy(b[at:], v[:size])
			} else {
				copy(b[at:], v[8-size:])
			}
		case 4:
			from := rng.IntN(len(b))
			copy(b[at:], b[from:min(len(b), from+1+rng.IntN(64))])
		case 5:
			clear(b[at:min(len(b), at+1+rng.IntN(16))])
		}
	}
}
