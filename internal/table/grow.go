package table

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"zonecast/internal/store"
)

// grow moves the rows to more shards. The new ones are written beside the old ones, where nobody looks; one
// write of the head makes them the table; then the old ones go. Each multi checks the head, so that a paused
// writer cannot disturb its successor. A crash leaves rubbish, which the next writer sweeps.
func (w *Writer) grow(ctx context.Context, count int) error {
	img, err := w.img.resized(count)
	if err != nil {
		return fmt.Errorf("table %s: %w", w.name, err)
	}
	if err := w.sweep(ctx); err != nil {
		return fmt.Errorf("table %s: making room for %d shards: %w", w.name, count, err)
	}
	var ops []store.Op
	size := 0
	for i, data := range img.shards {
		if data == nil {
			continue
		}
		op := store.Create(shardPath(w.name, count, i), data)
		if size+op.Size() > w.opt.maxMulti-1024 && len(ops) > 0 {
			if err := w.checked(ctx, ops); err != nil {
				return err
			}
			ops, size = nil, 0
		}
		ops = append(ops, op)
		size += op.Size()
	}
	if err := w.checked(ctx, ops); err != nil {
		return err
	}
	head := w.head.clone()
	head.Shards, head.Bytes = count, img.bytes
	if err := w.writeHead(ctx, head); err != nil {
		w.lose(err)
		return err
	}
	w.img = img
	// What cannot be swept now is swept by the next writer; if we are fenced, the commit that follows tells.
	_ = w.sweep(ctx)
	return nil
}

// writeHead replaces the head alone, with an id of its own.
func (w *Writer) writeHead(ctx context.Context, head Head) error {
	head.Commit = newID()
	data, err := head.encode()
	if err != nil {
		return err
	}
	s := &step{
		id: head.Commit, ops: []store.Op{store.Set(headPath(w.name), data, w.version)}, own: 1,
		plans: []*plan{{w: w}}, next: []tableStep{{head: head, log: w.log}},
	}
	if _, err := s.apply(ctx); err != nil {
		return err
	}
	s.install()
	return nil
}

// checked creates nodes under the check that the head is still ours.
func (w *Writer) checked(ctx context.Context, ops []store.Op) error {
	if len(ops) == 0 {
		return nil
	}
	ops = append([]store.Op{store.Check(headPath(w.name), w.version)}, ops...)
	for try := 0; ; try++ {
		err := w.st.Multi(ctx, ops...)
		var op *store.OpError
		switch {
		case err == nil, try > 0 && errors.Is(err, store.ErrExists): // made by a try that seemed to fail
			return nil
		case errors.As(err, &op) && op.Op.Path == headPath(w.name):
			err := w.fencedBy(ctx)
			w.lose(err)
			return err
		case !errors.Is(err, store.ErrAmbiguous):
			return fmt.Errorf("table %s: %w", w.name, err)
		}
		if err := w.opt.pause(ctx, try); err != nil {
			return fmt.Errorf("table %s: %w", w.name, err)
		}
	}
}

// sweep deletes shards of other counts than the head's. A crash or an ambiguous answer may have done part of it.
func (w *Writer) sweep(ctx context.Context) error {
	for try := 0; ; try++ {
		err := w.sweepOnce(ctx)
		if !errors.Is(err, store.ErrAmbiguous) && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if perr := w.opt.pause(ctx, try); perr != nil {
			return fmt.Errorf("%w: %w", err, perr)
		}
	}
}

func (w *Writer) sweepOnce(ctx context.Context) error {
	counts, err := children(ctx, w.st, shardsFolder(w.name))
	if err != nil {
		return err
	}
	for _, count := range counts {
		if count == strconv.Itoa(w.head.Shards) {
			continue
		}
		top := shardsFolder(w.name) + "/" + count
		folders, err := children(ctx, w.st, top)
		if err != nil {
			return err
		}
		for _, f := range folders {
			leaves, err := children(ctx, w.st, top+"/"+f)
			if err != nil {
				return err
			}
			for i, l := range leaves {
				leaves[i] = top + "/" + f + "/" + l
			}
			if err := w.remove(ctx, append(leaves, top+"/"+f)); err != nil {
				return err
			}
		}
		if err := w.remove(ctx, []string{top}); err != nil {
			return err
		}
	}
	return nil
}

// remove deletes nodes, a folder after its children, under the check that the head is still ours.
func (w *Writer) remove(ctx context.Context, paths []string) error {
	ops := []store.Op{store.Check(headPath(w.name), w.version)}
	for _, p := range paths {
		ops = append(ops, store.Delete(p, store.AnyVersion))
	}
	err := w.st.Multi(ctx, ops...)
	var op *store.OpError
	if errors.As(err, &op) && op.Op.Path == headPath(w.name) {
		return w.fencedBy(ctx)
	}
	return err
}

// children lists a folder that may be absent.
func children(ctx context.Context, st store.Store, path string) ([]string, error) {
	names, err := st.Children(ctx, path)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return names, err
}
