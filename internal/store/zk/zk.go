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

// Store is a store.Store on an ensemble.
type Store struct {
	*setup
	main    *link   // writes, ephemeral nodes, watches, single reads
	readers []*link // GetMany
	turn    atomic.Uint32

	mu       sync.Mutex
	closed   bool
	watchers map[string]*watcher
}

// Open connects and makes the root. It fails when there is no session before ctx ends or
// RequestTimeout has passed.
func Open(ctx context.Context, cfg Config) (store.Store, error) {
	st, err := start(cfg)
	if err != nil {
		return nil, err
	}
	if err := st.makeRoot(ctx); err != nil {
		st.Close()
		return nil, fmt.Errorf("zookeeper %s: %w", strings.Join(cfg.Servers, ","), err)
	}
	return st, nil
}

// Start is Open without the wait, for a process that must work though no server does (P5): it connects in the
// background, and each request waits for a session as after a loss. The root is not made, so it has to be there before
// the first write.
func Start(cfg Config) (store.Store, error) {
	st, err := start(cfg)
	if err != nil { // a nil *Store is no nil Store
		return nil, err
	}
	return st, nil
}

func start(cfg Config) (*Store, error) {
	setup, err := cfg.prepare()
	if err != nil {
		return nil, err
	}
	st := &Store{setup: setup, watchers: make(map[string]*watcher)}
	if st.main, err = newLink(setup, "main"); err != nil {
		return nil, fmt.Errorf("zookeeper: %w", err)
	}
	for i := range cfg.Connections - 1 {
		l, err := newLink(setup, fmt.Sprintf("read%d", i+1))
		if err != nil {
			st.Close()
			return nil, fmt.Errorf("zookeeper: %w", err)
		}
		st.readers = append(st.readers, l)
	}
	return st, nil
}

func (st *Store) makeRoot(ctx context.Context) error {
	for i := 1; i <= len(st.Root); i++ {
		if i < len(st.Root) && st.Root[i] != '/' {
			continue
		}
		p := st.Root[:i]
		err := st.main.read(ctx, func(c *zk.Conn) error { // made twice is made: it may be repeated
			// Above the root we may be allowed to read only; so make only what is missing.
			if ok, _, err := c.Exists(p); ok || err != nil {
				return err
			}
			_, err := c.Create(p, nil, 0, st.acl)
			return err
		})
		if err != nil && !errors.Is(err, store.ErrExists) {
			return fmt.Errorf("root %s: %w", p, err)
		}
	}
	if len(st.Readers) == 0 || st.reads() {
		return nil
	}
	// Readers may not make what lies right below the root, so the folder of their reports is made for them.
	if _, err := st.makeParent(ctx, reports+"/any", nil, map[string]bool{"/": true}); err != nil {
		return fmt.Errorf("root %s: %w", st.Root, err)
	}
	return nil
}

// full is a path on the server.
func (st *Store) full(p string) string {
	if p == "/" {
		return st.Root
	}
	return st.Root + p
}

// enter refuses what needs no server to be refused.
func (st *Store) enter(ctx context.Context, paths ...string) error {
	st.mu.Lock()
	closed := st.closed
	st.mu.Unlock()
	if closed {
		return store.ErrClosed
	}
	for _, p := range paths {
		if err := store.CheckPath(p); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// Get implements store.Store.
func (st *Store) Get(ctx context.Context, path string) (store.Node, error) {
	if err := st.enter(ctx, path); err != nil {
		return store.Node{}, err
	}
	var result atomic.Pointer[store.Node] // a request that nobody waits for any more may still write it
	err := st.main.read(ctx, func(c *zk.Conn) error {
		n, err := get(c, st.full(path))
		result.Store(&n)
		return err
	})
	if err != nil {
		return store.Node{}, fmt.Errorf("store: %s: %w", path, err)
	}
	return *result.Load(), nil
}

func get(c *zk.Conn, full string) (store.Node, error) {
	data, stat, err := c.Get(full)
	if err != nil {
		return store.Node{Version: -1}, err
	}
	if data == nil {
		data = []byte{}
	}
	return store.Node{Data: data, Version: int64(stat.Version)}, nil
}

// Children implements store.Store.
func (st *Store) Children(ctx context.Context, path string) ([]string, error) {
	if err := st.enter(ctx, path); err != nil {
		return nil, err
	}
	var result atomic.Pointer[[]string]
	err := st.main.read(ctx, func(c *zk.Conn) error {
		names, _, err := c.Children(st.full(path))
		result.Store(&names)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: %s: %w", path, err)
	}
	names := *result.Load()
	slices.Sort(names)
	return names, nil
}

// Sync implements store.Store.
func (st *Store) Sync(ctx context.Context) error {
	if err := st.enter(ctx); err != nil {
		return err
	}
	return st.main.read(ctx, func(c *zk.Conn) error {
		_, err := c.Sync(st.Root)
		return err
	})
}

// Session implements store.Store.
func (st *Store) Session() <-chan struct{} {
	s, _ := st.main.session()
	return s.lost
}

// Close implements store.Store. With no connection to tell a server through, it takes up to 1 s, and the
// ephemeral nodes stay until the session times out.
func (st *Store) Close() error {
	st.mu.Lock()
	closed := st.closed
	st.closed = true
	st.mu.Unlock()
	if closed {
		return nil
	}
	var wg sync.WaitGroup
	for _, l := range append(st.readers, st.main) {
		wg.Go(l.close)
	}
	wg.Wait()
	st.endWatches()
	return nil
}
