package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"zonecast/internal/store"
)

func testGet(t *testing.T, tree Tree) {
	st := session(t, tree)
	wantAbsent(t, st, "/a")
	do(t, st, store.Create("/a", []byte("x")))
	wantData(t, st, "/a", "x", 0)
	do(t, st, store.Create("/empty", nil))
	wantData(t, st, "/empty", "", 0)
	binary := make([]byte, 256)
	for i := range binary {
		binary[i] = byte(i)
	}
	do(t, st, store.Create("/binary", binary))
	wantData(t, st, "/binary", string(binary), 0)
}

func testGetMany(t *testing.T, tree Tree) {
	st := session(t, tree)
	const n = 3000 // more than any pipeline is deep
	paths := make([]string, n)
	var ops []store.Op
	for i := range paths {
		paths[i] = fmt.Sprintf("/many/%04d", i)
		if i%3 != 0 {
			ops = append(ops, store.Create(paths[i], []byte(paths[i])))
		}
	}
	do(t, st, ops...)
	for _, ask := range [][]string{paths, paths[:2], nil} {
		nodes, err := st.GetMany(t.Context(), ask)
		if err != nil {
			t.Fatal(err)
		}
		if len(nodes) != len(ask) {
			t.Fatalf("%d nodes for %d paths", len(nodes), len(ask))
		}
		for i, node := range nodes {
			switch {
			case i%3 == 0 && (node.Version != -1 || node.Data != nil):
				t.Fatalf("absent %s: %v", ask[i], node)
			case i%3 != 0 && (node.Version != 0 || string(node.Data) != ask[i]):
				t.Fatalf("%s: %q version %d", ask[i], node.Data, node.Version)
			}
		}
	}
}

func testChildren(t *testing.T, tree Tree) {
	st := session(t, tree)
	wantChildren(t, st, "/")
	if _, err := st.Children(t.Context(), "/a"); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("Children of nothing: %v", err)
	}
	// Names around the separator in ASCII order, and a grandchild, which is no child.
	do(t, st, store.Create("/a/z", nil), store.Create("/a/b", nil), store.Create("/a/b-c", nil),
		store.Create("/a/b/deep", nil), store.Create("/a/b.c", nil), store.Create("/ab", nil))
	wantChildren(t, st, "/a", "b", "b-c", "b.c", "z")
	wantChildren(t, st, "/a/z")
	wantChildren(t, st, "/", "a", "ab")
}

func testSync(t *testing.T, tree Tree) {
	writer, reader := session(t, tree), session(t, tree)
	do(t, writer, store.Create("/n", nil), store.Create("/m", nil))
	for v := range int64(50) {
		do(t, writer, store.Set("/n", fmt.Append(nil, v), v))
		if err := reader.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		n, err := reader.Get(t.Context(), "/n")
		if err != nil || n.Version != v+1 {
			t.Fatalf("after Sync: version %d (%v), want %d", n.Version, err, v+1)
		}
		// GetMany is as fresh without a Sync.
		do(t, writer, store.Set("/m", nil, store.AnyVersion))
		many, err := reader.GetMany(t.Context(), []string{"/m", "/n"})
		if err != nil || many[0].Version != v+1 {
			t.Fatalf("GetMany: version %d (%v), want %d", many[0].Version, err, v+1)
		}
	}
}

func testReadYourWrites(t *testing.T, tree Tree) {
	st := session(t, tree)
	do(t, st, store.Create("/n", nil))
	many := make([]string, 200)
	for i := range many {
		many[i] = "/n"
	}
	for v := range int64(30) {
		do(t, st, store.Set("/n", nil, v))
		wantData(t, st, "/n", "", v+1)
		nodes, err := st.GetMany(t.Context(), many)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range nodes {
			if n.Version != v+1 {
				t.Fatalf("GetMany after a write: version %d, want %d", n.Version, v+1)
			}
		}
	}
}

func testEndedContext(t *testing.T, tree Tree) {
	st := session(t, tree)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	calls := map[string]func() error{
		"Get":      func() error { _, err := st.Get(ctx, "/"); return err },
		"GetMany":  func() error { _, err := st.GetMany(ctx, []string{"/"}); return err },
		"Children": func() error { _, err := st.Children(ctx, "/"); return err },
		"Multi":    func() error { return st.Multi(ctx, store.Create("/a", nil)) },
		"Sync":     func() error { return st.Sync(ctx) },
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want context.Canceled", name, err)
		}
	}
	wantAbsent(t, st, "/a")
}
