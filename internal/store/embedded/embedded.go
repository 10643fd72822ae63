package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"zonecast/internal/store"
)

// ErrLocked says that another process (or another Open in this one) holds the file.
var ErrLocked = errors.New("in use by another process")

// initialMap is the address space reserved at Open. Growing a map waits for all readers, so it starts
// large; it costs neither memory nor disk.
const initialMap = 4 << 30

// Store is one session on an open file.
type Store struct {
	e   *engine
	hub hub

	mu     sync.Mutex
	id     uint64        // of the session
	lost   chan struct{} // closed when session id ends
	closed bool
}

// Open opens or makes the file and starts a session on it. Another process that holds it makes Open fail with
// ErrLocked after wait, a file that is not what bbolt wrote with ErrDamaged; it is left as it is. The ephemeral nodes of the
// process before are deleted.
func Open(path string, wait time.Duration) (*Store, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("embedded: %w", err)
	}
	wait = max(wait, 1) // 0 would wait for ever
	var e *engine
	err := inspect(path, wait)
	if err == nil {
		err = guarded(func() error { e, err = openEngine(path, wait); return err })
	}
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return nil, fmt.Errorf("embedded: %s: %w", path, ErrLocked)
	case err != nil:
		return nil, fmt.Errorf("embedded: %s: %w", path, err)
	}
	return e.session(), nil
}

func openEngine(path string, wait time.Duration) (*engine, error) {
	db, err := bolt.Open(path, 0o600, &bolt.Options{
		Timeout:         wait,
		FreelistType:    bolt.FreelistMapType,
		NoFreelistSync:  true, // rebuilt at Open; saves writing it with every commit
		InitialMmapSize: initialMap,
	})
	if err != nil {
		return nil, err
	}
	e, err := newEngine(db)
	if err != nil {
		db.Close()
		return nil, err
	}
	return e, nil
}

// inspect checks a file that is there, under a lock that keeps writers away and reads nothing.
func inspect(path string, wait time.Duration) error {
	if info, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		return nil
	}
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: wait, ReadOnly: true})
	switch {
	case errors.Is(err, berrors.ErrTimeout), errors.Is(err, fs.ErrPermission):
		return err
	case err != nil:
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return errors.Join(sound(path), db.Close())
}

// NewSession starts another session on the same file, as another process would have on an ensemble. The file is
// closed with its last session. It fails with store.ErrClosed when this one is closed.
func (s *Store) NewSession() (*Store, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, store.ErrClosed
	}
	return s.e.session(), nil
}

// Health has f told when writes begin to fail (a full disk, an I/O error), once, and with nil when they work again.
// Writers keep trying meanwhile, so that nobody else would say so. It must be called before the first write.
func (s *Store) Health(f func(error)) {
	s.e.mu.Lock()
	defer s.e.mu.Unlock()
	s.e.health = f
}

// enter gives the session's id, or the reason why there is nothing to do.
func (s *Store) enter(ctx context.Context) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, store.ErrClosed
	}
	return s.id, ctx.Err()
}

// Multi implements store.Store. It is never ambiguous but for a failing disk.
func (s *Store) Multi(ctx context.Context, ops ...store.Op) error {
	id, err := s.enter(ctx)
	if err != nil {
		return err
	}
	if err := store.CheckOps(ops); err != nil {
		return err
	}
	if len(ops) == 0 {
		return nil
	}
	return s.e.do(ctx, &request{session: id, ops: ops, done: make(chan error, 1)})
}

// Watch implements store.Store. No notification is ever lost here.
func (s *Store) Watch(path string) (<-chan struct{}, func()) { return s.hub.watch(path) }

// Sync implements store.Store: reads always see the last commit.
func (s *Store) Sync(ctx context.Context) error {
	_, err := s.enter(ctx)
	return err
}

// Session implements store.Store.
func (s *Store) Session() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lost
}

// Expire ends the session as a ZooKeeper server would whose client fell silent, and starts the next: for tests
// of what depends on sessions.
func (s *Store) Expire() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return store.ErrClosed
	}
	old, lost := s.id, s.lost
	s.id, s.lost = s.e.nextID(), make(chan struct{})
	close(lost)
	defer s.hub.wakeAll()
	return s.e.end(old)
}

// Close implements store.Store.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	close(s.lost)
	err := s.e.end(s.id)
	defer s.hub.wakeAll() // so that followers read, and learn that it is over
	return errors.Join(err, s.e.release(s))
}
