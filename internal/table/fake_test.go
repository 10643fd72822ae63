package table

import (
	"context"
	"path"
	"slices"
	"strings"
	"sync"

	"zonecast/internal/store"
)

// fakeStore is the least that store.Store promises, in memory: the tests of this package must not depend on how
// an engine works, and run thousands of rounds.
type fakeStore struct {
	mu      sync.Mutex
	nodes   map[string]store.Node
	watches map[*fakeWatch]bool
}

type fakeWatch struct {
	path string
	c    chan struct{}
}

func newFake() *fakeStore {
	return &fakeStore{nodes: map[string]store.Node{}, watches: map[*fakeWatch]bool{}}
}

func (f *fakeStore) Get(ctx context.Context, p string) (store.Node, error) {
	if err := ctx.Err(); err != nil {
		return store.Node{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	n, ok := f.nodes[p]
	if !ok {
		return store.Node{}, store.ErrNotFound
	}
	return n, nil
}

func (f *fakeStore) GetMany(ctx context.Context, paths []string) ([]store.Node, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	nodes := make([]store.Node, len(paths))
	for i, p := range paths { // one lock each: no atomic view
		f.mu.Lock()
		n, ok := f.nodes[p]
		f.mu.Unlock()
		if !ok {
			n = store.Node{Version: -1}
		}
		nodes[i] = n
	}
	return nodes, nil
}

func (f *fakeStore) Children(ctx context.Context, p string) ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.nodes[p]; !ok {
		return nil, store.ErrNotFound
	}
	var names []string
	for n := range f.nodes {
		if path.Dir(n) == p {
			names = append(names, path.Base(n))
		}
	}
	slices.Sort(names)
	return names, nil
}

func (f *fakeStore) Multi(ctx context.Context, ops ...store.Op) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	size := 0
	undo := map[string]*store.Node{}
	set := func(p string, n *store.Node) {
		if _, seen := undo[p]; !seen {
			undo[p] = nil
			if old, ok := f.nodes[p]; ok {
				undo[p] = &old
			}
		}
		if n == nil {
			delete(f.nodes, p)
		} else {
			f.nodes[p] = *n
		}
	}
	for i, op := range ops {
		size += op.Size()
		err := f.do(op, set)
		if len(op.Data) > store.MaxNode || size > store.MaxMulti {
			err = store.ErrTooLarge
		}
		if err == nil {
			continue
		}
		for p, n := range undo {
			if n == nil {
				delete(f.nodes, p)
			} else {
				f.nodes[p] = *n
			}
		}
		return &store.OpError{Index: i, Op: op, Err: err}
	}
	for p := range undo {
		f.wake(p)
		f.wake(path.Dir(p))
	}
	return nil
}

func (f *fakeStore) do(op store.Op, set func(string, *store.Node)) error {
	old, ok := f.nodes[op.Path]
	switch {
	case op.Kind == store.KindCreate && ok:
		return store.ErrExists
	case op.Kind == store.KindCreate:
		for p := path.Dir(op.Path); p != "/"; p = path.Dir(p) {
			if _, ok := f.nodes[p]; !ok {
				set(p, &store.Node{})
			}
		}
		set(op.Path, &store.Node{Data: op.Data})
		return nil
	case !ok:
		return store.ErrNotFound
	case op.Version != store.AnyVersion && op.Version != old.Version:
		return store.ErrVersion
	case op.Kind == store.KindSet:
		set(op.Path, &store.Node{Data: op.Data, Version: old.Version + 1})
	case op.Kind == store.KindDelete:
		for p := range f.nodes {
			if strings.HasPrefix(p, op.Path+"/") {
				return store.ErrNotEmpty
			}
		}
		set(op.Path, nil)
	}
	return nil
}

func (f *fakeStore) wake(p string) {
	for w := range f.watches {
		if w.path == p {
			select {
			case w.c <- struct{}{}:
			default:
			}
		}
	}
}

func (f *fakeStore) Watch(p string) (<-chan struct{}, func()) {
	w := &fakeWatch{p, make(chan struct{}, 1)}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.watches[w] = true
	return w.c, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.watches, w)
	}
}

func (f *fakeStore) Sync(ctx context.Context) error { return ctx.Err() }

func (f *fakeStore) Session() <-chan struct{} { return make(chan struct{}) }

func (f *fakeStore) Close() error { return nil }
