package embedded

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"

	bolt "go.etcd.io/bbolt"

	"zonecast/internal/store"
)

// Bounds of one bbolt transaction: enough to share an fsync, little enough to keep a batch short.
const (
	maxBatch      = 64
	maxBatchBytes = 4 << 20
)

// A request is one Multi on its way to the writer.
type request struct {
	session uint64
	ops     []store.Op
	end     bool // deletes the session's ephemeral nodes instead
	taken   atomic.Bool
	done    chan error // one value
	err     error      // the writer's
}

func (r *request) size() int {
	n := 0
	for _, op := range r.ops {
		n += op.Size()
	}
	return n
}

// engine is the open file, shared by its sessions.
type engine struct {
	db    *bolt.DB
	queue chan *request
	quit  chan struct{} // closed with the last session
	ended chan struct{} // closed when the writer is gone

	mu     sync.Mutex
	lastID uint64
	stores map[*Store]struct{} // not yet closed
	live   map[uint64]struct{} // sessions that may still write

	broken error // the writer's: an I/O error that makes every later write unsafe

	health func(error) // told when the disk begins to fail (full, say), and with nil when it writes again
	ailing bool        // the writer's
}

func newEngine(db *bolt.DB) (*engine, error) {
	if err := db.Update(prepare); err != nil {
		return nil, err
	}
	e := &engine{
		db: db, queue: make(chan *request, maxBatch), quit: make(chan struct{}), ended: make(chan struct{}),
		stores: make(map[*Store]struct{}), live: make(map[uint64]struct{}),
	}
	go e.write()
	return e, nil
}

func (e *engine) session() *Store {
	s := &Store{e: e, lost: make(chan struct{})}
	s.id = e.nextID()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stores[s] = struct{}{}
	return s
}

func (e *engine) nextID() uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.lastID++
	e.live[e.lastID] = struct{}{}
	return e.lastID
}

// release closes the file after its last session.
func (e *engine) release(s *Store) error {
	e.mu.Lock()
	delete(e.stores, s)
	last := len(e.stores) == 0
	e.mu.Unlock()
	if !last {
		return nil
	}
	close(e.quit)
	<-e.ended
	return e.db.Close()
}

func (e *engine) isLive(session uint64) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	_, ok := e.live[session]
	return ok
}

func (e *engine) bury(session uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.live, session)
}

// notify wakes whoever watches one of the paths, in every session.
func (e *engine) notify(paths map[string]struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for s := range e.stores {
		s.hub.notify(paths)
	}
}

// end deletes a session's ephemeral nodes.
func (e *engine) end(session uint64) error {
	return e.do(context.Background(), &request{session: session, end: true, done: make(chan error, 1)})
}

// do hands a request to the writer and waits. A context that ends while the request still waits takes it back;
// after that it waits for the outcome, which is near.
func (e *engine) do(ctx context.Context, r *request) error {
	select {
	case e.queue <- r:
	case <-ctx.Done():
		return ctx.Err()
	case <-e.quit:
		return store.ErrClosed
	}
	return e.wait(ctx, r)
}

func (e *engine) wait(ctx context.Context, r *request) error {
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
		if r.taken.CompareAndSwap(false, true) {
			return ctx.Err()
		}
	case <-e.ended:
	}
	select {
	case err := <-r.done:
		return err
	case <-e.ended:
	}
	select {
	case err := <-r.done: // answered just before the end
		return err
	default:
		return store.ErrClosed
	}
}

// write is the one writer.
func (e *engine) write() {
	defer close(e.ended)
	for {
		select {
		case r := <-e.queue:
			e.commit(e.gather(r))
		case <-e.quit:
			return
		}
	}
}

// gather takes what else waits, without waiting for it.
func (e *engine) gather(first *request) []*request {
	var batch []*request
	size := 0
	for r := first; ; {
		if r.taken.CompareAndSwap(false, true) {
			batch = append(batch, r)
			size += r.size()
		}
		if len(batch) == maxBatch || size >= maxBatchBytes {
			return batch
		}
		select {
		case r = <-e.queue:
		default:
			return batch
		}
	}
}

// commit applies each request by itself and makes all of them durable together.
func (e *engine) commit(batch []*request) {
	if len(batch) == 0 {
		return
	}
	touched := make(map[string]struct{})
	err := e.broken
	if err == nil {
		err = e.apply(batch, touched)
	}
	e.tell(err)
	for _, r := range batch {
		if err != nil {
			r.err = err
		}
	}
	e.notify(touched) // before the answers, so that whoever wrote finds the token of its own write
	for _, r := range batch {
		r.done <- r.err
	}
}

// tell says when the disk begins to fail and when it is well again: whoever writes just tries again meanwhile.
func (e *engine) tell(err error) {
	if e.ailing == (err != nil) {
		return
	}
	e.ailing = err != nil
	e.mu.Lock()
	health := e.health
	e.mu.Unlock()
	if health != nil {
		health(err)
	}
}

// errUnchanged rolls a batch back in which nothing was to be written: failed checks need no fsync.
var errUnchanged = errors.New("unchanged")

func (e *engine) apply(batch []*request, touched map[string]struct{}) error {
	err := e.db.Update(func(tx *bolt.Tx) error {
		t := open(tx)
		for _, r := range batch {
			switch {
			case r.end: // buried first: what it still has in the queue must not make nodes that nobody would delete
				e.bury(r.session)
				r.err = t.endSession(r.session)
			case !e.isLive(r.session):
				r.err = store.ErrSession
			default:
				r.err = t.multi(r.session, r.ops)
			}
			if t.failed != nil {
				return t.failed
			}
		}
		if len(t.touched) == 0 {
			return errUnchanged
		}
		for p := range t.touched {
			touched[p] = struct{}{}
		}
		return nil
	})
	switch {
	case err == nil || errors.Is(err, errUnchanged):
		return nil
	case errors.Is(err, syscall.EIO):
		e.broken = fmt.Errorf("embedded: no writes after an I/O error until the file is opened again: %w", err)
	}
	return fmt.Errorf("embedded: commit: %w: %w", store.ErrAmbiguous, err)
}
