package table

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"zonecast/internal/store"
)

// Batch is what Follower.Next brings.
type Batch struct {
	Reset   bool     // everything may have changed: compare with All; Changes is nil
	Changes []Change // in commit order, the last for a key counts
	Head    Head     // the state that Get and All now show
}

// Follower reads a table and follows its changes. It belongs to one goroutine.
type Follower struct {
	src     source
	cancel  func()
	img     *image // nil before the first batch
	head    Head
	version int64 // of the head's node
}

// Follow makes a follower. Nothing is read before Next.
func Follow(st store.Store, name string) *Follower {
	changed, cancel := st.Watch(headPath(name))
	return &Follower{src: source{st, name, changed}, cancel: cancel, img: nil, version: -1}
}

// Next waits for the table to exist and then for news: changed rows, or just a newer head (empty Changes). The
// first batch has Reset. Several commits may come as one batch. It never returns the middle of a group. After an
// error the follower shows what it showed before, and Next may be called again.
func (f *Follower) Next(ctx context.Context) (Batch, error) {
	for {
		// The watch is a hint, so the head is read before waiting for it too.
		h, v, err := f.src.closed(ctx)
		switch {
		case errors.Is(err, ErrNotFound):
		case err != nil:
			return Batch{}, err
		case f.img == nil:
			return f.reset(ctx)
		case v != f.version || h.Commit != f.head.Commit:
			return f.advance(ctx, h, v)
		}
		if err := f.src.wait(ctx); err != nil {
			return Batch{}, err
		}
	}
}

// reset reads everything.
func (f *Follower) reset(ctx context.Context) (Batch, error) {
	img, h, v, err := f.src.load(ctx)
	if err != nil {
		return Batch{}, err
	}
	f.img, f.head, f.version = img, h, v
	return Batch{Reset: true, Head: h.clone()}, nil
}

// advance follows the log to a closed head. What the log cannot give, all shards can.
func (f *Follower) advance(ctx context.Context, h Head, version int64) (Batch, error) {
	if version < f.version { // the store was lost, and this is another table, whatever its fence and sequence say
		return f.reset(ctx)
	}
	changes, err := f.src.between(ctx, f.head, h)
	if errors.Is(err, errGap) || errors.Is(err, errCorrupt) {
		return f.reset(ctx)
	}
	if err != nil {
		return Batch{}, fmt.Errorf("table %s: %w", f.src.name, err)
	}
	if len(f.img.shards) < h.Shards { // no need in memory, but it keeps shards small
		img, err := f.img.resized(h.Shards)
		if err != nil {
			return Batch{}, fmt.Errorf("table %s: %w", f.src.name, err)
		}
		f.img = img
	}
	if err := f.img.replay(changes); err != nil {
		return Batch{}, fmt.Errorf("table %s: %w", f.src.name, err)
	}
	f.head, f.version = h, version
	return Batch{Changes: changes, Head: h.clone()}, nil
}

// Get reads a value as of the last batch. The caller must not change it.
func (f *Follower) Get(key string) ([]byte, bool) {
	if f.img == nil {
		return nil, false
	}
	return f.img.get(key)
}

// All walks all rows as of the last batch, shard by shard, keys in order inside a shard. The caller must not
// change the values.
func (f *Follower) All() iter.Seq2[string, []byte] {
	if f.img == nil {
		return func(func(string, []byte) bool) {}
	}
	return f.img.all()
}

// Close releases the watch.
func (f *Follower) Close() { f.cancel() }
