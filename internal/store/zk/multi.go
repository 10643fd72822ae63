package zk

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"

	"github.com/go-zookeeper/zk"

	"zonecast/internal/store"
)

// tries bounds how often a Multi is repeated because parents were missing; others may delete them meanwhile.
const tries = 4

// Multi implements store.Store.
func (st *Store) Multi(ctx context.Context, ops ...store.Op) error {
	if err := st.enter(ctx); err != nil {
		return err
	}
	if err := store.CheckOps(ops); err != nil || len(ops) == 0 {
		return err
	}
	ctx, cancel := st.main.limit(ctx)
	defer cancel()
	for i := 1; ; i++ {
		index, err := st.send(ctx, ops)
		if index < 0 {
			return err
		}
		step := &store.OpError{Index: index, Op: ops[index], Err: err}
		if !errors.Is(err, store.ErrNotFound) || !creates(ops[index]) || i == tries {
			return step
		}
		ok, err := st.makeParents(ctx, ops, index)
		if err != nil {
			return err
		}
		if !ok {
			return step
		}
	}
}

func creates(op store.Op) bool {
	return op.Kind == store.KindCreate || op.Kind == store.KindCreateEphemeral
}

// send tries a Multi once. It gives the failed step, or -1 when it went well or there is no such answer.
func (st *Store) send(ctx context.Context, ops []store.Op) (index int, err error) {
	requests := make([]any, len(ops))
	for i, op := range ops {
		requests[i] = st.request(op)
	}
	for {
		s, err := st.main.usable(ctx)
		if err != nil {
			return -1, err
		}
		var result atomic.Pointer[[]zk.MultiResponse]
		sent, err := st.main.call(ctx, s, func(c *zk.Conn) error {
			responses, err := c.Multi(requests...)
			result.Store(&responses)
			return err
		})
		switch {
		case err == nil:
			return -1, nil
		case !sent:
			return -1, err
		case errors.Is(err, zk.ErrNoServer): // flushed from the queue before it was sent
			if err := pause(ctx); err != nil {
				return -1, err
			}
			continue
		case broken(err):
			return -1, fmt.Errorf("zookeeper: %w: %w", store.ErrAmbiguous, err)
		}
		for i, r := range *result.Load() {
			if r.Error != nil {
				return i, answer(r.Error)
			}
		}
		return -1, fmt.Errorf("zookeeper: %w", answer(err))
	}
}

func (st *Store) request(op store.Op) any {
	p := st.full(op.Path)
	version := int32(-2) // never a node's version: ZooKeeper's have 32 bits
	if op.Version >= store.AnyVersion && op.Version <= math.MaxInt32 {
		version = int32(op.Version)
	}
	switch op.Kind {
	case store.KindCreate:
		return &zk.CreateRequest{Path: p, Data: op.Data, Acl: st.aclOf(op.Path)}
	case store.KindCreateEphemeral:
		return &zk.CreateRequest{Path: p, Data: op.Data, Acl: st.aclOf(op.Path), Flags: zk.FlagEphemeral}
	case store.KindSet:
		return &zk.SetDataRequest{Path: p, Data: op.Data, Version: version}
	case store.KindDelete:
		return &zk.DeleteRequest{Path: p, Version: version}
	default:
		return &zk.CheckVersionRequest{Path: p, Version: version}
	}
}

// makeParents makes what is missing above the creates from the failed one on; it tells whether the failed one
// may go through now. Left alone is what an earlier step of the same Multi makes or deletes.
func (st *Store) makeParents(ctx context.Context, ops []store.Op, failed int) (bool, error) {
	own := make(map[string]bool)
	for _, op := range ops[:failed] {
		own[op.Path] = true
	}
	there := map[string]bool{"/": true}
	ok := true
	for i, op := range ops[failed:] {
		if creates(op) {
			made, err := st.makeParent(ctx, op.Path, own, there)
			if err != nil {
				return false, err
			}
			ok = ok && (made || i > 0)
		}
		own[op.Path] = true
	}
	return ok, nil
}

func (st *Store) makeParent(ctx context.Context, path string, own, there map[string]bool) (bool, error) {
	parent, _ := store.Split(path)
	switch {
	case there[parent]:
		return true, nil
	case own[parent]:
		return false, nil
	}
	err := st.main.read(ctx, func(c *zk.Conn) error {
		if ok, _, err := c.Exists(st.full(parent)); err != nil || ok {
			return err
		}
		return zk.ErrNoNode
	})
	if errors.Is(err, store.ErrNotFound) {
		if ok, err := st.makeParent(ctx, parent, own, there); !ok || err != nil {
			return false, err
		}
		// An empty node that exists is what was wanted, so that this may be repeated, unlike other writes.
		err = st.main.read(ctx, func(c *zk.Conn) error {
			_, err := c.Create(st.full(parent), nil, 0, st.aclOf(parent))
			return err
		})
	}
	if err != nil && !errors.Is(err, store.ErrExists) {
		return false, fmt.Errorf("zookeeper: %s: %w", parent, err)
	}
	there[parent] = true
	return true, nil
}
