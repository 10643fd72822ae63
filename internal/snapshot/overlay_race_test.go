package snapshot

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"zonecast/internal/zone"
)

// TestWritersBesideEachOther go on from whatever view was stored last: one of them is its future, the others are forks.
func TestWritersBesideEachOther(t *testing.T) {
	t.Parallel()
	var last atomic.Pointer[View]
	last.Store(NewView(Empty()).Apply(&Delta{Names: []NameChange{{name("example."), Data, numbered(0, 10)}}}))
	var writers sync.WaitGroup
	for writer := range 4 {
		writers.Go(func() {
			own := name(fmt.Sprintf("h%d.example.", writer))
			for i := range 2000 {
				v := last.Load().Apply(&Delta{Names: []NameChange{{own, Data, numbered(i, 50)}}})
				if got, _ := v.Lookup(own); !zone.SetsEqual(got.Sets, numbered(i, 50)) || v.Overlaid() > 5 {
					t.Errorf("writer %d: %s is %v, want %d; %d names", writer, own, got.Sets, i, v.Overlaid())
					return
				}
				last.Store(v)
			}
		})
	}
	writers.Wait()
}

// TestReadersBesideAWriter: while one goroutine applies deltas, and gives some up, every reader sees each name as the
// view it took says.
func TestReadersBesideAWriter(t *testing.T) {
	t.Parallel()
	const names, versions = 64, 20_000
	type serving struct {
		view    *View
		version int
	}
	owners := make([]zone.Name, names)
	for k := range owners {
		owners[k] = name(fmt.Sprintf("h%d.example.", k))
	}
	var current atomic.Pointer[serving]
	current.Store(&serving{view: NewView(Empty())})
	var readers sync.WaitGroup
	for reader := range 4 {
		readers.Go(func() {
			for at := 0; at < versions; {
				s := current.Load()
				at = s.version
				for k := reader % 2; k < names; k += 2 {
					last := at - (at-k+names)%names // the last version up to this one that changed name k
					got, ok := s.view.Lookup(owners[k])
					if ok != (last > 0) || ok && !zone.SetsEqual(got.Sets, numbered(last, 50)) {
						t.Errorf("version %d: %s is %v, want %d", at, owners[k], got.Sets, last)
						return
					}
				}
				runtime.Gosched()
			}
		})
	}
	for i := 1; i <= versions; i++ {
		v := current.Load().view
		if i%5 == 0 {
			v.Apply(&Delta{Names: []NameChange{{owners[i*7%names], Gone, nil}}})
		}
		current.Store(&serving{v.Apply(&Delta{Names: []NameChange{{owners[i%names], Data, numbered(i, 50)}}}), i})
		runtime.Gosched()
	}
	readers.Wait()
}
