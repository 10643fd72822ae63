package table

import (
	"context"
	"errors"
	"fmt"

	"zonecast/internal/store"
)

// chunk is how many nodes are asked for at once: enough to keep a connection busy, 16 MiB on the average at most.
const chunk = 1024

// getAll reads many nodes, some at a time.
func getAll(ctx context.Context, st store.Store, paths []string, each func(i int, n store.Node) error) error {
	for from := 0; from < len(paths); from += chunk {
		nodes, err := st.GetMany(ctx, paths[from:min(from+chunk, len(paths))])
		if err != nil {
			return err
		}
		for i, n := range nodes {
			if err := each(from+i, n); err != nil {
				return err
			}
		}
	}
	return nil
}

// readShards reads and verifies all shards.
func readShards(ctx context.Context, st store.Store, name string, count int) (*image, error) {
	paths := make([]string, count)
	for i := range paths {
		paths[i] = shardPath(name, count, i)
	}
	img := newImage(count)
	err := getAll(ctx, st, paths, func(i int, n store.Node) error {
		if n.Version < 0 {
			return nil
		}
		s, err := decodeShard(n.Data)
		if err != nil {
			return fmt.Errorf("shard %d: %w", i, err)
		}
		for _, k := range []int{0, len(s.at) - 1} {
			if len(s.at) > 0 {
				if key, _ := s.row(k); shardOf(string(key), count) != i {
					return fmt.Errorf("shard %d: %w: key %.80q belongs elsewhere", i, errCorrupt, key)
				}
			}
		}
		img.put(i, n.Data, s)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("table %s: %w", name, err)
	}
	return img, nil
}

// source is a table to read from, with the watch that says when to look again.
type source struct {
	st      store.Store
	name    string
	changed <-chan struct{}
}

// closed waits for a head that is not in the middle of a group.
func (s source) closed(ctx context.Context) (Head, int64, error) {
	for {
		h, v, err := readHead(ctx, s.st, s.name)
		if err != nil || !h.Open {
			return h, v, err
		}
		if err := s.wait(ctx); err != nil {
			return Head{}, 0, err
		}
	}
}

func (s source) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-s.changed:
		return nil
	}
}

// load reads a closed state: all shards, each maybe newer than the head read before them, then the log from that
// head to a closed one. Replaying what a shard has already does no harm. When the log no longer reaches back, or
// the shards have moved meanwhile, it starts again.
func (s source) load(ctx context.Context) (*image, Head, int64, error) {
	for {
		from, _, err := s.closed(ctx)
		if err != nil {
			return nil, Head{}, 0, err
		}
		img, err := readShards(ctx, s.st, s.name, from.Shards)
		if err != nil {
			return nil, Head{}, 0, err
		}
		to, version, err := s.closed(ctx)
		if err != nil {
			return nil, Head{}, 0, err
		}
		if to.Shards != from.Shards {
			continue
		}
		changes, err := s.between(ctx, from, to)
		if errors.Is(err, errGap) {
			continue
		}
		if err == nil {
			err = img.replay(changes)
		}
		if err != nil {
			return nil, Head{}, 0, fmt.Errorf("table %s: %w", s.name, err)
		}
		return img, to, version, nil
	}
}

// errGap means that the log does not lead from one head to the other: read all again.
var errGap = errors.New("the log was trimmed")

// between gives the changes after one closed head up to another.
func (s source) between(ctx context.Context, from, to Head) ([]Change, error) {
	if to.Seq < from.Seq || to.Fence < from.Fence { // the table was made anew
		return nil, errGap
	}
	if to.Seq == from.Seq {
		return nil, nil
	}
	if to.LogFrom > from.Seq+1 || to.Seq-from.Seq > maxKeepLog {
		return nil, errGap
	}
	paths := make([]string, 0, to.Seq-from.Seq)
	for seq := from.Seq + 1; seq <= to.Seq; seq++ {
		paths = append(paths, logPath(s.name, seq))
	}
	var all []Change
	err := getAll(ctx, s.st, paths, func(i int, n store.Node) error {
		if n.Version < 0 { // trimmed since the head was read
			return errGap
		}
		changes, err := decodeLog(n.Data)
		if err != nil {
			return fmt.Errorf("%s: %w", paths[i], err)
		}
		all = append(all, changes...)
		return nil
	})
	return all, err
}
