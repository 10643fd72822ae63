package snapshot

import (
	"errors"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"

	"zonecast/internal/zone"
)

func feeder(t *testing.T) (*writer, []byte) {
	t.Helper()
	w, err := newWriter(&memory{}, Seed{1}, []Zone{{Apex: name("example.")}})
	if err != nil {
		t.Fatal(err)
	}
	return w, appendBody(nil, []zone.RRset{{Type: zone.TypeA, Data: []zone.Rdata{"1234"}}})
}

// TestFeedEnds: whoever fails, producer or writer, the error comes back and no goroutine stays.
func TestFeedEnds(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	synctest.Test(t, func(t *testing.T) {
		w, body := feeder(t)
		key := appendKey(nil, name("example."))
		err := w.feed(func(add func(key, body []byte) error) error {
			for i := 0; ; i++ {
				if err := add(key, body); err != nil { // the second time is one too many
					return err
				} else if i > 10_000_000 {
					return boom
				}
				runtime.Gosched()
			}
		})
		if !errors.Is(err, ErrTwice) {
			t.Errorf("a name twice: %v", err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		w, _ := feeder(t)
		if err := w.feed(func(func(key, body []byte) error) error { return boom }); !errors.Is(err, boom) {
			t.Errorf("a producer that fails: %v", err)
		}
	})
	synctest.Test(t, func(t *testing.T) { // a goroutine that stays makes this panic
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		w, _ := feeder(t)
		_ = w.feed(func(func(key, body []byte) error) error { panic(boom) })
	})
}

// TestFullIndex: a name that finds no place within the bound of a lookup is not left out silently.
func TestFullIndex(t *testing.T) {
	t.Parallel()
	f := filler{index: make([]byte, 100*bucketSize), buckets: 100}
	for i := range uint64(maxProbe * bucketEntries) {
		f.put(7, i)
	}
	f.flush()
	if f.full {
		t.Fatal("full with room left")
	}
	f.put(7, 0)
	if f.flush(); !f.full {
		t.Error("not full with none left")
	}
}

// TestIndexGrows: where names find no place the index is made again, larger.
func TestIndexGrows(t *testing.T) {
	t.Parallel()
	w, body := feeder(t)
	for i := range 2000 {
		if err := w.add(appendKey(nil, name(fmt.Sprintf("h%04d.example.", i))), body); err != nil {
			t.Fatal(err)
		}
	}
	w.t.names = 1 // a count that is wrong stands for names that crowd: their number does not matter to fill
	if err := w.flush(len(w.block)); err != nil {
		t.Fatal(err)
	}
	if _, err := w.buildIndex(); err == nil {
		t.Error("2,000 names found room in the buckets of one")
	}
	const names = 600
	w.t.names = names
	index, err := w.buildIndex()
	if load := names / bucketLoad; err != nil || float64(len(index)) <= (load+1)*bucketSize {
		t.Errorf("%d octets, %v: not grown", len(index), err)
	}
}
