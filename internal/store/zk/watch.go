package zk

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/go-zookeeper/zk"

	"zonecast/internal/store"
)

// A lost watch must show within 5 s: this is the longest pause between two looks, with time left for the look.
const maxLook = 4 * time.Second

// maxArmed bounds how many watches without a watcher are remembered for reuse before spent ones are dropped.
const maxArmed = 4096

// armed are the two one-shot watches behind one path; nil when not set. The server and the library keep them until
// they fire, so they outlive their watcher and wait in session.armed for the next: setting new ones each time would
// pile them up.
type armed struct{ node, children <-chan zk.Event }

// look is what a change would change.
type look struct {
	exists              bool
	czxid, mzxid, pzxid int64 // last change of existence, data, children
}

func lookOf(exists bool, stat *zk.Stat) look {
	if !exists {
		return look{}
	}
	return look{true, stat.Czxid, stat.Mzxid, stat.Pzxid}
}

// watcher follows one path for everybody who watches it. Without anybody it goes on until its next look, for whoever
// comes next meanwhile.
type watcher struct {
	path   string
	tokens map[chan struct{}]struct{} // under Store.mu
	cancel context.CancelFunc
}

// Watch implements store.Store.
func (st *Store) Watch(path string) (<-chan struct{}, func()) {
	token := make(chan struct{}, 1)
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.closed || store.CheckPath(path) != nil {
		return token, func() {}
	}
	w := st.watchers[path]
	if w == nil {
		ctx, cancel := context.WithCancel(context.Background())
		w = &watcher{path: path, tokens: make(map[chan struct{}]struct{}), cancel: cancel}
		st.watchers[path] = w
		go st.follow(ctx, w)
	} else {
		token <- struct{}{} // the path's first look, which wakes everybody, may be over
	}
	w.tokens[token] = struct{}{}
	return token, func() {
		st.mu.Lock()
		defer st.mu.Unlock()
		delete(w.tokens, token)
	}
}

// retire ends a watcher that nobody needs, and leaves its watches to the next one on that path.
func (st *Store) retire(w *watcher, s *session, a armed) bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	if len(w.tokens) > 0 {
		return false
	}
	s.putArmed(w.path, a)
	delete(st.watchers, w.path)
	w.cancel()
	return true
}

func (st *Store) wake(w *watcher) {
	st.mu.Lock()
	defer st.mu.Unlock()
	for token := range w.tokens {
		select {
		case token <- struct{}{}:
		default: // a token is there already
		}
	}
}

// endWatches wakes all watchers a last time, so that they read and learn of the end.
func (st *Store) endWatches() {
	st.mu.Lock()
	all := st.watchers
	st.watchers = nil
	st.mu.Unlock()
	for _, w := range all {
		st.wake(w)
		w.cancel()
	}
}

// follow looks at the path, wakes the watchers when it changed, and waits: for a watch, a reconnection, the next
// session, or at most maxLook.
func (st *Store) follow(ctx context.Context, w *watcher) {
	var last look
	known := false
	for ctx.Err() == nil {
		s, err := st.main.usable(ctx)
		if err != nil {
			return // the store has ended
		}
		a := s.takeArmed(w.path)
		for !st.retire(w, s, a) {
			_, again := s.connected()
			// Events come before the answers that show what they are about; so a change that neither fired was lost.
			silent := known && a.node != nil && (a.children != nil || !last.exists)
			now, err := st.arm(ctx, s, w.path, &a)
			if err != nil {
				if _, err := st.main.usable(ctx); err != nil || pause(ctx) != nil || closed(s.lost) {
					break
				}
				continue
			}
			if !known || now != last {
				st.wake(w)
			}
			lost := silent && now != last && len(a.node) == 0 && len(a.children) == 0
			last, known = now, true
			if lost {
				a = armed{}
				continue
			}
			if !st.await(ctx, s, &a, again) {
				break // the watches have ended with the session
			}
		}
	}
}

// await waits for a reason to look again; false means that the session or the watcher ended.
func (st *Store) await(ctx context.Context, s *session, a *armed, again <-chan struct{}) bool {
	timer := time.NewTimer(maxLook*3/4 + rand.N(maxLook/4))
	defer timer.Stop()
	select {
	case <-a.node:
		a.node = nil
	case <-a.children:
		a.children = nil
	case <-again:
	case <-timer.C:
	case <-s.lost:
		return false
	case <-ctx.Done():
		return false
	}
	return true
}

// arm looks at the path and sets what watches are missing.
func (st *Store) arm(ctx context.Context, s *session, path string, a *armed) (look, error) {
	type seen struct {
		now   look
		armed armed
	}
	var result atomic.Pointer[seen]
	before := *a
	ctx, cancel := st.main.limit(ctx)
	defer cancel()
	_, err := st.main.call(ctx, s, func(c *zk.Conn) error {
		got := seen{armed: before}
		var exists bool
		var stat *zk.Stat
		var err error
		if got.armed.node != nil {
			exists, stat, err = c.Exists(st.full(path))
		} else {
			exists, stat, got.armed.node, err = c.ExistsW(st.full(path))
		}
		if err != nil {
			return err
		}
		got.now = lookOf(exists, stat)
		if exists && got.armed.children == nil {
			// Between the two requests the list may have changed: then the look is older than the watch.
			_, stat, children, err := c.ChildrenW(st.full(path))
			if err != nil && err != zk.ErrNoNode { // gone in between: the node's watch tells
				return err
			}
			if err == nil {
				got.armed.children = children
				got.now = lookOf(true, stat)
			}
		}
		result.Store(&got)
		return nil
	})
	if err != nil {
		return look{}, err
	}
	*a = result.Load().armed
	return result.Load().now, nil
}

func (s *session) takeArmed(path string) armed {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.armed[path]
	delete(s.armed, path)
	return a
}

func (s *session) putArmed(path string, a armed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.armed) >= maxArmed {
		for p, old := range s.armed {
			if len(old.node) > 0 || len(old.children) > 0 {
				delete(s.armed, p)
			}
		}
	}
	s.armed[path] = a
}
