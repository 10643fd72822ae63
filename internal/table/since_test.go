package table

import (
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
