package zk

import (
	"testing"
	"time"

	"zonecast/internal/store"
	"zonecast/internal/store/zktest"
)

// TestLostSetWatches loses what the client library sends after a reconnection to set its watches again: what changed
// meanwhile shows, and what changes later too, within 5 s.
func TestLostSetWatches(t *testing.T) {
	t.Parallel()
	server := zktest.Shared(t)
	cfg := config(server.Addr)
	writer := opened(t, cfg)
	do(t, writer, store.Create("/n", nil))
	p := zktest.NewProxy(t, server.Addr)
	cfg.Servers = []string{p.Addr}
	cfg.Connections = 1 // so that the request that is lost is the watching connection's
	reader := opened(t, cfg)
	changed, cancel := reader.Watch("/n")
	defer cancel()
	closes(t, changed, "the first look")
	shows := func(what string, version int64) {
		t.Helper()
		start := time.Now()
		for {
			closes(t, changed, what)
			if n, err := reader.Get(t.Context(), "/n"); err != nil {
				t.Fatal(err)
			} else if n.Version == version {
				break
			}
		}
		if took := time.Since(start); took > 6*time.Second {
			t.Errorf("%s: a token after %v, promised within 5 s", what, took)
		}
	}
	lost := reader.Session()
	swallowed := p.Do("swallow", zktest.OpSetWatches)
	p.Cut()
	do(t, writer, store.Set("/n", nil, 0))
	shows("changed while there was no connection", 1)
	closes(t, swallowed, "the library sets its watches again")
	for version := range int64(2) {
		do(t, writer, store.Set("/n", nil, 1+version))
		shows("changed while no watch was set", 2+version)
	}
	if closed(lost) {
		t.Error("the session ended: its watches were not only lost")
	}
}
