package embedded

import (
	"encoding/binary"
	"slices"

	bolt "go.etcd.io/bbolt"

	"zonecast/internal/store"
)

// tree is the state inside one write transaction.
type tree struct {
	nodes, ephemerals *bolt.Bucket
	touched           map[string]struct{} // whose watchers to wake
	failed            error               // bbolt refused a write: the whole transaction is void
}

func open(tx *bolt.Tx) *tree {
	return &tree{tx.Bucket(bucketNodes), tx.Bucket(bucketEphemerals), make(map[string]struct{}), nil}
}

// change undoes one step of a Multi that fails later; steps are applied as they are checked, so that a later
// step sees an earlier one.
type change struct {
	path   string
	before *row // nil: there was no node
}

// multi applies all steps or none; the implicit parents it made before a failure stay.
func (t *tree) multi(session uint64, ops []store.Op) error {
	var done []change
	for i, op := range ops {
		before, err := t.step(session, op, done)
		if err == nil {
			if op.Kind != store.KindCheck {
				done = append(done, change{op.Path, before})
			}
			continue
		}
		for j := len(done) - 1; j >= 0; j-- {
			t.put(done[j].path, done[j].before)
		}
		if t.failed != nil {
			return t.failed
		}
		return &store.OpError{Index: i, Op: op, Err: err}
	}
	for _, c := range done {
		t.touch(c.path, c.before == nil)
	}
	return nil
}

// step checks and applies one operation, and gives the node as it was.
func (t *tree) step(session uint64, op store.Op, done []change) (*row, error) {
	before, err := t.get(op.Path)
	if err != nil {
		return nil, err
	}
	switch op.Kind {
	case store.KindCreate, store.KindCreateEphemeral:
		if before != nil {
			return nil, store.ErrExists
		}
		if err := t.parents(op.Path, done); err != nil {
			return nil, err
		}
		r := row{data: op.Data}
		if op.Kind == store.KindCreateEphemeral {
			r.session = session
		}
		return nil, t.put(op.Path, &r)
	}
	switch {
	case before == nil:
		return nil, store.ErrNotFound
	case op.Version != store.AnyVersion && op.Version != before.version:
		return nil, store.ErrVersion
	}
	switch op.Kind {
	case store.KindSet:
		return before, t.put(op.Path, &row{before.version + 1, before.session, op.Data})
	case store.KindDelete:
		if hasChildren(t.nodes, op.Path) {
			return nil, store.ErrNotEmpty
		}
		return before, t.put(op.Path, nil)
	}
	return before, nil
}

// parents makes what is missing above a path. As on ZooKeeper, where parents are made before the transaction, none
// is made again that an earlier step deleted, nor below a node that only an earlier step makes.
func (t *tree) parents(p string, done []change) error {
	var missing []string
	for parent, _ := store.Split(p); parent != "/"; parent, _ = store.Split(parent) {
		r, err := t.get(parent)
		switch {
		case err != nil:
			return err
		case r != nil && r.session != 0:
			return store.ErrEphemeral
		case r != nil && len(missing) == 0:
			return nil
		}
		if slices.ContainsFunc(done, func(c change) bool { return c.path == parent }) {
			return store.ErrNotFound
		}
		if r != nil {
			break
		}
		missing = append(missing, parent)
	}
	for _, parent := range slices.Backward(missing) {
		if err := t.put(parent, &row{}); err != nil {
			return err
		}
		t.touch(parent, true)
	}
	return nil
}

// endSession deletes the ephemeral nodes of one session, or of all (0).
func (t *tree) endSession(session uint64) error {
	var paths []string
	c := t.ephemerals.Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		if session == 0 || len(v) == 8 && binary.BigEndian.Uint64(v) == session {
			paths = append(paths, string(k))
		}
	}
	for _, p := range paths {
		if err := t.put(p, nil); err != nil {
			return err
		}
		t.touch(p, true)
	}
	return nil
}

// touch notes whom to wake: who watches the node, and, when it came or went, who watches its parent.
func (t *tree) touch(p string, parent bool) {
	t.touched[p] = struct{}{}
	if parent {
		up, _ := store.Split(p)
		t.touched[up] = struct{}{}
	}
}

// get reads a node; nil when there is none. Its data is a copy: bbolt's own goes stale with the next Put.
func (t *tree) get(p string) (*row, error) {
	if p == "/" {
		return &row{}, nil
	}
	v := t.nodes.Get(key(p))
	if v == nil {
		return nil, nil
	}
	r, err := decode(append([]byte(nil), v...))
	if err != nil {
		t.failed = err
		return nil, err
	}
	return &r, nil
}

// put writes a node, or deletes it (nil).
func (t *tree) put(p string, r *row) error {
	var err error
	switch {
	case r == nil:
		if err = t.nodes.Delete(key(p)); err == nil {
			err = t.ephemerals.Delete([]byte(p))
		}
	default:
		if err = t.nodes.Put(key(p), r.encode()); err == nil && r.session != 0 {
			err = t.ephemerals.Put([]byte(p), binary.BigEndian.AppendUint64(nil, r.session))
		}
	}
	if err != nil && t.failed == nil {
		t.failed = err
	}
	return err
}
