package zk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"zonecast/internal/store"
	"zonecast/internal/store/storetest"
	"zonecast/internal/store/zktest"
)

const patience = 30 * time.Second

var roots atomic.Int64

// config is for a root of the test's own, with no parent: that would belong to whoever made it first.
func config(addr ...string) Config {
	cfg := DefaultConfig()
	cfg.Servers = addr
	cfg.Root = fmt.Sprintf("/test-%d-%d", os.Getpid(), roots.Add(1))
	cfg.Log = slog.New(slog.DiscardHandler)
	return cfg
}

func opened(t testing.TB, cfg Config) *Store {
	t.Helper()
	st, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return st.(*Store)
}

func do(t testing.TB, st store.Store, ops ...store.Op) {
	t.Helper()
	if err := st.Multi(t.Context(), ops...); err != nil {
		t.Fatalf("Multi: %v", err)
	}
}

// closes waits for a channel to be closed or to give a token.
func closes(t testing.TB, c <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(patience):
		t.Fatalf("waited in vain: %s", what)
	}
}

// tree runs the conformance suite, each session behind a proxy of its own.
type tree struct {
	cfg     Config
	server  *zktest.Server
	proxies map[store.Store]*zktest.Proxy
}

func (tr tree) Session(t *testing.T) store.Store {
	cfg := tr.cfg
	p := zktest.NewProxy(t, tr.server.Addr)
	cfg.Servers = []string{p.Addr}
	st, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	tr.proxies[st] = p
	return st
}

func (tr tree) Expire(t *testing.T, st store.Store) { tr.proxies[st].Expire(t) }

func TestStore(t *testing.T) {
	t.Parallel()
	for _, connections := range []int{1, 3} {
		t.Run(fmt.Sprintf("connections=%d", connections), func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) storetest.Tree {
				server := zktest.Shared(t)
				cfg := config(server.Addr)
				cfg.Connections = connections
				return tree{cfg, server, make(map[store.Store]*zktest.Proxy)}
			})
		})
	}
}

func TestOpenWithoutServers(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := Open(ctx, config("127.0.0.1:1")); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Open: %v, want the context's error", err)
	}
	cfg := config("127.0.0.1:1")
	cfg.RequestTimeout = 300 * time.Millisecond
	if _, err := Open(t.Context(), cfg); !errors.Is(err, store.ErrUnavailable) {
		t.Fatalf("Open: %v, want ErrUnavailable", err)
	}
}

func auth(t *testing.T, line string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "auth")
	if err := os.WriteFile(path, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOthersAreDenied(t *testing.T) {
	t.Parallel()
	server := zktest.Shared(t)
	mine := config(server.Addr)
	mine.AuthFile = auth(t, "zonecast:secret of ours\n")
	mine.Root += "/below" // a root's missing parents are made too
	st := opened(t, mine)
	do(t, st, store.Create("/a/b", []byte("x")), store.CreateEphemeral("/e", nil))

	for name, file := range map[string]string{
		"another password": auth(t, "zonecast:guessed"), "another user": auth(t, "other:secret of ours"), "nobody": "",
	} {
		other := mine
		other.AuthFile = file
		o := opened(t, other)
		if _, err := o.Get(t.Context(), "/a/b"); !errors.Is(err, store.ErrDenied) {
			t.Errorf("%s reads: %v", name, err)
		}
		if _, err := o.GetMany(t.Context(), []string{"/a/b"}); !errors.Is(err, store.ErrDenied) {
			t.Errorf("%s reads many: %v", name, err)
		}
		if _, err := o.Children(t.Context(), "/a"); !errors.Is(err, store.ErrDenied) {
			t.Errorf("%s lists: %v", name, err)
		}
		for _, op := range []store.Op{store.Create("/c", nil), store.Create("/a/c", nil), store.Set("/a/b", nil, 0),
			store.Delete("/e", 0), store.Set("/e", nil, store.AnyVersion)} {
			if err := o.Multi(t.Context(), op); !errors.Is(err, store.ErrDenied) {
				t.Errorf("%s writes %s: %v", name, op.Path, err)
			}
		}
	}
	twin := opened(t, mine)
	for _, l := range append(twin.readers, twin.main) { // the identity survives a reconnection
		s, err := l.usable(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		l.replace(s, "test")
	}
	nodes, err := twin.GetMany(t.Context(), []string{"/a/b", "/e"})
	if err != nil || string(nodes[0].Data) != "x" || nodes[1].Version != 0 {
		t.Fatalf("the same identity: %v %v", nodes, err)
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	files := zktest.NewTLS(t)
	server := zktest.Single(t, zktest.Options{TLS: files})
	cfg := config(server.SecureAddr)
	cfg.TLS = &TLS{CA: files.CA, Cert: files.ClientCert, Key: files.ClientKey}
	st := opened(t, cfg)
	do(t, st, store.Create("/a", []byte("x")))
	if n, err := st.Get(t.Context(), "/a"); err != nil || string(n.Data) != "x" {
		t.Fatal(n, err)
	}
	for name, wrong := range map[string]*TLS{
		"a foreign authority":   {CA: zktest.NewTLS(t).CA, Cert: files.ClientCert, Key: files.ClientKey},
		"no certificate":        {CA: files.CA},
		"another server's name": {CA: files.CA, Cert: files.ClientCert, Key: files.ClientKey, ServerName: "zk.example"},
		"no TLS":                nil,
	} {
		bad := cfg
		bad.TLS = wrong
		bad.RequestTimeout = time.Second
		if st, err := Open(t.Context(), bad); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s: %v %v", name, st, err)
		}
	}
}
