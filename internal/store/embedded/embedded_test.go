package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	bolt "go.etcd.io/bbolt"

	"zonecast/internal/store"
)

func openNew(t testing.TB) (*Store, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sub", "store.db")
	s, err := Open(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, path
}

func do(t testing.TB, s *Store, ops ...store.Op) {
	t.Helper()
	if err := s.Multi(context.Background(), ops...); err != nil {
		t.Fatal(err)
	}
}

func TestSecondOpenIsLockedOut(t *testing.T) {
	t.Parallel()
	s, path := openNew(t)
	if _, err := Open(path, 0); !errors.Is(err, ErrLocked) {
		t.Fatalf("second Open: %v, want ErrLocked", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
}

// TestCrash opens a copy of the file as it was in the middle of a process's life.
func TestCrash(t *testing.T) {
	t.Parallel()
	s, path := openNew(t)
	do(t, s, store.Create("/a/b", []byte("x")), store.CreateEphemeral("/l/e", nil), store.Set("/a/b", []byte("y"), 0))
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "copy.db")
	if err := os.WriteFile(copied, data, 0o600); err != nil {
		t.Fatal(err)
	}
	after, err := Open(copied, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer after.Close()
	if n, err := after.Get(t.Context(), "/a/b"); err != nil || string(n.Data) != "y" || n.Version != 1 {
		t.Fatalf("acknowledged write: %v %v", n, err)
	}
	if names, err := after.Children(t.Context(), "/l"); err != nil || len(names) != 0 {
		t.Fatalf("ephemeral nodes of the process before: %q %v", names, err)
	}
}

func TestOtherFormatIsRefused(t *testing.T) {
	t.Parallel()
	s, path := openNew(t)
	err := s.e.db.Update(func(tx *bolt.Tx) error { return tx.Bucket(bucketMeta).Put(keyFormat, []byte("2")) })
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	if _, err := Open(path, 0); err == nil {
		t.Fatal("a file of format 2 was opened")
	}
	if err := os.WriteFile(path, []byte("no database, and long enough to be looked at"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, 0); err == nil {
		t.Fatal("a file of another kind was opened")
	}
}

// TestBatch: requests that share a commit succeed and fail each by itself.
func TestBatch(t *testing.T) {
	t.Parallel()
	s, _ := openNew(t)
	do(t, s, store.Create("/n", nil))
	var batch []*request
	for _, ops := range [][]store.Op{
		{store.Set("/n", []byte("first"), 0)},
		{store.Create("/lost", nil), store.Set("/n", []byte("late"), 0)},
		{store.Set("/n", []byte("second"), 1), store.Create("/kept", nil)},
	} {
		batch = append(batch, &request{session: s.id, ops: ops, done: make(chan error, 1)})
	}
	other := &Store{} // its session has ended
	batch = append(batch, &request{session: other.id, ops: []store.Op{store.CreateEphemeral("/orphan", nil)}, done: make(chan error, 1)})
	s.e.commit(batch) // the writer is idle
	for i, want := range []error{nil, store.ErrVersion, nil, store.ErrSession} {
		if err := <-batch[i].done; !errors.Is(err, want) {
			t.Errorf("request %d: %v, want %v", i, err, want)
		}
	}
	if names, err := s.Children(t.Context(), "/"); err != nil || fmt.Sprint(names) != "[kept n]" {
		t.Errorf("children %q %v", names, err)
	}
	if n, err := s.Get(t.Context(), "/n"); err != nil || string(n.Data) != "second" || n.Version != 2 {
		t.Errorf("%v %v", n, err)
	}
}

// TestWaitingRequestIsTakenBack: a context that ends before the writer comes by leaves nothing to be done.
func TestWaitingRequestIsTakenBack(t *testing.T) {
	t.Parallel()
	e := &engine{queue: make(chan *request, 1), quit: make(chan struct{}), ended: make(chan struct{})} // no writer
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := &request{done: make(chan error, 1)}
	e.queue <- r
	if err := e.wait(ctx, r); !errors.Is(err, context.Canceled) {
		t.Fatalf("%v, want context.Canceled", err)
	}
	if batch := e.gather(<-e.queue); len(batch) != 0 {
		t.Fatal("the writer took a request that was taken back")
	}
}

func TestBrokenDiskStopsWrites(t *testing.T) {
	t.Parallel()
	s, _ := openNew(t)
	do(t, s, store.Create("/n", nil))
	s.e.broken = errors.New("injected") // the writer is idle
	if err := s.Multi(t.Context(), store.Set("/n", nil, 0)); err == nil {
		t.Fatal("a write after an I/O error")
	}
	if n, err := s.Get(t.Context(), "/n"); err != nil || n.Version != 0 {
		t.Fatalf("reads go on: %v %v", n, err)
	}
}

// Writers try again and again, silently: the store itself has to say what is wrong, and when it is over.
func TestAFailingDiskIsReported(t *testing.T) {
	t.Parallel()
	s, _ := openNew(t)
	var said []error
	s.Health(func(err error) { said = append(said, err) })
	do(t, s, store.Create("/n", nil))
	full := errors.New("injected: no space left on device")
	for range 2 {
		s.e.broken = full // the writer is idle
		_ = s.Multi(t.Context(), store.Set("/n", nil, store.AnyVersion))
	}
	s.e.broken = nil
	do(t, s, store.Set("/n", nil, 0))
	if len(said) != 2 || !errors.Is(said[0], full) || said[1] != nil {
		t.Fatalf("said %v", said)
	}
}

func TestCloseUnderLoad(t *testing.T) {
	t.Parallel()
	s, _ := openNew(t)
	do(t, s, store.Create("/n", nil))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for {
				if err := s.Multi(context.Background(), store.Set("/n", nil, store.AnyVersion)); err != nil {
					if !errors.Is(err, store.ErrClosed) && !errors.Is(err, store.ErrSession) {
						t.Error(err)
					}
					return
				}
				if _, err := s.Get(context.Background(), "/n"); err != nil && !errors.Is(err, store.ErrClosed) {
					t.Error(err)
				}
			}
		})
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
}
