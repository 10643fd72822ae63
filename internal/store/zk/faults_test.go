package zk

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"testing"
	"time"
	"unsafe"

	"zonecast/internal/store"
	"zonecast/internal/store/zktest"
)

func TestRestartedServer(t *testing.T) {
	t.Parallel()
	server := zktest.Single(t, zktest.Options{})
	cfg := config(server.Addr)
	cfg.SessionTimeout = 30 * time.Second
	a, b := opened(t, cfg), opened(t, cfg)
	do(t, a, store.CreateEphemeral("/e", nil), store.Create("/n", nil))
	lost := a.Session()
	changed, cancel := b.Watch("/n")
	defer cancel()
	closes(t, changed, "the first look")

	server.Stop()
	ctx, stop := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer stop()
	if err := a.Multi(ctx, store.Create("/never", nil)); err == nil {
		t.Fatal("a write with no server succeeded")
	}
	reading := make(chan error, 1)
	go func() { // a read waits for the server
		_, err := b.GetMany(t.Context(), []string{"/n", "/e"})
		reading <- err
	}()
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	if err := <-reading; err != nil {
		t.Fatalf("a read over the restart: %v", err)
	}
	if _, err := b.Get(t.Context(), "/e"); err != nil || closed(lost) {
		t.Fatalf("the session did not survive the restart: %v, lost %v", err, closed(lost))
	}
	for { // the write that failed may have been on its way, so this is the first one that counts
		if err := a.Multi(t.Context(), store.Set("/n", []byte("after"), store.AnyVersion)); err == nil {
			break
		} else if !errors.Is(err, store.ErrAmbiguous) {
			t.Fatal(err)
		}
	}
	for {
		if n, err := b.Get(t.Context(), "/n"); err == nil && string(n.Data) == "after" {
			break
		}
		closes(t, changed, "a token after the restart")
	}
}

// TestStartBeforeTheServers has a process start while nothing else does: it has its store at once, which works once
// there are servers, and has not made the root.
func TestStartBeforeTheServers(t *testing.T) {
	t.Parallel()
	server := zktest.Single(t, zktest.Options{})
	server.Stop()
	cfg := config(server.Addr)
	st, err := Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	changed, cancel := st.Watch("/n")
	defer cancel()
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := st.Get(t.Context(), "/n"); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("Get below a root that is not there: %v", err)
	}
	do(t, opened(t, cfg), store.Create("/n", nil))
	for {
		if _, err := st.Get(t.Context(), "/n"); err == nil {
			return
		}
		closes(t, changed, "a token for the node")
	}
}

// TestSilenceEndsTheSession: a leader must know before the ensemble gives its node away.
func TestSilenceEndsTheSession(t *testing.T) {
	t.Parallel()
	server := zktest.Shared(t)
	cfg := config(server.Addr)
	other := opened(t, cfg)
	p := zktest.NewProxy(t, server.Addr)
	cfg.Servers = []string{p.Addr}
	cfg.SessionTimeout = 6 * time.Second
	st := opened(t, cfg)
	do(t, st, store.CreateEphemeral("/e", nil))
	lost := st.Session()
	p.Freeze()
	closes(t, lost, "the end of the session by our own clock")
	if _, err := other.Get(t.Context(), "/e"); err != nil {
		t.Fatalf("the server gave the node up before the session's channel was closed: %v", err)
	}
	p.Thaw()
	p.Cut()
	changed, cancel := other.Watch("/e")
	defer cancel()
	for {
		if _, err := other.Get(t.Context(), "/e"); errors.Is(err, store.ErrNotFound) {
			break
		}
		closes(t, changed, "the ephemeral node's end")
	}
	do(t, st, store.CreateEphemeral("/e", []byte("second")))
	if closed(st.Session()) {
		t.Fatal("the second session ended")
	}
}

func TestAmbiguousWrite(t *testing.T) {
	t.Parallel()
	server := zktest.Shared(t)
	for act, want := range map[string]int64{"cut": 1, "drop": 0} {
		t.Run(act, func(t *testing.T) {
			t.Parallel()
			p := zktest.NewProxy(t, server.Addr)
			st := opened(t, config(p.Addr))
			do(t, st, store.Create("/n", nil))
			acted := p.Do(act, zktest.OpMulti)
			if err := st.Multi(t.Context(), store.Set("/n", []byte("x"), 0)); !errors.Is(err, store.ErrAmbiguous) {
				t.Fatalf("Multi over a broken connection: %v, want ErrAmbiguous", err)
			}
			closes(t, acted, "the proxy")
			if n, err := st.Get(t.Context(), "/n"); err != nil || n.Version != want {
				t.Fatalf("version %d (%v), want %d: the write must not be repeated", n.Version, err, want)
			}
		})
	}
}

func TestEndedContextLeavesItOpen(t *testing.T) {
	t.Parallel()
	p := zktest.NewProxy(t, zktest.Shared(t).Addr)
	st := opened(t, config(p.Addr))
	do(t, st, store.Create("/n", nil))
	p.Freeze()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := st.Multi(ctx, store.Set("/n", nil, 0)); !errors.Is(err, store.ErrAmbiguous) {
		t.Errorf("Multi: %v, want ErrAmbiguous", err)
	}
	if _, err := st.Get(ctx, "/n"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Get: %v", err)
	}
	if _, err := st.GetMany(ctx, []string{"/n"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("GetMany: %v", err)
	}
	p.Thaw()
	if err := st.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, err := st.Get(t.Context(), "/n"); err != nil || n.Version != 1 {
		t.Fatalf("version %d (%v): the request was on its way", n.Version, err)
	}
}

func TestLostNotification(t *testing.T) {
	t.Parallel()
	server := zktest.Shared(t)
	cfg := config(server.Addr)
	writer := opened(t, cfg)
	do(t, writer, store.Create("/n", nil))
	p := zktest.NewProxy(t, server.Addr)
	cfg.Servers = []string{p.Addr}
	reader := opened(t, cfg)
	changed, cancel := reader.Watch("/n")
	defer cancel()
	closes(t, changed, "the first look")
	p.LoseNews()
	for _, op := range []store.Op{store.Set("/n", nil, 0), store.Create("/n/child", nil)} {
		do(t, writer, op)
		start := time.Now()
		closes(t, changed, "a token without a notification")
		if took := time.Since(start); took > 6*time.Second {
			t.Errorf("%s: a token after %v, promised within 5 s", op.Path, took)
		}
	}
}

func TestCutConnections(t *testing.T) {
	t.Parallel()
	p := zktest.NewProxy(t, zktest.Shared(t).Addr)
	st := opened(t, config(p.Addr))
	do(t, st, store.Create("/n", nil))
	lost := st.Session()
	changed, cancel := st.Watch("/n")
	defer cancel()
	for range 5 {
		p.Cut()
		for {
			n, err := st.Get(t.Context(), "/n")
			if err != nil {
				t.Fatalf("a read over a cut connection: %v", err)
			}
			if err = st.Multi(t.Context(), store.Set("/n", nil, n.Version)); err == nil {
				break
			} else if !errors.Is(err, store.ErrAmbiguous) {
				t.Fatal(err)
			}
		}
		closes(t, changed, "a token")
	}
	if closed(lost) {
		t.Fatal("a cut connection ended the session")
	}
}

func TestWatchesDoNotPileUp(t *testing.T) {
	t.Parallel()
	st := opened(t, config(zktest.Shared(t).Addr))
	do(t, st, store.Create("/n", nil))
	s, err := st.main.usable(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		changed, cancel := st.Watch("/n")
		closes(t, changed, "the first look")
		cancel()
	}
	if err := st.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	library := reflect.ValueOf(s.conn).Elem()
	lock := (*sync.Mutex)(unsafe.Pointer(library.FieldByName("watchersLock").UnsafeAddr()))
	lock.Lock()
	defer lock.Unlock()
	kept := 0
	for _, channels := range library.FieldByName("watchers").Seq2() {
		kept += channels.Len()
	}
	if kept == 0 || kept > 20 { // a new watcher may look before its predecessor has put the watches back
		t.Fatalf("the library keeps %d channels for one path", kept)
	}
}

func TestLeaderOfTheEnsembleDies(t *testing.T) {
	t.Parallel()
	servers := zktest.Three(t)
	cfg := config(servers[0].Addr, servers[1].Addr, servers[2].Addr)
	cfg.SessionTimeout = 30 * time.Second
	a, b := opened(t, cfg), opened(t, cfg)
	do(t, a, store.Create("/n", nil), store.CreateEphemeral("/e", nil))
	lost := a.Session()
	for round := range 2 {
		leader := zktest.Leader(servers)
		if leader < 0 {
			t.Fatal("no leader")
		}
		servers[leader].Stop()
		var version int64
		for {
			n, err := a.Get(t.Context(), "/n")
			if err != nil {
				t.Fatal(err)
			}
			version = n.Version + 1
			if err = a.Multi(t.Context(), store.Set("/n", nil, n.Version)); err == nil {
				break
			} else if !errors.Is(err, store.ErrAmbiguous) && !errors.Is(err, store.ErrVersion) {
				t.Fatal(err)
			}
		}
		many, err := a.GetMany(t.Context(), []string{"/n"})
		if err != nil || many[0].Version < version {
			t.Fatalf("round %d: GetMany %v (%v), want version %d", round, many, err, version)
		}
		many, err = b.GetMany(t.Context(), []string{"/n", "/e"}) // as fresh, on whatever server
		if err != nil || many[0].Version < version || many[1].Version != 0 {
			t.Fatalf("round %d: the other's GetMany %v (%v), want version %d", round, many, err, version)
		}
		if err := servers[leader].Start(); err != nil {
			t.Fatal(err)
		}
	}
	if closed(lost) {
		t.Fatal("a failover ended the session")
	}
}
