package table

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"zonecast/internal/store"
	"zonecast/internal/store/embedded"
	"zonecast/internal/store/zk"
	"zonecast/internal/store/zktest"
)

// The same suite as in memory, with fewer rounds, on the real engines.

func openEmbedded(t testing.TB) store.Store {
	t.Helper()
	st, err := embedded.Open(filepath.Join(t.TempDir(), "store"), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return st
}

var roots atomic.Int64

func openZooKeeper(t testing.TB) store.Store {
	t.Helper()
	cfg := zk.DefaultConfig()
	cfg.Servers = []string{zktest.Shared(t).Addr}
	cfg.Root = fmt.Sprintf("/table/%d-%d", os.Getpid(), roots.Add(1))
	cfg.Log = slog.New(slog.DiscardHandler)
	st, err := zk.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return st
}

func TestPropertyEmbedded(t *testing.T) {
	t.Parallel()
	property(t, openEmbedded(t), 50, 0, 0.05)
}

func TestPropertyZooKeeper(t *testing.T) {
	t.Parallel()
	property(t, openZooKeeper(t), 30, 0, 0.05)
}

func TestRaceEmbedded(t *testing.T) {
	t.Parallel()
	st := openEmbedded(t)
	for run := range uint64(3) {
		race(t, st, fmt.Sprint("raced", run), run, 60)
	}
}

func TestRaceZooKeeper(t *testing.T) {
	t.Parallel()
	st := openZooKeeper(t)
	for run := range uint64(3) {
		race(t, st, fmt.Sprint("raced", run), run, 60)
	}
}

// A first load at full size, on both engines: nothing is too large for them.
func TestBulkAtFullSize(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB) store.Store{"embedded": openEmbedded, "zookeeper": openZooKeeper} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := open(t)
			w := mustOpen(t, st, "generated.main", Options{})
			bulk(t, w, 50_000)
			v, err := Read(t.Context(), st, "generated.main")
			if err != nil || v.Head.Rows != 50_000 || digest(v.All()) != digest(w.All()) {
				t.Fatalf("read back: %v", err)
			}
		})
	}
}
