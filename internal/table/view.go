package table

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"zonecast/internal/store"
)

// View is a table's content at one head; it does not change. It is safe for concurrent use.
type View struct {
	Head Head
	img  *image
}

// Read reads a closed state of the whole table. While a group is open it waits.
func Read(ctx context.Context, st store.Store, name string) (*View, error) {
	changed, cancel := st.Watch(headPath(name))
	defer cancel()
	img, h, _, err := source{st, name, changed}.load(ctx)
	if err != nil {
		return nil, err
	}
	return &View{Head: h, img: img}, nil
}

// Get reads one row.
func (v *View) Get(key string) ([]byte, bool) { return v.img.get(key) }

// All walks all rows, shard by shard, keys in order inside a shard.
func (v *View) All() iter.Seq2[string, []byte] { return v.img.all() }

// View gives the table as it was last committed. It costs a few octets for each shard.
func (w *Writer) View() *View {
	return &View{Head: w.Head(), img: &image{shards: slices.Clone(w.img.shards), rows: w.img.rows, bytes: w.img.bytes}}
}

// Rows reads many rows, each shard once. Keys without a row are missing from the result, whose values are copies.
func (v *View) Rows(keys []string) map[string][]byte {
	byShard := make(map[int][]string)
	for _, key := range keys {
		i := shardOf(key, len(v.img.shards))
		byShard[i] = append(byShard[i], key)
	}
	rows := make(map[string][]byte, len(keys))
	for i, keys := range byShard {
		if v.img.shards[i] == nil {
			continue
		}
		s := v.img.shard(i)
		for _, key := range keys {
			if value, ok := s.get(key); ok {
				rows[key] = slices.Clone(value)
			}
		}
	}
	return rows
}

// Lookup reads one row straight from the store, at the cost of one shard. The table may be absent: ErrNotFound.
// Alone among the ways to read, it may see the middle of a group.
func Lookup(ctx context.Context, st store.Store, name, key string) (value []byte, ok bool, err error) {
	h, err := ReadHead(ctx, st, name)
	for err == nil {
		var nodes []store.Node
		if nodes, err = st.GetMany(ctx, []string{shardPath(name, h.Shards, shardOf(key, h.Shards))}); err != nil {
			break
		}
		if nodes[0].Version >= 0 {
			s, err := decodeShard(nodes[0].Data)
			if err != nil {
				return nil, false, fmt.Errorf("table %s: key %.80q: %w", name, key, err)
			}
			value, ok = s.get(key)
			return value, ok, nil
		}
		// No such shard: nothing was ever there, or the shards have just been doubled.
		shards := h.Shards
		if h, err = ReadHead(ctx, st, name); err == nil && h.Shards == shards {
			return nil, false, nil
		}
	}
	return nil, false, err
}
