package zk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/go-zookeeper/zk"

	"zonecast/internal/store"
)

// walkers bounds the requests of a walk, so that it does not get in the way of those who work meanwhile.
const walkers = 32

// Access is what a walk over the tree found.
type Access struct {
	Nodes   int `json:"nodes"`   // looked at
	Differ  int `json:"differ"`  // whose access list was not what the config says
	Changed int `json:"changed"` // of those, put right
}

// CheckAccess compares the access list of every node with what cfg says; apply puts right what differs, which only
// the writer may. It may run beside a working pipeline: nodes that come or go meanwhile are no fault, and new ones have
// the lists of whoever makes them. Ended early it is to be run again.
func CheckAccess(ctx context.Context, cfg Config, apply bool) (Access, error) {
	st, err := start(cfg)
	if err != nil {
		return Access{}, err
	}
	defer st.Close()
	if st.auth == nil {
		return Access{}, errors.New("zookeeper: without auth_file every node is everybody's: there is nothing to compare")
	}
	if apply {
		if err := st.makeRoot(ctx); err != nil {
			return Access{}, err
		}
	}
	w := walk{st: st, apply: apply}
	for level := []string{"/"}; len(level) > 0 && err == nil; {
		level, err = w.level(ctx, level)
	}
	return Access{int(w.nodes.Load()), int(w.differ.Load()), int(w.changed.Load())}, err
}

type walk struct {
	st                     *Store
	apply                  bool
	nodes, differ, changed atomic.Int64
}

// level deals with nodes of one depth, and gives those of the next.
func (w *walk) level(ctx context.Context, paths []string) (below []string, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var mu sync.Mutex
	var wg sync.WaitGroup
	var next atomic.Int64
	for range min(walkers, len(paths)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(paths) && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				children, err := w.node(ctx, paths[i])
				if err != nil && !errors.Is(err, store.ErrNotFound) { // gone meanwhile
					cancel(fmt.Errorf("store: %s: %w", paths[i], err))
					return
				}
				mu.Lock()
				below = append(below, children...)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return below, context.Cause(ctx)
}

// node deals with one, and gives its children.
func (w *walk) node(ctx context.Context, path string) (children []string, err error) {
	full, want := w.st.full(path), w.st.aclOf(path)
	var have atomic.Pointer[[]zk.ACL]
	err = w.st.main.read(ctx, func(c *zk.Conn) error {
		acl, _, err := c.GetACL(full)
		have.Store(&acl)
		return err
	})
	if err != nil {
		return nil, err
	}
	w.nodes.Add(1)
	if !sameACL(*have.Load(), want) {
		w.differ.Add(1)
		if w.apply {
			if err := w.st.main.read(ctx, func(c *zk.Conn) error { // set twice is set: it may be repeated
				_, err := c.SetACL(full, want, -1)
				return err
			}); err != nil {
				return nil, err
			}
			w.changed.Add(1)
		}
	}
	names, err := w.st.Children(ctx, path)
	for _, name := range names {
		children = append(children, strings.TrimSuffix(path, "/")+"/"+name)
	}
	return children, err
}

func sameACL(a, b []zk.ACL) bool {
	if len(a) != len(b) {
		return false
	}
	for _, x := range a {
		if !slices.Contains(b, x) {
			return false
		}
	}
	return true
}
