package zk

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/go-zookeeper/zk"

	"zonecast/internal/store"
)

// worthSplitting is how many reads make a second connection worth its sync.
const worthSplitting = 64

// GetMany implements store.Store.
func (st *Store) GetMany(ctx context.Context, paths []string) ([]store.Node, error) {
	if err := st.enter(ctx, paths...); err != nil || len(paths) == 0 {
		return nil, err
	}
	links := st.up(max(1, len(paths)/worthSplitting))
	share := (len(paths) + len(links) - 1) / len(links)
	out := make([]store.Node, len(paths))
	errs := make([]error, len(links))
	var wg sync.WaitGroup
	for i, l := range links {
		from, to := min(i*share, len(paths)), min((i+1)*share, len(paths))
		wg.Go(func() {
			errs[i] = st.fetch(ctx, l, paths[from:to], out[from:to], max(1, st.Pipeline/len(links)))
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return out, nil
}

// up gives at most n of the reading links that have a connection now, or the main link, which may wait for one.
func (st *Store) up(n int) []*link {
	var links []*link
	first := int(st.turn.Add(1))
	for i := range st.readers {
		l := st.readers[(first+i)%len(st.readers)]
		s, err := l.session()
		if err != nil || len(links) == n {
			continue
		}
		up, _ := s.connected()
		if closed(s.ready) && closed(up) {
			links = append(links, l)
		}
	}
	if len(links) == 0 {
		return []*link{st.main}
	}
	return links
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// fetch fills out. What a reading link does not answer the main link is asked.
func (st *Store) fetch(ctx context.Context, l *link, paths []string, out []store.Node, width int) error {
	var result atomic.Pointer[[]store.Node]
	read := func(c *zk.Conn) error {
		nodes, err := st.pipeline(ctx, c, paths, width)
		result.Store(&nodes)
		return err
	}
	err := error(nil)
	if l != st.main {
		limited, cancel := l.limit(ctx)
		defer cancel()
		var s *session
		if s, err = l.session(); err == nil {
			_, err = l.call(limited, s, read)
		}
		switch {
		case err != nil && ctx.Err() != nil:
			return ctx.Err()
		case err != nil && !broken(err):
			return answer(err)
		}
	}
	if l == st.main || err != nil {
		if err = st.main.read(ctx, read); err != nil {
			return err
		}
	}
	copy(out, *result.Load())
	return nil
}

// pipeline syncs the connection, so that its reads are as fresh as this call, and reads with width requests
// under way.
func (st *Store) pipeline(ctx context.Context, c *zk.Conn, paths []string, width int) ([]store.Node, error) {
	if _, err := c.Sync(st.Root); err != nil {
		return nil, err
	}
	nodes := make([]store.Node, len(paths))
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var wg sync.WaitGroup
	for range min(width, len(paths)) {
		wg.Go(func() {
			for failed.Load() == nil && ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(paths) {
					return
				}
				n, err := get(c, st.full(paths[i]))
				if err != nil && !errors.Is(err, zk.ErrNoNode) {
					failed.CompareAndSwap(nil, &err)
					return
				}
				nodes[i] = n
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return nil, *err
	}
	return nodes, ctx.Err()
}
