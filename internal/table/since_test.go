package table

import (
	"fmt"
	"slices"
	"testing"
)

func TestSince(t *testing.T) {
	t.Parallel()
	st := newFake()
	w := mustOpen(t, st, "generated.main", small)
	put := func(key string) Position {
		tx := w.Begin()
		tx.Put(key, []byte("v"))
		mustCommit(t, tx)
		return w.Head().Position()
	}
	a := put("a")
	put("b")
	end := put("c")
	for _, c := range []struct {
		from Position
		want []string
		ok   bool
	}{
		{a, []string{"b", "c"}, true},
		{end, nil, true},
		{Position{end.Fence + 1, end.Seq}, nil, false}, // another table's past
		{Position{end.Fence, end.Seq + 1}, nil, false}, // the store went back
		{Position{}, []string{"a", "b", "c"}, true},    // nothing was taken into account yet
	} {
		keys, ok, err := Since(t.Context(), st, "generated.main", c.from, w.Head())
		if err != nil || ok != c.ok || !slices.Equal(keys, c.want) {
			t.Errorf("since %+v: %q, %v, %v; want %q, %v", c.from, keys, ok, err, c.want, c.ok)
		}
	}
}

// Wide reads what the transaction without it reads, its own changes first, and stays within its room.
func TestWideReadsTheSame(t *testing.T) {
	t.Parallel()
	w := mustOpen(t, newFake(), "generated.main", small)
	tx := w.Begin()
	for i := range 500 {
		tx.Put(fmt.Sprint("key", i), fmt.Append(nil, "value", i))
	}
	mustCommit(t, tx)
	for _, room := range []int{maxUnpacked, 1000, 0} {
		tx = w.Begin()
		tx.Wide()
		tx.room = room
		tx.Put("key7", []byte("new"))
		tx.Delete("key8")
		for i := range 501 {
			key := fmt.Sprint("key", i)
			got, ok := tx.Get(key)
			want, exists := w.Get(key)
			switch i {
			case 7:
				want = []byte("new")
			case 8:
				want, exists = nil, false
			}
			if ok != exists || string(got) != string(want) {
				t.Fatalf("room %d, %s: %q, %v; want %q, %v", room, key, got, ok, want, exists)
			}
		}
		if tx.room < 0 || room == 0 && len(tx.unpacked) > 0 || room == maxUnpacked && len(tx.unpacked) < 2 {
			t.Errorf("room %d: %d shards are kept, %d octets left", room, len(tx.unpacked), tx.room)
		}
	}
}
