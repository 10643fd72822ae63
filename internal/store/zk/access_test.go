package zk

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zonecast/internal/store"
	"zonecast/internal/store/zktest"
)

// pair gives the configs of a writer and of a reader, for the same tree.
func pair(t *testing.T) (writer, reader Config) {
	t.Helper()
	writer = config(zktest.Shared(t).Addr)
	writer.AuthFile = auth(t, "zonecast:secret of ours\n")
	reader = writer
	reader.AuthFile = auth(t, "proxy:what hosts know\n")
	var err error
	if reader.Writer, err = Identity(writer.AuthFile); err != nil {
		t.Fatal(err)
	}
	id, err := Identity(reader.AuthFile)
	if err != nil {
		t.Fatal(err)
	}
	writer.Readers, reader.Readers = []string{id}, []string{id}
	return writer, reader
}

func TestReadersReadAndReportOnly(t *testing.T) {
	t.Parallel()
	w, r := pair(t)
	writer, reader := opened(t, w), opened(t, r)
	do(t, writer, store.Create("/tables/a/head", []byte("x")), store.CreateEphemeral("/leaders/rules", nil))

	changed, cancel := reader.Watch("/tables/a/head")
	defer cancel()
	closes(t, changed, "the first look")
	if n, err := reader.Get(t.Context(), "/tables/a/head"); err != nil || string(n.Data) != "x" {
		t.Errorf("a reader reads %q: %v", n.Data, err)
	}
	if many, err := reader.GetMany(t.Context(), []string{"/tables/a/head", "/leaders/rules"}); err != nil || many[1].Version != 0 {
		t.Errorf("a reader reads many: %v: %v", many, err)
	}
	if names, err := reader.Children(t.Context(), "/tables"); err != nil || len(names) != 1 {
		t.Errorf("a reader lists %v: %v", names, err)
	}
	do(t, writer, store.Set("/tables/a/head", []byte("y"), 0))
	closes(t, changed, "a reader's watch")

	for _, op := range []store.Op{store.Set("/tables/a/head", nil, store.AnyVersion), store.Delete("/leaders/rules", store.AnyVersion),
		store.Create("/tables/a/log/1", nil), store.Create("/tables/b/head", nil), store.Create("/other", nil),
		store.CreateEphemeral("/leaders/presenter", nil), store.Delete("/proxies", store.AnyVersion)} {
		if err := reader.Multi(t.Context(), op); !errors.Is(err, store.ErrDenied) {
			t.Errorf("a reader writes %s: %v", op.Path, err)
		}
	}

	// Its report, as it grows, goes and comes again; the writer sees it, and may tidy up.
	do(t, reader, store.Create("/proxies/07/host1", []byte("1")), store.CreateEphemeral("/proxies/07/host1/alive", nil))
	do(t, reader, store.Set("/proxies/07/host1", []byte("2"), 0), store.Delete("/proxies/07/host1/alive", 0))
	if n, err := writer.Get(t.Context(), "/proxies/07/host1"); err != nil || string(n.Data) != "2" {
		t.Errorf("the writer reads a report: %q: %v", n.Data, err)
	}
	do(t, writer, store.Delete("/proxies/07/host1", 1))
	do(t, reader, store.Create("/proxies/07/host1", []byte("3")))

	stranger := w
	stranger.AuthFile, stranger.Readers = "", nil
	s := opened(t, stranger)
	for _, path := range []string{"/tables/a/head", "/proxies/07/host1"} {
		if _, err := s.Get(t.Context(), path); !errors.Is(err, store.ErrDenied) {
			t.Errorf("a stranger reads %s: %v", path, err)
		}
	}
	if err := s.Multi(t.Context(), store.Create("/proxies/07/host2", nil)); !errors.Is(err, store.ErrDenied) {
		t.Errorf("a stranger reports: %v", err)
	}
}

// TestReadersAddedLater has a tree from before there were readers: the walk opens it to them, and shuts it again.
func TestReadersAddedLater(t *testing.T) {
	t.Parallel()
	w, r := pair(t)
	before := w
	before.Readers = nil
	old := opened(t, before)
	do(t, old, store.Create("/tables/a/head", []byte("x")), store.Create("/proxies/07", nil), store.CreateEphemeral("/leaders/rules", nil))
	reader, err := Start(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reader.Close() })
	all := Access{Nodes: 8}
	walked := func(cfg Config, apply bool, want Access) {
		t.Helper()
		got, err := CheckAccess(t.Context(), cfg, apply)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v\n%s", err, diff)
		}
	}
	walked(before, false, all)
	all.Differ = 8
	walked(w, false, all)
	if _, err := reader.Get(t.Context(), "/tables/a/head"); !errors.Is(err, store.ErrDenied) {
		t.Fatalf("looking changed something: %v", err)
	}
	if _, err := CheckAccess(t.Context(), r, true); !errors.Is(err, store.ErrDenied) {
		t.Errorf("a reader changed who may do what: %v", err)
	}
	all.Changed = 8
	walked(w, true, all)
	walked(w, true, Access{Nodes: 8})
	if n, err := reader.Get(t.Context(), "/tables/a/head"); err != nil || string(n.Data) != "x" {
		t.Errorf("afterwards a reader reads %q: %v", n.Data, err)
	}
	do(t, reader, store.Create("/proxies/07/host1", nil))
	do(t, old, store.Set("/tables/a/head", nil, 0), store.Delete("/proxies/07/host1", 0))
	walked(before, true, all)
	if _, err := reader.Get(t.Context(), "/tables/a/head"); !errors.Is(err, store.ErrDenied) {
		t.Errorf("a reader that was taken off the list reads on: %v", err)
	}
}

func TestBadAccess(t *testing.T) {
	t.Parallel()
	const id = "proxy:o25SaUmh4qEq1s7hGkStvHEHyYg="
	mine := auth(t, "zonecast:secret")
	self, err := Identity(mine)
	if err != nil {
		t.Fatal(err)
	}
	many := []string{id}
	for len(many) < 6 {
		many = append(many, many[0])
	}
	for want, spoil := range map[string]func(*Config){
		"need auth_file":                        func(c *Config) { c.Readers, c.AuthFile = []string{id}, "" },
		"readers may share":                     func(c *Config) { c.Readers = many },
		"is the writer":                         func(c *Config) { c.Readers = []string{self} },
		"neither the writer nor one of readers": func(c *Config) { c.Writer = id },
		`"proxy:password" is no digest id`:      func(c *Config) { c.Readers = []string{"proxy:password"} },
		`"proxy" is no digest id`:               func(c *Config) { c.Readers = []string{"proxy"} },
	} {
		cfg := DefaultConfig()
		cfg.AuthFile = mine
		spoil(&cfg)
		if _, err := cfg.prepare(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
