package publisher

import (
	"path/filepath"
	"testing"
	"time"

	"zonecast/internal/row"
	"zonecast/internal/store/embedded"
	"zonecast/internal/table"
)

// P4: table presented is read while the term begins. What was read before the former leader's last release is not
// compared with it, or that release would be undone for a moment.
func TestEarlyReadIsNotCompared(t *testing.T) {
	t.Parallel()
	st, err := embedded.Open(filepath.Join(t.TempDir(), "store.db"), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	pub, err := table.OpenWriter(t.Context(), st, tablePublished, table.Options{Instance: "p"})
	if err != nil {
		t.Fatal(err)
	}
	tx := pub.Begin()
	tx.SetInput(tablePresented, table.Position{Fence: 2, Seq: 10})
	if err := table.Commit(t.Context(), tx); err != nil {
		t.Fatal(err)
	}
	at := func(fence, seq uint64) table.Batch { return table.Batch{Head: table.Head{Fence: fence, Seq: seq}} }
	first := &term{pub: pub, st: st}
	for _, b := range []table.Batch{at(2, 10), at(2, 11), at(3, 1)} {
		if early, err := first.early(t.Context(), b); early || err != nil {
			t.Errorf("%+v is early: %v", b.Head.Position(), err)
		}
	}
	for _, b := range []table.Batch{at(2, 9), at(1, 99)} {
		if early, err := first.early(t.Context(), b); !early || err != nil {
			t.Errorf("%+v is not early: %v", b.Head.Position(), err)
		}
	}
	if early, _ := (&term{pub: pub, st: st, again: true}).early(t.Context(), at(2, 9)); early {
		t.Error("a second batch is early")
	}
	if early, _ := (&term{pub: pub, st: st, begun: true}).early(t.Context(), at(2, 9)); early {
		t.Error("a later batch is early")
	}
	presented, err := table.OpenWriter(t.Context(), st, tablePresented, table.Options{Instance: "q"})
	if err != nil {
		t.Fatal(err)
	}
	if early, err := first.early(t.Context(), at(2, 9)); !early || err != nil {
		t.Errorf("what was read before the table's last commit is not early: %v", err)
	}
	if early, err := first.early(t.Context(), table.Batch{Head: presented.Head()}); early || err != nil {
		t.Errorf("a table that was made anew is waited for, maybe for ever: %v", err)
	}
}

// A table presented that was made anew counts from one again: what it gives goes through the gates, and on.
func TestPresentedMadeAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.start("a")
	p := fill(t, w, 3)
	for range 5 {
		restGoesOn(w, p)
	}
	a.stop()
	w.rub("/tables/" + tablePresented)
	w.openPresented()
	w.commit(func(e edit) {
		for apex, facts := range w.zones {
			e.facts(apex.String(), facts)
		}
		for owner, sets := range w.want {
			apex, _ := w.zoneOf(owner)
			e.tx.Put(owner, row.Presented{Zone: name(t, apex), Sets: sets}.Encode())
		}
	})
	w.start("b")
	w.commit(func(e edit) { e.put("example.", "later.example.", "A 192.0.2.8") })
	p.synced("after presented was made anew")
}
