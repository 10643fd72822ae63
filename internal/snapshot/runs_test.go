package snapshot

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"zonecast/internal/zone"
)

type entry struct{ key, payload string }

// TestRunsSort: keys come out in order, equal ones in the order in which they were put, over several runs.
func TestRunsSort(t *testing.T) {
	t.Parallel()
	labels := rapid.SampledFrom([]string{"a", "b", "aaaaaaaa", "aaaaaaab", "aaaaaaaaa", "\x00", "\x01\x00", "\xff", "web", "webwebweb1", "webwebweb2"})
	rapid.Check(t, func(rt *rapid.T) {
		r := newRuns()
		var want []entry
		for i := range rapid.IntRange(0, 60).Draw(rt, "entries") {
			n := zone.Root
			for _, label := range rapid.SliceOfN(labels, 0, 4).Draw(rt, "labels") {
				n, _ = n.Child(label)
			}
			e := entry{string(appendKey(nil, n)), fmt.Sprint(i)}
			r.put([]byte(e.key), []byte(e.payload))
			if rapid.IntRange(0, 3).Draw(rt, "extend") == 0 && r.extend([]byte("+")) {
				e.payload += "+"
			}
			if rapid.IntRange(0, 9).Draw(rt, "next run") == 0 {
				r.flush()
			}
			want = append(want, e)
		}
		slices.SortStableFunc(want, func(a, b entry) int { return bytes.Compare([]byte(a.key), []byte(b.key)) })
		if got := merged(t, r); !slices.Equal(got, want) {
			rt.Fatalf("got\n%q\nwant\n%q", got, want)
		}
	})
}

func merged(t *testing.T, r *runs) (list []entry) {
	t.Helper()
	err := r.merge(func(key, payload []byte) error {
		list = append(list, entry{string(key), string(payload)})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestManyRuns: with more than one run holds, in every order.
func TestManyRuns(t *testing.T) {
	t.Parallel()
	for name, order := range map[string]func(i int) int{
		"ascending": func(i int) int { return i }, "descending": func(i int) int { return 99_999 - i },
		"shuffled": func() func(i int) int {
			p := rand.New(rand.NewPCG(1, 1)).Perm(100_000)
			return func(i int) int { return p[i] }
		}(),
	} {
		r := newRuns()
		for i := range 100_000 {
			r.put(fmt.Appendf(nil, "example\x00h%06d\x00", order(i)), []byte("x"))
		}
		got := merged(t, r)
		if len(got) != 100_000 || len(r.done) < 3 || !slices.IsSortedFunc(got, func(a, b entry) int { return bytes.Compare([]byte(a.key), []byte(b.key)) }) {
			t.Errorf("%s: %d of 100,000 in %d runs, or not sorted", name, len(got), len(r.done))
		}
	}
}

// TestExtendStaysInItsRun: a payload that has no room is refused, and none goes on from one run to the next.
func TestExtendStaysInItsRun(t *testing.T) {
	t.Parallel()
	r := newRuns()
	if r.extend([]byte("x")) {
		t.Error("extended nothing")
	}
	r.put([]byte("a"), nil)
	if r.extend(make([]byte, firstRun)) {
		t.Error("extended past the run")
	}
	r.flush()
	if r.extend([]byte("x")) {
		t.Error("extended a run that is being sorted")
	}
}
