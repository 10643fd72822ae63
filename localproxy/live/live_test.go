package live

import (
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"zonecast/internal/release"
	"zonecast/internal/snapshot"
	"zonecast/internal/zone"
	"zonecast/localproxy/releasetest"
)

// write makes a base file.
func write(t *testing.T) (path string) {
	t.Helper()
	dir := t.TempDir()
	b := snapshot.NewBuilder(snapshot.Seed{1})
	if err := b.AddZone(snapshot.Zone{Apex: releasetest.Name(t, "example.")}); err != nil {
		t.Fatal(err)
	}
	set := releasetest.Set(t, zone.TypeSOA, "ns1.example. hostmaster.example. 1 7200 900 1209600 300")
	if err := b.Add(snapshot.Node{Name: releasetest.Name(t, "example."), Sets: []zone.RRset{set}}); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(dir, "base")
	if _, err := b.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// open gives a release over a mapping of its own.
func open(t *testing.T, path string, closed func(error)) *Release {
	t.Helper()
	snap, err := snapshot.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return &Release{View: snapshot.NewView(snap), Base: NewBase(snap, release.Base{}, closed)}
}

func TestOldBaseClosesAfterItsLastReader(t *testing.T) {
	t.Parallel()
	var slot Slot
	path := write(t)
	if slot.Take() != nil {
		t.Fatal("something in an empty slot")
	}
	closed := 0
	first := open(t, path, func(error) { closed++ })
	slot.Swap(first)
	reader, other := slot.Take(), slot.Take()
	slot.Swap(&Release{View: first.View, Base: first.Base}) // a delta: the same base
	if reader.Done(); closed != 0 {
		t.Fatal("a base in force was closed")
	}
	slot.Swap(open(t, path, nil))
	if closed != 0 {
		t.Fatal("closed under a reader")
	}
	if _, ok := other.View.Lookup(releasetest.Name(t, "example.")); !ok {
		t.Error("the old release cannot be read any more")
	}
	other.Done()
	if closed != 1 {
		t.Errorf("closed %d times", closed)
	}
	if first.Base.Take() {
		t.Error("a closed base was given out")
	}
	slot.Swap(nil)
	if slot.Take() != nil {
		t.Error("something in an emptied slot")
	}
}

// Under the race detector, and with unmapped memory as the judge: readers never see a closed base.
func TestReadersAndSwaps(t *testing.T) {
	t.Parallel()
	var slot Slot
	path := write(t)
	var closed atomic.Int64
	hear := func(err error) {
		if closed.Add(1); err != nil {
			t.Error(err)
		}
	}
	slot.Swap(open(t, path, hear))
	stop := make(chan struct{})
	var readers sync.WaitGroup
	apex := releasetest.Name(t, "example.")
	for range 16 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				r := slot.Take()
				for range 8 { // a batch
					if _, ok := r.View.Lookup(apex); !ok {
						t.Error("no apex")
					}
				}
				r.Done()
			}
		})
	}
	const swaps = 200
	for range swaps {
		slot.Swap(open(t, path, hear))
	}
	close(stop)
	readers.Wait()
	slot.Swap(nil)
	if n := closed.Load(); n != swaps+1 {
		t.Errorf("%d of %d mappings were unmapped", n, swaps+1)
	}
}
