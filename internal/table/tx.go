package table

import (
	"bytes"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"zonecast/internal/store"
)

// Tx collects what one commit changes in one table. Making one costs nothing; it reads through to the writer.
type Tx struct {
	w       *Writer
	changes map[string][]byte // nil is a deletion
	inputs  map[string]Position
	renewed map[string]bool // inputs that may go back
	asOf    *int64
	taken   int64
	also    []store.Op

	unpacked map[int]*shard // nil unless Wide
	room     int            // octets that may still be kept unpacked
}

// maxUnpacked bounds what Wide keeps, in octets: some million rows.
const maxUnpacked = 256 << 20

// Wide prepares for reading much of the table, in any order: shards that Get unpacks are kept until the commit, as far
// as they find room. Without it each row would unpack its shard again.
func (t *Tx) Wide() {
	if t.unpacked == nil {
		t.unpacked, t.room = map[int]*shard{}, maxUnpacked
	}
}

// Put sets a key. Values of MaxValue at most; larger ones fail the Commit with ErrTooLarge, as do keys beyond
// MaxKey or empty. The value is kept: the caller must not change it afterwards. A value that is there already
// is no change.
func (t *Tx) Put(key string, value []byte) {
	if value == nil {
		value = []byte{}
	}
	t.changes[key] = value
}

// Delete removes a key; an absent key is no change.
func (t *Tx) Delete(key string) { t.changes[key] = nil }

// Get reads through the transaction's own changes.
func (t *Tx) Get(key string) ([]byte, bool) {
	if v, ok := t.changes[key]; ok {
		return v, v != nil
	}
	if t.unpacked == nil {
		return t.w.Get(key)
	}
	i := shardOf(key, len(t.w.img.shards))
	if t.w.img.shards[i] == nil {
		return nil, false
	}
	s, ok := t.unpacked[i]
	if !ok {
		s = t.w.img.shard(i)
		if size := s.size(); size <= t.room {
			t.unpacked[i] = s
			t.room -= size
		}
	}
	return s.get(key)
}

// SetInput records how far an input has been taken into account; a position that goes back fails the Commit.
func (t *Tx) SetInput(table string, p Position) {
	if t.inputs == nil {
		t.inputs = map[string]Position{}
	}
	t.inputs[table] = p
}

// RenewInput is SetInput for an input that was made anew: its position may go back, since the caller has judged what it
// gives (P2).
func (t *Tx) RenewInput(table string, p Position) {
	t.SetInput(table, p)
	if t.renewed == nil {
		t.renewed = map[string]bool{}
	}
	t.renewed[table] = true
}

// SetAsOf records how current the inputs were (kept to the second). It may go back: a new feed may be a stale one.
func (t *Tx) SetAsOf(asOf time.Time) {
	s := asOf.Unix()
	t.asOf = &s
}

// SetTaken records when the oldest event behind this commit's changes was taken, so that the last stage can measure
// how long it was under way. It is for metrics alone: the clocks of two hosts may differ.
func (t *Tx) SetTaken(at time.Time) { t.taken = at.UnixMilli() }

// Also adds store operations of the caller's to the same multi (to the last one of a group).
func (t *Tx) Also(ops ...store.Op) { t.also = append(t.also, ops...) }

// Changed tells whether the commit is needed: a row would change, or a group that an earlier writer left open waits to
// be closed.
func (t *Tx) Changed() bool { return t.w.head.Open || t.w.img.changed(t.changes) }

// check refuses what must not be written, before anything is.
func (t *Tx) check() error {
	if t.w.tx != t {
		return fmt.Errorf("table %s: a transaction that is not the writer's open one", t.w.name)
	}
	if err := t.w.usable(); err != nil {
		return err
	}
	for k, v := range t.changes {
		if len(k) == 0 || len(k) > MaxKey || len(v) > MaxValue {
			return fmt.Errorf("table %s: %w: key of %d octets (1 to %d), value of %d (up to %d): %.80q",
				t.w.name, ErrTooLarge, len(k), MaxKey, len(v), MaxValue, k)
		}
	}
	for name, p := range t.inputs {
		if old := t.w.head.Inputs[name]; p.Before(old) && !t.renewed[name] {
			return fmt.Errorf("table %s: input %s goes back from %+v to %+v", t.w.name, name, old, p)
		}
	}
	return nil
}

// All walks the rows as they would be after the commit, in no order. The caller must not change the values.
func (t *Tx) All() iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for key, value := range t.w.All() {
			if _, ours := t.changes[key]; !ours && !yield(key, value) {
				return
			}
		}
		for key, value := range t.changes {
			if value != nil && !yield(key, value) {
				return
			}
		}
	}
}

// Changes gives what the commit would change, sorted by key. A nil value is a deletion.
func (t *Tx) Changes() []Change {
	byShard := make(map[int][]Change)
	for key, value := range t.changes {
		i := shardOf(key, len(t.w.img.shards))
		byShard[i] = append(byShard[i], Change{key, value})
	}
	list := make([]Change, 0, len(t.changes))
	for _, part := range byShard { // each is unpacked once
		for _, c := range part {
			if old, had := t.w.Get(c.Key); had != (c.Value != nil) || !bytes.Equal(old, c.Value) {
				list = append(list, c)
			}
		}
	}
	slices.SortFunc(list, func(a, b Change) int { return strings.Compare(a.Key, b.Key) })
	return list
}
