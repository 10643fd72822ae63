package rules

import (
	"bytes"
	"context"
	"maps"
	"testing"

	"zonecast/internal/row"
	"zonecast/internal/store"
	"zonecast/internal/table"
	"zonecast/internal/zone"
)

// A leader that dies in the middle of a group leaves rows of the inventory without what they give, and records that
// nobody gives any more; its successor's inventory looks complete.
func TestP2HalfACommitIsMended(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.post(put("web1", 1, 1, "up"), put("web2", 1, 2, "up"))
	whole := w.generated()
	w.stop()

	ctx := context.Background()
	gen, err := table.OpenWriter(ctx, w.st, "generated.main", table.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tx := gen.Begin()
	tx.Delete("web2.prod.example.")
	tx.Put("gone.prod.example.", row.EncodeContributions([]row.Contribution{{Module: "servers", Entity: "server/gone",
		Sets: []zone.RRset{{Type: zone.TypeA, TTL: 60, Data: []zone.Rdata{"\xc0\x00\x02\x09"}}}}}))
	if err := table.Commit(ctx, tx); err != nil {
		t.Fatal(err)
	}
	leaveOpen(t, w.st, "generated.main")

	w.start()
	if got := w.generated(); !maps.Equal(got, whole) {
		t.Fatalf("generated %v, want %v", got, whole)
	}
}

// A module whose text a crash tore apart is not gone: its records stay until it is loaded again.
func TestP2HalfALoadDeletesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.post(put("web1", 1, 1, "up"))
	whole := w.generated()
	w.stop()

	ctx := context.Background()
	rul, err := table.OpenWriter(ctx, w.st, "rules.main", table.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tx := rul.Begin()
	tx.Delete("file/servers.yaml#0000")
	if err := table.Commit(ctx, tx); err != nil {
		t.Fatal(err)
	}
	leaveOpen(t, w.st, "rules.main")

	dir := w.cfg.Dir
	w.cfg.Dir = "" // nobody brings the rules back yet
	w.start()
	if got := w.generated(); !maps.Equal(got, whole) {
		t.Fatalf("generated %v, want %v", got, whole)
	}
	w.stop()
	w.cfg.Dir = dir
	w.start()
	w.post(put("web1", 2, 7, "up"))
	if got := w.generated(); len(got) != len(whole) || maps.Equal(got, whole) {
		t.Fatalf("the module is not back: %v", got)
	}
}

// leaveOpen marks a table's head as its writer does in the middle of a group.
func leaveOpen(t *testing.T, st store.Store, name string) {
	t.Helper()
	path := "/tables/" + name + "/head"
	head, err := st.Get(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	open := bytes.Replace(head.Data, []byte(`"open":false`), []byte(`"open":true`), 1)
	if err := st.Multi(t.Context(), store.Set(path, open, head.Version)); err != nil {
		t.Fatal(err)
	}
}
