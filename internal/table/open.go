package table

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"zonecast/internal/store"
)

// OpenWriter takes the table over: it syncs, commits a raised fence (making the table if there is none) and reads
// everything. Earlier writers get ErrFenced from then on.
//
// A group that the writer before left open (Head().Open) stays open, so that nobody acts on half a change (P2): nobody
// but the owner knows what was still to come. The owner compares the rows with its input and commits the difference;
// that first commit, empty or not, rolls the group forward and closes it.
func OpenWriter(ctx context.Context, st store.Store, name string, opt Options) (*Writer, error) {
	if err := opt.fill(); err != nil {
		return nil, fmt.Errorf("table %s: %w", name, err)
	}
	w := &Writer{st: st, name: name, opt: opt}
	for try := 0; ; try++ {
		err := w.takeOver(ctx)
		if err == nil {
			break
		}
		// Another writer may be taking over too, and an ambiguous answer is not worth an analysis: one more
		// fence does no harm.
		if !errors.Is(err, store.ErrAmbiguous) && !errors.Is(err, store.ErrVersion) && !errors.Is(err, store.ErrExists) {
			return nil, err
		}
		if perr := opt.pause(ctx, try); perr != nil {
			return nil, fmt.Errorf("%w: %w", err, perr)
		}
	}
	// From here on nobody else changes the table: what is read now is the state of the head just written.
	var err error
	if w.img, err = readShards(ctx, st, name, w.head.Shards); err != nil {
		return nil, err
	}
	if err := w.readLog(ctx); err != nil {
		return nil, err
	}
	if err := w.sweep(ctx); err != nil {
		return nil, fmt.Errorf("table %s: left-over shards: %w", name, err)
	}
	return w, nil
}

// takeOver writes a head with a fence above all earlier ones.
func (w *Writer) takeOver(ctx context.Context) error {
	if err := w.st.Sync(ctx); err != nil {
		return fmt.Errorf("table %s: sync: %w", w.name, err)
	}
	h, version, err := readHead(ctx, w.st, w.name)
	fresh := errors.Is(err, ErrNotFound)
	if err != nil && !fresh {
		return err
	}
	if fresh {
		h = Head{Shards: w.opt.Shards, LogFrom: 1}
	}
	h.Fence++
	h.Commit, h.Writer, h.Beat = newID(), w.opt.Instance, time.Now().Unix()
	data, err := h.encode()
	if err != nil {
		return fmt.Errorf("table %s: %w", w.name, err)
	}
	op := store.Create(headPath(w.name), data)
	if !fresh {
		op = store.Set(headPath(w.name), data, version)
		version++
	}
	if err := w.st.Multi(ctx, op); err != nil {
		return fmt.Errorf("table %s: taking over: %w", w.name, err)
	}
	w.head, w.version = h, version
	return nil
}

// readLog lists the log's nodes and their sizes, to trim by.
func (w *Writer) readLog(ctx context.Context) error {
	names, err := children(ctx, w.st, logFolder(w.name))
	if err != nil {
		return fmt.Errorf("table %s: log: %w", w.name, err)
	}
	paths := make([]string, len(names))
	w.log = make([]logNode, len(names))
	for i, n := range names {
		if w.log[i].seq, err = strconv.ParseUint(n, 10, 64); err != nil || w.log[i].seq > w.head.Seq {
			return fmt.Errorf("table %s: %w: log entry %q", w.name, errCorrupt, n)
		}
		paths[i] = logPath(w.name, w.log[i].seq)
	}
	return getAll(ctx, w.st, paths, func(i int, n store.Node) error {
		w.log[i].size = len(n.Data)
		return nil
	})
}
