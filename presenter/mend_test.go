package presenter

import (
	"bytes"
	"strings"
	"testing"

	"zonecast/internal/load"
	"zonecast/internal/store"
	"zonecast/internal/table"
)

// A leader that dies in the middle of a large load must not take its successors with it: the torn file's records stay
// served, and the same commit can be pushed again.
func TestHalfALoadIsMended(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.push("c1", true, "example.com.yaml", small)
	r.serves("ns1.example.com.", "3600 A 192.0.2.53")
	r.stop()
	w, err := table.OpenWriter(t.Context(), r.st, "zones", table.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tx := w.Begin()
	tx.Delete("file/example.com.yaml#0000")
	if err := table.Commit(t.Context(), tx); err != nil {
		t.Fatal(err)
	}
	const path = "/tables/zones/head"
	head, err := r.st.Get(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	open := bytes.Replace(head.Data, []byte(`"open":false`), []byte(`"open":true`), 1)
	if err := r.st.Multi(t.Context(), store.Set(path, open, head.Version)); err != nil {
		t.Fatal(err)
	}

	r.start()
	r.serves("ns1.example.com.", "3600 A 192.0.2.53")
	if a := r.push("c1", true, "example.com.yaml", strings.Replace(small, ".53", ".54", 1)); a.Status != load.StatusLoaded {
		t.Fatalf("%+v", a)
	}
	r.serves("ns1.example.com.", "3600 A 192.0.2.54")
}
