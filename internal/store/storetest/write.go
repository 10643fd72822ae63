package storetest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"zonecast/internal/store"
)

func testVersions(t *testing.T, tree Tree) {
	st := session(t, tree)
	do(t, st, store.Create("/a", []byte("0")))
	do(t, st, store.Set("/a", []byte("1"), 0))
	do(t, st, store.Set("/a", []byte("2"), store.AnyVersion), store.Set("/a", []byte("3"), 2))
	wantData(t, st, "/a", "3", 3)
	wantStep(t, st.Multi(t.Context(), store.Set("/a", nil, 2)), 0, store.ErrVersion)
	do(t, st, store.Check("/a", 3), store.Check("/a", store.AnyVersion))
	do(t, st, store.Delete("/a", 3))
	do(t, st, store.Create("/a", nil))
	wantData(t, st, "/a", "", 0) // starts again
	do(t, st)                    // nothing to do is done
}

func testStepErrors(t *testing.T, tree Tree) {
	st := session(t, tree)
	do(t, st, store.Create("/a", nil), store.Create("/a/b", nil), store.CreateEphemeral("/e", nil))
	for _, test := range []struct {
		name string
		op   store.Op
		want error
	}{
		{"create what is there", store.Create("/a", nil), store.ErrExists},
		{"create ephemeral what is there", store.CreateEphemeral("/a", nil), store.ErrExists},
		{"create below an ephemeral node", store.Create("/e/x", nil), store.ErrEphemeral},
		{"set what is not there", store.Set("/x", nil, store.AnyVersion), store.ErrNotFound},
		{"set another version", store.Set("/a", nil, 1), store.ErrVersion},
		{"delete what is not there", store.Delete("/x", store.AnyVersion), store.ErrNotFound},
		{"delete another version", store.Delete("/a/b", 1), store.ErrVersion},
		{"delete with children", store.Delete("/a", 0), store.ErrNotEmpty},
		{"check what is not there", store.Check("/x", store.AnyVersion), store.ErrNotFound},
		{"check another version", store.Check("/a", 1), store.ErrVersion},
	} {
		wantStep(t, st.Multi(t.Context(), store.Check("/a", 0), test.op, store.Check("/nowhere", 0)), 1, test.want)
		if err := st.Multi(t.Context(), test.op); !errors.Is(err, test.want) {
			t.Errorf("%s, alone: %v, want %v", test.name, err, test.want)
		}
	}
	wantData(t, st, "/a", "", 0)
	wantChildren(t, st, "/", "a", "e")
}

func testAtomic(t *testing.T, tree Tree) {
	st := session(t, tree)
	do(t, st, store.Create("/a", []byte("a")), store.Create("/b", []byte("b")), store.CreateEphemeral("/e", []byte("e")))
	err := st.Multi(t.Context(),
		store.Set("/a", []byte("changed"), 0), store.Set("/a", []byte("again"), 1), store.Delete("/b", 0),
		store.Create("/b", []byte("other")), store.Create("/c", nil), store.CreateEphemeral("/f", nil),
		store.Set("/e", nil, 0), store.Delete("/e", 1), store.Check("/a", 7))
	wantStep(t, err, 8, store.ErrVersion)
	wantData(t, st, "/a", "a", 0)
	wantData(t, st, "/b", "b", 0)
	wantData(t, st, "/e", "e", 0)
	wantChildren(t, st, "/", "a", "b", "e")
}

func testStepsInOrder(t *testing.T, tree Tree) {
	st := session(t, tree)
	do(t, st, store.Create("/a", nil), store.Create("/a/b", nil), store.Set("/a/b", []byte("1"), 0),
		store.Check("/a/b", 1), store.Delete("/a/b", 1), store.Delete("/a", 0), store.Create("/a", []byte("2")))
	wantData(t, st, "/a", "2", 0)
	wantChildren(t, st, "/a")
}

func testParents(t *testing.T, tree Tree) {
	st := session(t, tree)
	do(t, st, store.Create("/a/b/c", []byte("x")), store.Create("/a/b/d", nil), store.CreateEphemeral("/l/m", nil))
	wantData(t, st, "/a", "", 0)
	wantData(t, st, "/a/b", "", 0)
	do(t, st, store.Delete("/a/b/c", 0), store.Delete("/a/b/d", 0), store.Delete("/l/m", 0))
	wantChildren(t, st, "/a", "b") // parents stay
	wantChildren(t, st, "/l")
	do(t, st, store.Create("/p", nil), store.Create("/p/q", nil)) // an explicit parent is no obstacle

	// Parents are made before the transaction: not again when it deletes them, nor below what it makes.
	wantStep(t, st.Multi(t.Context(), store.Delete("/l", 0), store.Create("/l/n", nil)), 1, store.ErrNotFound)
	wantStep(t, st.Multi(t.Context(), store.Create("/r", nil), store.Create("/r/s/t", nil)), 1, store.ErrNotFound)
	wantChildren(t, st, "/", "a", "l", "p")
	wantStep(t, st.Multi(t.Context(), store.Create("/u/v", nil), store.Create("/u", nil)), 1, store.ErrExists)
}

func testLimits(t *testing.T, tree Tree) {
	st := session(t, tree)
	big := make([]byte, store.MaxNode)
	do(t, st, store.Create("/big", big))
	wantData(t, st, "/big", string(big), 0)
	over := append(big, 0)
	for _, op := range []store.Op{store.Create("/x", over), store.Set("/big", over, 0)} {
		wantStep(t, st.Multi(t.Context(), store.Create("/y", nil), op), 1, store.ErrTooLarge)
	}
	// The very largest Multi goes through, one octet more does not: many small operations, whose overhead
	// counts, and a large one.
	var ops []store.Op
	size := 0
	for i := 0; size < store.MaxMulti-2*store.MaxPath; i++ {
		ops = append(ops, store.Create(fmt.Sprintf("/small/%06d", i), nil))
		size += ops[i].Size()
	}
	rest := store.Create("/rest", nil)
	rest.Data = make([]byte, store.MaxMulti-size-rest.Size())
	do(t, st, store.Create("/small", nil))
	do(t, st, append(ops, rest)...)
	wantData(t, st, "/rest", string(rest.Data), 0)

	two := []store.Op{store.Set("/big", big, 0), store.Set("/rest", nil, 0)}
	two[1].Data = make([]byte, store.MaxMulti-two[0].Size()-two[1].Size()+1)
	if err := st.Multi(t.Context(), two...); !errors.Is(err, store.ErrTooLarge) {
		t.Fatalf("a Multi one octet too large: %v", err)
	}
	wantData(t, st, "/big", string(big), 0)
	two[1].Data = two[1].Data[1:]
	do(t, st, two...)
	wantAbsent(t, st, "/y")
}

func testPaths(t *testing.T, tree Tree) {
	st := session(t, tree)
	for _, p := range []string{"", "a", "/a/", "//a", "/a//b", "/.", "/a/../b", "/a/.", "/a\x00b", "/a\nb", "/a\u0085b",
		"/" + strings.Repeat("x", store.MaxPath)} {
		wantStep(t, st.Multi(t.Context(), store.Create("/ok", nil), store.Create(p, nil)), 1, store.ErrPath)
		if _, err := st.Get(t.Context(), p); !errors.Is(err, store.ErrPath) {
			t.Errorf("Get %q: %v", p, err)
		}
		if _, err := st.GetMany(t.Context(), []string{"/", p}); !errors.Is(err, store.ErrPath) {
			t.Errorf("GetMany %q: %v", p, err)
		}
		if _, err := st.Children(t.Context(), p); !errors.Is(err, store.ErrPath) {
			t.Errorf("Children %q: %v", p, err)
		}
	}
	for _, op := range []store.Op{store.Create("/", nil), store.Set("/", nil, store.AnyVersion), store.Delete("/", store.AnyVersion)} {
		wantStep(t, st.Multi(t.Context(), op), 0, store.ErrPath)
	}
	wantAbsent(t, st, "/ok")
	for _, p := range []string{"/a b", "/10.2.0.192.in-addr.arpa.", "/\\*.example.", "/...", "/é", "/a/" + strings.Repeat("x", store.MaxPath-3)} {
		do(t, st, store.Create(p, []byte(p)))
		wantData(t, st, p, p, 0)
	}
}

func testDataIsCopied(t *testing.T, tree Tree) {
	st := session(t, tree)
	data := []byte("before")
	do(t, st, store.Create("/a", data))
	copy(data, "AFTER!")
	n, err := st.Get(t.Context(), "/a")
	if err != nil {
		t.Fatal(err)
	}
	copy(n.Data, "other!")
	wantData(t, st, "/a", "before", 0)
}

// testContention has two sessions raise a counter under version checks: no increment may be lost.
func testContention(t *testing.T, tree Tree) {
	sessions := []store.Store{session(t, tree), session(t, tree)}
	do(t, sessions[0], store.Create("/n", []byte{0}))
	const each = 40
	var wg sync.WaitGroup
	for i := range 4 {
		st := sessions[i%2]
		wg.Go(func() {
			for done := 0; done < each; {
				n, err := st.Get(t.Context(), "/n")
				if err == nil {
					err = st.Multi(t.Context(), store.Set("/n", []byte{n.Data[0] + 1}, n.Version))
				}
				switch {
				case err == nil:
					done++
				case !errors.Is(err, store.ErrVersion):
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	wantData(t, sessions[0], "/n", string([]byte{4 * each}), 4*each)
}
