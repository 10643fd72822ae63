package storetest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"zonecast/internal/store"
)

// model is the tree as a plain map, with the rules of the page written out once more, slowly.
type model map[string]store.Node

func (m model) children(p string) []string {
	var names []string
	for q := range m {
		if parent, name := store.Split(q); parent == p {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// multi gives the tree afterwards, and the failed step's reason. Parents are in pool's tree from the start.
func (m model) multi(ops []store.Op) (model, int, error) {
	next := maps.Clone(m)
	for i, op := range ops {
		n, ok := next[op.Path]
		parent, _ := store.Split(op.Path)
		_, hasParent := next[parent]
		switch {
		case op.Kind == store.KindCreate && ok:
			return m, i, store.ErrExists
		case op.Kind == store.KindCreate && !hasParent && parent != "/":
			return m, i, store.ErrNotFound
		case op.Kind == store.KindCreate:
			next[op.Path] = store.Node{Data: op.Data}
			continue
		case !ok:
			return m, i, store.ErrNotFound
		case op.Version != store.AnyVersion && op.Version != n.Version:
			return m, i, store.ErrVersion
		case op.Kind == store.KindSet:
			next[op.Path] = store.Node{Data: op.Data, Version: n.Version + 1}
		case op.Kind == store.KindDelete && len(next.children(op.Path)) > 0:
			return m, i, store.ErrNotEmpty
		case op.Kind == store.KindDelete:
			delete(next, op.Path)
		}
	}
	return next, 0, nil
}

// testModel compares random Multis with the model. Creates stay one level below what exists before the Multi;
// implicit parents have testParents.
func testModel(t *testing.T, tree Tree) {
	st := session(t, tree)
	run := 0
	rapid.Check(t, func(r *rapid.T) {
		run++
		root := fmt.Sprintf("/run%d", run)
		do(t, st, store.Create(root, nil))
		m := model{root: {}}
		paths := []string{root + "/a", root + "/b", root + "/a/x", root + "/a/y"}
		for range rapid.IntRange(1, 6).Draw(r, "multis") {
			var ops []store.Op
			for range rapid.IntRange(1, 5).Draw(r, "steps") {
				op := store.Op{
					Kind:    rapid.SampledFrom([]store.Kind{store.KindCreate, store.KindSet, store.KindDelete, store.KindCheck}).Draw(r, "kind"),
					Path:    rapid.SampledFrom(paths).Draw(r, "path"),
					Version: rapid.Int64Range(-1, 2).Draw(r, "version"),
				}
				if op.Kind == store.KindCreate || op.Kind == store.KindSet {
					op.Data = rapid.SliceOfN(rapid.Byte(), 0, 8).Draw(r, "data")
				}
				if _, ok := m[root+"/a"]; op.Kind == store.KindCreate && strings.HasPrefix(op.Path, root+"/a/") && !ok {
					continue
				}
				ops = append(ops, op)
			}
			next, index, want := m.multi(ops)
			err := st.Multi(t.Context(), ops...)
			var step *store.OpError
			switch {
			case want == nil && err != nil:
				r.Fatalf("%v: %v", ops, err)
			case want != nil && (!errors.Is(err, want) || !errors.As(err, &step) || step.Index != index):
				r.Fatalf("%v: %v, want %v at step %d", ops, err, want, index)
			}
			m = next
			nodes, err := st.GetMany(t.Context(), paths)
			if err != nil {
				r.Fatal(err)
			}
			for i, got := range nodes {
				want, ok := m[paths[i]]
				if !ok {
					want = store.Node{Version: -1}
				}
				if string(got.Data) != string(want.Data) || got.Version != want.Version {
					r.Fatalf("%v: %s is %v, want %v", ops, paths[i], got, want)
				}
			}
			names, err := st.Children(t.Context(), root)
			if want := m.children(root); err != nil || !slices.Equal(names, want) {
				r.Fatalf("children %q (%v), want %q", names, err, want)
			}
		}
	})
}
