package embedded

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"zonecast/internal/store"
)

// several gives a file with trees of several levels, nodes that span pages, freed pages, and what is in it.
func several(t *testing.T) (path string, want map[string]int) {
	t.Helper()
	path, want = filepath.Join(t.TempDir(), "store.db"), map[string]int{}
	st, err := Open(path, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	for round := range 2 {
		var ops []store.Op
		for i := range 300 {
			p := fmt.Sprintf("/tables/t%d/%03d", round, i)
			want[p] = (i * 37) % 2000
			if i == 7 {
				want[p] = 50_000
			}
			ops = append(ops, store.Create(p, make([]byte, want[p])))
		}
		if err := st.Multi(t.Context(), ops...); err != nil {
			t.Fatal(err)
		}
	}
	var ops []store.Op
	for i := range 100 {
		p := fmt.Sprintf("/tables/t1/%03d", i)
		delete(want, p)
		ops = append(ops, store.Delete(p, 0))
	}
	if err := st.Multi(t.Context(), ops...); err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	return path, want
}

// TestDamagedFile damages pages at random. What opens can be read to its end; what does not says that it is damaged, and is left as it is.
func TestDamagedFile(t *testing.T) {
	t.Parallel()
	path, want := several(t)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	good = bytes.TrimRight(good, "\x00") // bbolt grows the file ahead
	page := os.Getpagesize()
	good = append(good, make([]byte, page-len(good)%page)...)
	random := rand.New(rand.NewPCG(4, 7))
	damages := map[string]func(b []byte) []byte{
		"cut":           func(b []byte) []byte { return b[:random.IntN(len(b)/page)*page+1] },
		"a page zeroed": func(b []byte) []byte { clear(b[random.IntN(len(b)/page)*page:][:page]); return b },
		"a page of noise": func(b []byte) []byte {
			at := random.IntN(len(b)/page) * page
			for i := range page {
				b[at+i] = byte(random.Uint32())
			}
			return b
		},
		"a page twice": func(b []byte) []byte {
			copy(b[random.IntN(len(b)/page)*page:][:page], b[random.IntN(len(b)/page)*page:])
			return b
		},
		"a header's octet": func(b []byte) []byte {
			b[random.IntN(len(b)/page)*page+random.IntN(64)] ^= byte(1 + random.IntN(255))
			return b
		},
		"a bit": func(b []byte) []byte { b[random.IntN(len(b))] ^= 1 << random.IntN(8); return b },
	}
	opened, refused := 0, 0
	for name, damage := range damages {
		for i := range 40 {
			bad := damage(append([]byte(nil), good...))
			file := filepath.Join(t.TempDir(), "store.db")
			if err := os.WriteFile(file, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			st, err := Open(file, time.Second)
			if err != nil {
				refused++
				if !errors.Is(err, ErrDamaged) {
					t.Errorf("%s, %d: %v", name, i, err)
				}
				if after, _ := os.ReadFile(file); string(after) != string(bad) {
					t.Errorf("%s, %d: the refused file was changed", name, i)
				}
				continue
			}
			opened++
			for p := range want {
				_, _ = st.Get(t.Context(), p) // what a value holds is for its reader to check
			}
			if err := st.Close(); err != nil {
				t.Errorf("%s, %d: %v", name, i, err)
			}
		}
	}
	t.Logf("%d damaged files refused, %d opened", refused, opened)
	if refused == 0 || opened == 0 {
		t.Errorf("%d refused, %d opened: the damage is of one kind", refused, opened)
	}
	st, err := Open(path, time.Second)
	if err != nil {
		t.Fatalf("the sound file: %v", err)
	}
	defer st.Close()
	for p, size := range want {
		if n, err := st.Get(t.Context(), p); err != nil || len(n.Data) != size {
			t.Fatalf("%s: %d octets, want %d: %v", p, len(n.Data), size, err)
		}
	}
}
