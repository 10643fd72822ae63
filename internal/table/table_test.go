package table

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"zonecast/internal/store"
)

// small makes everything happen early: few shards, doubled soon, a short log, groups of small multis.
var small = Options{
	Instance: "w1", Shards: 2, KeepLog: 5, growAt: 512, maxMulti: 14 << 10, bulkFrom: 6 << 10, keepBytes: 16 << 10,
	firstPause: 10 * time.Microsecond,
}

func mustOpen(t testing.TB, st store.Store, name string, opt Options) *Writer {
	t.Helper()
	w, err := OpenWriter(t.Context(), st, name, opt)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func mustCommit(t testing.TB, txs ...*Tx) {
	t.Helper()
	if err := Commit(t.Context(), txs...); err != nil {
		t.Fatal(err)
	}
}

func rows(all func(func(string, []byte) bool)) map[string]string {
	m := map[string]string{}
	for k, v := range all {
		m[k] = string(v)
	}
	return m
}

// want checks that writer, follower-independent view and lookups show the same rows.
func want(t testing.TB, st store.Store, name string, model map[string]string) {
	t.Helper()
	v, err := Read(t.Context(), st, name)
	if err != nil {
		t.Fatal(err)
	}
	if got := rows(v.All()); !maps.Equal(got, model) {
		t.Fatalf("table %s: %d rows, want %d", name, len(got), len(model))
	}
	if v.Head.Rows != int64(len(model)) || v.Head.Open {
		t.Fatalf("table %s: head says %d rows, open %v; want %d", name, v.Head.Rows, v.Head.Open, len(model))
	}
	if v.Head.Bytes != v.img.bytes {
		t.Fatalf("table %s: head says %d octets, there are %d", name, v.Head.Bytes, v.img.bytes)
	}
	for k, val := range model {
		got, ok, err := Lookup(t.Context(), st, name, k)
		if err != nil || !ok || string(got) != val {
			t.Fatalf("Lookup(%q) = %q, %v, %v; want %q", k, got, ok, err, val)
		}
	}
}

func TestCommitAndFollow(t *testing.T) {
	t.Parallel()
	st := newFake()
	if _, err := ReadHead(t.Context(), st, "zones"); !errors.Is(err, ErrNotFound) {
		t.Fatalf("head of an absent table: %v", err)
	}
	if _, _, err := Lookup(t.Context(), st, "zones", "k"); !errors.Is(err, ErrNotFound) {
		t.Fatalf("row of an absent table: %v", err)
	}
	w := mustOpen(t, st, "zones", small)
	f := Follow(st, "zones")
	defer f.Close()
	if b, err := f.Next(t.Context()); err != nil || !b.Reset || len(rows(f.All())) != 0 {
		t.Fatalf("first batch: %+v, %v", b, err)
	}
	tx := w.Begin()
	tx.Put("a", []byte("1"))
	tx.Put("b", nil)
	tx.Delete("c")
	if v, ok := tx.Get("a"); !ok || string(v) != "1" {
		t.Fatal("a transaction must read its own changes")
	}
	mustCommit(t, tx)
	b, err := f.Next(t.Context())
	if err != nil || b.Reset || len(b.Changes) != 2 || b.Head.Seq != 1 || b.Head.Rows != 2 {
		t.Fatalf("second batch: %+v, %v", b, err)
	}
	if v, ok := f.Get("b"); !ok || v == nil || len(v) != 0 {
		t.Fatalf("an empty value is a value: %v %v", v, ok)
	}
	tx = w.Begin()
	tx.Put("a", []byte("1"))
	tx.Delete("nobody")
	if tx.Changed() {
		t.Fatal("the same value again is no change")
	}
	tx.SetAsOf(time.Unix(1795000000, 5))
	tx.SetInput("generated.main", Position{1, 7})
	mustCommit(t, tx)
	b, err = f.Next(t.Context())
	if err != nil || len(b.Changes) != 0 || b.Head.Seq != 1 || b.Head.AsOf != 1795000000 || b.Head.Inputs["generated.main"].Seq != 7 {
		t.Fatalf("heartbeat: %+v, %v", b, err)
	}
	tx = w.Begin()
	tx.Delete("a")
	tx.SetTaken(time.UnixMilli(1795000000123))
	if !tx.Changed() {
		t.Fatal("a deletion is a change")
	}
	mustCommit(t, tx)
	mustCommit(t, w.Begin()) // a heartbeat brings no event
	b, err = f.Next(t.Context())
	if err != nil || len(b.Changes) != 1 || b.Head.Taken != 1795000000123 {
		t.Fatalf("after an event: %+v, %v", b, err)
	}
	want(t, st, "zones", map[string]string{"b": ""})
	if names, err := List(t.Context(), st); err != nil || len(names) != 1 || names[0] != "zones" {
		t.Fatalf("List: %v, %v", names, err)
	}
}

func TestP4InputsNeverGoBack(t *testing.T) {
	t.Parallel()
	w := mustOpen(t, newFake(), "presented", small)
	tx := w.Begin()
	tx.SetInput("generated.main", Position{2, 10})
	mustCommit(t, tx)
	for _, p := range []Position{{2, 9}, {1, 11}} {
		tx = w.Begin()
		tx.Put("k", []byte("v"))
		tx.SetInput("generated.main", p)
		if Commit(t.Context(), tx) == nil {
			t.Fatalf("%+v after {2 10}: committed", p)
		}
	}
	tx = w.Begin()
	tx.SetInput("generated.main", Position{3, 10})
	mustCommit(t, tx)
	if _, ok := w.Get("k"); ok {
		t.Fatal("a refused transaction left a row")
	}
}

func TestP4PausedWriterIsFenced(t *testing.T) {
	t.Parallel()
	st := newFake()
	old := mustOpen(t, st, "zones", small)
	tx := old.Begin()
	tx.Put("k", []byte("new"))
	mustOpen(t, st, "zones", small)
	if err := Commit(t.Context(), tx); !errors.Is(err, ErrFenced) {
		t.Fatalf("commit of the paused writer: %v", err)
	}
	if err := Commit(t.Context(), old.Begin()); !errors.Is(err, ErrFenced) {
		t.Fatalf("and again: %v", err)
	}
	if err := old.grow(t.Context(), 8); !errors.Is(err, ErrFenced) {
		t.Fatalf("a fenced writer doubled the shards: %v", err)
	}
	want(t, st, "zones", map[string]string{})
}

func TestRefusedBeforeAnythingChanges(t *testing.T) {
	t.Parallel()
	st := newFake()
	w := mustOpen(t, st, "zones", Options{Shards: 1, growAt: 1 << 40})
	noise := func() []byte {
		b := make([]byte, MaxValue)
		for i := range b {
			b[i] = byte(rand.Uint32())
		}
		return b
	}
	for name, fill := range map[string]func(tx *Tx){
		"value":     func(tx *Tx) { tx.Put("k", make([]byte, MaxValue+1)) },
		"key":       func(tx *Tx) { tx.Put(strings.Repeat("k", MaxKey+1), nil) },
		"empty key": func(tx *Tx) { tx.Put("", nil) },
		"shard": func(tx *Tx) {
			for i := range 5 {
				tx.Put(fmt.Sprint(i), noise())
			}
		},
		"operations": func(tx *Tx) {
			for i := range 4 {
				tx.Also(store.Create(fmt.Sprint("/x/", i), make([]byte, 250<<10)))
			}
		},
		"both": func(tx *Tx) {
			for i := range 4 {
				tx.Put(fmt.Sprint(i), noise()[2048:])
			}
			tx.Also(store.Create("/x", make([]byte, store.MaxNode)))
		},
	} {
		tx := w.Begin()
		tx.Put("fine", []byte("v"))
		fill(tx)
		if err := Commit(t.Context(), tx); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
	want(t, st, "zones", map[string]string{})
	tx := w.Begin()
	tx.Put("largest", noise())
	mustCommit(t, tx)
}

func TestAlsoIsPartOfTheCommit(t *testing.T) {
	t.Parallel()
	st := newFake()
	w := mustOpen(t, st, "zones", small)
	tx := w.Begin()
	tx.Put("k", []byte("v"))
	tx.Also(store.Create("/releases/log/1", []byte("delta")))
	mustCommit(t, tx)
	tx = w.Begin()
	tx.Put("k", []byte("w"))
	tx.Also(store.Create("/releases/log/1", nil))
	if err := Commit(t.Context(), tx); !errors.Is(err, store.ErrExists) {
		t.Fatalf("an operation that fails: %v", err)
	}
	want(t, st, "zones", map[string]string{"k": "v"})
	tx = w.Begin()
	tx.Put("k", []byte("x"))
	mustCommit(t, tx) // such a failure is the caller's, and the writer goes on
}

// fill commits n rows of about size octets that do not compress.
func fill(tx *Tx, model map[string]string, prefix string, n, size int) {
	for i := range n {
		v := make([]byte, size)
		for j := range v {
			v[j] = byte(rand.Uint32())
		}
		k := fmt.Sprintf("%s%05d", prefix, i)
		tx.Put(k, v)
		model[k] = string(v)
	}
}

func TestGroupAcrossTables(t *testing.T) {
	t.Parallel()
	st := newFake()
	a, b := mustOpen(t, st, "a", small), mustOpen(t, st, "b", small)
	fa := Follow(st, "a")
	defer fa.Close()
	ma, mb := map[string]string{}, map[string]string{}
	ta, tb := a.Begin(), b.Begin()
	fill(ta, ma, "a", 200, 100)
	fill(tb, mb, "b", 20, 100)
	tb.Also(store.Create("/with/the/last", nil))
	mustCommit(t, ta, tb)
	want(t, st, "a", ma)
	want(t, st, "b", mb)
	if a.Head().Seq < 2 || a.Head().Commit != b.Head().Commit {
		t.Fatalf("no group: %+v %+v", a.Head(), b.Head())
	}
	if _, err := st.Get(t.Context(), "/with/the/last"); err != nil {
		t.Fatal(err)
	}
}

// A bulk commit skips the log, so followers read all again; and the log's nodes go, little by little.
func TestBulkMeansReadAgain(t *testing.T) {
	t.Parallel()
	st := newFake()
	w := mustOpen(t, st, "zones", small)
	f := Follow(st, "zones")
	defer f.Close()
	model := map[string]string{}
	for i := range 8 {
		tx := w.Begin()
		fill(tx, model, fmt.Sprint("first", i), 1, 10)
		mustCommit(t, tx)
	}
	if _, err := f.Next(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := w.Head(); got.LogFrom != got.Seq-4 {
		t.Fatalf("a log of five commits: %+v", got)
	}
	tx := w.Begin()
	fill(tx, model, "bulk", 300, 100)
	mustCommit(t, tx)
	if got := w.Head(); got.LogFrom != got.Seq+1 {
		t.Fatalf("the bulk was logged: %+v", got)
	}
	b, err := f.Next(t.Context())
	if err != nil || !b.Reset || !maps.Equal(rows(f.All()), model) {
		t.Fatalf("after a bulk: reset %v, %v", b.Reset, err)
	}
	if names, _ := st.Children(t.Context(), logFolder("zones")); len(names) != 0 {
		t.Fatalf("still in the log: %v", names)
	}
}

// The log is trimmed by its size too.
func TestP9LogIsBounded(t *testing.T) {
	t.Parallel()
	st := newFake()
	opt := small
	opt.KeepLog, opt.keepBytes, opt.growAt = 1000, 4<<10, 1<<20
	w := mustOpen(t, st, "zones", opt)
	for range 60 {
		tx := w.Begin()
		fill(tx, map[string]string{}, "k", 2, 200)
		mustCommit(t, tx)
	}
	names, _ := st.Children(t.Context(), logFolder("zones"))
	if len(names) < 5 || len(names) > 10 {
		t.Fatalf("%d entries of 400 octets in a log of 4 KiB", len(names))
	}
	w = mustOpen(t, st, "zones", opt) // a new writer knows the sizes too
	tx := w.Begin()
	tx.Put("one", []byte("more"))
	mustCommit(t, tx)
	if after, _ := st.Children(t.Context(), logFolder("zones")); len(after) > len(names)+1 {
		t.Fatalf("%d entries, then %d", len(names), len(after))
	}
}

func TestShardsDouble(t *testing.T) {
	t.Parallel()
	st := newFake()
	w := mustOpen(t, st, "zones", small)
	f := Follow(st, "zones")
	defer f.Close()
	model := map[string]string{}
	for i := range 40 {
		tx := w.Begin()
		fill(tx, model, fmt.Sprint("r", i, "-"), 5, 60)
		mustCommit(t, tx)
		b, err := f.Next(t.Context())
		if err != nil || i > 0 && b.Reset {
			t.Fatalf("commit %d: reset %v, %v", i, b.Reset, err)
		}
		if !maps.Equal(rows(f.All()), model) {
			t.Fatalf("commit %d: the follower differs", i)
		}
	}
	if n := w.Head().Shards; n < 16 {
		t.Fatalf("%d shards for %d octets", n, w.Head().Bytes)
	}
	want(t, st, "zones", model)
	if counts, _ := st.Children(t.Context(), shardsFolder("zones")); len(counts) != 1 {
		t.Fatalf("old shards are still there: %v", counts)
	}
}

// An open group is nobody's to act on (P2); the next writer's first commit closes it.
func TestOpenGroupWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := &faultStore{Store: newFake()}
		opt := small
		opt.Shards = 64 // enough, so that they are not doubled before the group
		w := mustOpen(t, st, "zones", opt)
		f := Follow(st, "zones")
		defer f.Close()
		if _, err := f.Next(t.Context()); err != nil {
			t.Fatal(err)
		}
		st.crashAfter = 2
		tx := w.Begin()
		fill(tx, map[string]string{}, "k", 150, 100)
		if err := Commit(t.Context(), tx); !errors.Is(err, errCrash) {
			t.Fatalf("commit: %v", err)
		}
		if Commit(t.Context(), w.Begin()) == nil {
			t.Fatal("a writer that lost track went on")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if b, err := f.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("in the middle of a group: %+v, %v", b, err)
		}
		if _, err := Read(ctx, st, "zones"); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("read in the middle of a group: %v", err)
		}
		w = mustOpen(t, st, "zones", small)
		ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if b, err := f.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("half a change after the takeover: %+v, %v", b, err)
		}
		tx = w.Begin()
		if !tx.Changed() {
			t.Fatal("a writer that finds a group open need not close it")
		}
		mustCommit(t, tx)
		if b, err := f.Next(t.Context()); err != nil || b.Head.Fence != w.Head().Fence {
			t.Fatalf("after the takeover: %+v, %v", b, err)
		}
		if !maps.Equal(rows(f.All()), rows(w.All())) {
			t.Fatal("follower and new writer differ")
		}
	})
}

func TestShardsAreDeterministic(t *testing.T) {
	t.Parallel()
	keys := []string{"a", "b", "c", "d", "e"}
	var first []byte
	for range 20 {
		img := newImage(1)
		rand.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
		for _, k := range keys {
			if err := img.replay([]Change{{k, []byte("old")}, {"gone", []byte{}}, {k, []byte(k)}, {"gone", nil}}); err != nil {
				t.Fatal(err)
			}
		}
		if first == nil {
			first = img.shards[0]
		}
		if !bytes.Equal(first, img.shards[0]) {
			t.Fatal("the same rows, other octets")
		}
	}
}
