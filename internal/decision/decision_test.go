package decision

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zonecast/internal/store"
	"zonecast/internal/store/embedded"
)

func open(t *testing.T) store.Store {
	t.Helper()
	st, err := embedded.Open(filepath.Join(t.TempDir(), "store.db"), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return st
}

func TestListIsNewestFirst(t *testing.T) {
	t.Parallel()
	st := open(t)
	if list, err := List(t.Context(), st, 10); err != nil || len(list) != 0 {
		t.Fatalf("of nothing: %v, %v", list, err)
	}
	for i := range 3 {
		e := Entry{At: int64(i), Stage: "presenter", What: Release, By: "ana@host1", Reason: "CHG-77", Cause: strings.Repeat("é", maxText)}
		if err := st.Multi(t.Context(), Op(e)); err != nil {
			t.Fatal(err)
		}
	}
	list, err := List(t.Context(), st, 2)
	if err != nil || len(list) != 2 || list[0].At != 2 || list[1].At != 1 || list[0].By != "ana@host1" {
		t.Errorf("%+v, %v", list, err)
	}
	if n := len(list[0].Cause); n > maxText {
		t.Errorf("a cause of %d octets", n)
	}
}

// The log is bounded (P9), and loses the oldest.
func TestP9Trim(t *testing.T) {
	t.Parallel()
	st := open(t)
	var ops []store.Op
	for i := range Keep + 7 {
		ops = append(ops, store.Create(fmt.Sprintf("%s/%020d-0", folder, i), fmt.Appendf(nil, `{"at":%d}`, i)))
	}
	if err := st.Multi(t.Context(), ops...); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second finds nothing to do
		if err := Trim(t.Context(), st); err != nil {
			t.Fatal(err)
		}
	}
	list, err := List(t.Context(), st, 2*Keep)
	if err != nil || len(list) != Keep || list[0].At != Keep+6 || list[Keep-1].At != 7 {
		t.Errorf("%d entries, %v", len(list), err)
	}
}
