package publisher

import (
	"path/filepath"
	"testing"
	"time"

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
	first := &term{pub: pub}
	for _, b := range []table.Batch{at(2, 10), at(2, 11), at(3, 1)} {
		if first.early(b) {
			t.Errorf("%+v is early", b.Head.Position())
		}
	}
	for _, b := range []table.Batch{at(2, 9), at(1, 99)} {
		if !first.early(b) {
			t.Errorf("%+v is not early", b.Head.Position())
		}
	}
	if (&term{pub: pub, again: true}).early(at(2, 9)) { // a table that was made anew must not wait for ever
		t.Error("a second batch is early")
	}
	if (&term{pub: pub, begun: true}).early(at(2, 9)) {
		t.Error("a later batch is early")
	}
}
