package table

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/klauspost/compress/s2"

	"zonecast/internal/store"
)

func TestP9BadNodesAreRefused(t *testing.T) {
	t.Parallel()
	shardOf := func(n int, raw ...byte) []byte {
		b, err := pack(frameShard, n, raw)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	good, entry := sampleShard(t)
	flipped := append([]byte(nil), good...)
	flipped[len(flipped)-1] ^= 1
	bomb := binary.AppendUvarint(append([]byte{frameShard, 1}, 0, 0, 0, 0), 1<<40)
	large := append([]byte{frameShard, 1, 0, 0, 0, 0}, s2.Encode(nil, make([]byte, maxRaw+1))...)
	for name, data := range map[string][]byte{
		"nothing":        {},
		"log entry":      entry,
		"cut":            good[:len(good)-3],
		"flipped bit":    flipped,
		"bomb":           bomb,
		"too large":      large,
		"more rows":      shardOf(2, 1, 'k', 0),
		"fewer rows":     shardOf(1, 1, 'k', 0, 1, 'l', 0),
		"key twice":      shardOf(2, 1, 'k', 0, 1, 'k', 0),
		"wrong order":    shardOf(2, 1, 'l', 0, 1, 'k', 0),
		"empty key":      shardOf(1, 0, 1, 'v'),
		"value past end": shardOf(1, 1, 'k', 9, 'v'),
	} {
		if _, err := decodeShard(data); !errors.Is(err, errCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, head := range map[string]string{
		"format":    `{"v":2,"shards":4,"fence":1,"log_from":1}`,
		"shards":    `{"v":1,"shards":3,"fence":1,"log_from":1}`,
		"fence":     `{"v":1,"shards":4,"fence":0,"log_from":1}`,
		"log":       `{"v":1,"shards":4,"fence":1,"log_from":3,"seq":1}`,
		"size":      `{"v":1,"shards":4,"fence":1,"log_from":1,"writer":"` + strings.Repeat("w", maxHead) + `"}`,
		"not JSON":  `head`,
		"rows":      `{"v":1,"shards":4,"fence":1,"log_from":1,"rows":-1}`,
		"too large": `{"v":1,"shards":2097152,"fence":1,"log_from":1}`,
	} {
		if h, err := decodeHead([]byte(head)); err == nil {
			t.Errorf("head with bad %s was taken: %+v", name, h)
		}
	}
	for _, name := range []string{"", ".", "..", "a/b", "é", strings.Repeat("a", 201)} {
		if checkName(name) == nil {
			t.Errorf("table name %q was taken", name)
		}
	}
}

// A log entry that cannot be read costs a read of everything, no more; a shard that cannot be read is an error.
func TestCorruptNodesInTheStore(t *testing.T) {
	t.Parallel()
	st := newFake()
	w := mustOpen(t, st, "zones", small)
	f := Follow(st, "zones")
	defer f.Close()
	if _, err := f.Next(t.Context()); err != nil {
		t.Fatal(err)
	}
	model := map[string]string{}
	tx := w.Begin()
	fill(tx, model, "k", 5, 20)
	mustCommit(t, tx)
	if err := st.Multi(t.Context(), store.Set(logPath("zones", 1), []byte("rubbish"), store.AnyVersion)); err != nil {
		t.Fatal(err)
	}
	if b, err := f.Next(t.Context()); err != nil || !b.Reset || !maps.Equal(rows(f.All()), model) {
		t.Fatalf("after a corrupt log entry: %+v, %v", b, err)
	}
	elsewhere := newImage(1)
	if err := elsewhere.replay([]Change{{"k00000", nil}, {"stray", []byte("v")}}); err != nil {
		t.Fatal(err)
	}
	i := 1 - shardOf("stray", 2)
	for name, data := range map[string][]byte{"rubbish": []byte("rubbish"), "stray": elsewhere.shards[0]} {
		if err := st.Multi(t.Context(), store.Set(shardPath("zones", w.Head().Shards, i), data, store.AnyVersion)); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(t.Context(), st, "zones"); !errors.Is(err, errCorrupt) {
			t.Fatalf("%s: %v", name, err)
		}
		if _, err := OpenWriter(t.Context(), st, "zones", small); !errors.Is(err, errCorrupt) {
			t.Fatalf("%s: %v", name, err)
		}
	}
}

// A writer that was fenced while it doubled the shards leaves nothing behind.
func TestP4FencedWriterCannotGrow(t *testing.T) {
	t.Parallel()
	st := newFake()
	old := mustOpen(t, st, "zones", small)
	tx := old.Begin()
	fill(tx, map[string]string{}, "k", 5, 20)
	mustCommit(t, tx)
	mustOpen(t, st, "zones", small)
	if err := old.grow(context.Background(), 8); !errors.Is(err, ErrFenced) {
		t.Fatal(err)
	}
	if counts, _ := st.Children(t.Context(), shardsFolder("zones")); fmt.Sprint(counts) != "[2]" {
		t.Fatalf("shards of %v", counts)
	}
}

// A crash while shards are doubled leaves some of the new ones behind, which nobody reads; they go.
func TestInterruptedGrowth(t *testing.T) {
	t.Parallel()
	st := &faultStore{Store: newFake()}
	w := mustOpen(t, st, "zones", small)
	model := map[string]string{}
	tx := w.Begin()
	fill(tx, model, "k", 30, 100)
	mustCommit(t, tx)
	w.opt.maxMulti = 2 << 10 // several multis
	count := w.Head().Shards
	st.crashAfter = 2
	if err := w.grow(t.Context(), 64*count); !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	if err := w.grow(t.Context(), 64*count); err != nil { // it was no crash: the same writer tries again
		t.Fatal(err)
	}
	want(t, st, "zones", model)
	st.crashAfter = 2
	if err := w.grow(t.Context(), 1024*count); !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	w = mustOpen(t, st, "zones", small)
	if counts, _ := st.Children(t.Context(), shardsFolder("zones")); len(counts) != 1 {
		t.Fatalf("shards of %v after a takeover", counts)
	}
	if !maps.Equal(rows(w.All()), model) {
		t.Fatal("rows were lost")
	}
}

// A store that was lost and filled anew may show the same fence and sequence over other rows.
func TestLostStore(t *testing.T) {
	t.Parallel()
	st := newFake()
	f := Follow(st, "zones")
	defer f.Close()
	begin := func(beats int, model map[string]string) {
		w := mustOpen(t, st, "zones", small)
		for range beats {
			mustCommit(t, w.Begin())
		}
		tx := w.Begin()
		fill(tx, model, "k", 3, 10)
		mustCommit(t, tx)
		if _, err := f.Next(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(rows(f.All()), model) {
			t.Fatal("the follower shows rows of another table")
		}
	}
	begin(3, map[string]string{})
	clear(st.nodes)
	begin(0, map[string]string{})
}

func TestBadOptions(t *testing.T) {
	t.Parallel()
	for _, opt := range []Options{{Shards: 3}, {Shards: 2 * maxShards}, {KeepLog: -1}, {KeepLog: maxKeepLog + 1}} {
		if _, err := OpenWriter(t.Context(), newFake(), "zones", opt); err == nil {
			t.Errorf("%+v was taken", opt)
		}
	}
	st := newFake()
	a, b := mustOpen(t, st, "a", small), mustOpen(t, newFake(), "b", small)
	if Commit(t.Context(), a.Begin(), b.Begin()) == nil {
		t.Error("tables in two stores in one commit")
	}
	tx := a.Begin()
	if Commit(t.Context(), tx, tx) == nil {
		t.Error("a table twice in one commit")
	}
	a.Begin()
	if Commit(t.Context(), tx) == nil {
		t.Error("a transaction that was dropped was committed")
	}
	if err := Commit(t.Context()); err != nil {
		t.Error(err)
	}
}
