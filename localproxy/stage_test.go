package localproxy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"zonecast/internal/release"
	"zonecast/internal/service"
	"zonecast/internal/store"
	"zonecast/internal/store/embedded"
	"zonecast/localproxy/releasetest"
)

// world is a store with what a publisher puts there, and the publisher.
type world struct {
	*releasetest.Publisher
	st *embedded.Store
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{Publisher: releasetest.New(t)}
	var err error
	if w.st, err = embedded.Open(filepath.Join(t.TempDir(), "store.db"), time.Second); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.st.Close() })
	mirror := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		version, _ := strconv.ParseUint(r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:], 10, 64)
		w.Lock()
		defer w.Unlock()
		http.ServeContent(rw, r, "", time.Time{}, bytes.NewReader(w.Bases[version]))
	}))
	t.Cleanup(mirror.Close)
	offer, _ := json.Marshal(release.Offer{Instance: "p1", URL: mirror.URL, Versions: []uint64{releasetest.Start}})
	w.must(t, store.CreateEphemeral(release.OfferPath("p1"), offer))
	return w
}

func (w *world) must(t *testing.T, ops ...store.Op) {
	t.Helper()
	if err := w.st.Multi(t.Context(), ops...); err != nil {
		t.Fatal(err)
	}
}

// publish copies the newest head and entry into the store.
func (w *world) publish(t *testing.T) {
	t.Helper()
	head := release.HeadPath(releasetest.Stream)
	op := store.Set(head, w.Signed, store.AnyVersion)
	if _, err := w.st.Get(t.Context(), head); errors.Is(err, store.ErrNotFound) {
		op = store.Create(head, w.Signed)
	}
	w.must(t, store.Create(release.LogPath(w.Head.Version), w.Log[w.Head.Version]), op)
}

// run starts a stage and gives its address.
func run(t *testing.T, s *Stage) (addr string, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	stopped := false
	stop = func() {
		if cancel(); !stopped {
			stopped = true
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	}
	t.Cleanup(stop)
	bound := s.Bound(t.Context())
	if bound == nil {
		t.Fatal("not bound")
	}
	return bound[0].String(), stop
}

func ask(t *testing.T, addr, name string, typ uint16) *dns.Msg {
	t.Helper()
	query := new(dns.Msg).SetQuestion(name, typ).SetEdns0(1232, false)
	reply, _, err := (&dns.Client{Timeout: 5 * time.Second}).ExchangeContext(t.Context(), query, addr)
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

// answers asks until the answer's text contains want: releases come in their own time.
func answers(t *testing.T, addr, name string, typ uint16, want string) {
	t.Helper()
	var last *dns.Msg
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		if last = ask(t, addr, name, typ); strings.Contains(last.String(), want) {
			return
		}
	}
	t.Fatalf("no %q in\n%s", want, last)
}

func config(t *testing.T, w *world) Config {
	c := DefaultConfig()
	c.DNS, c.Data = []string{"127.0.0.1:0"}, t.TempDir()
	c.KeyFile = filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(c.KeyFile, []byte("# publishers\n\n"+string(w.Public)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return c
}

func host() *service.Host {
	return service.NewHost("test", "", slog.New(slog.DiscardHandler))
}

func get(t *testing.T, h *service.Host, path string) (int, string) {
	t.Helper()
	rec := httptest.NewRecorder()
	h.Mux.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
	body, _ := io.ReadAll(rec.Body)
	return rec.Code, string(body)
}

func TestFromNothingToLastGood(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cfg, h := config(t, w), host()
	s, err := New(cfg, w.st, h)
	if err != nil {
		t.Fatal(err)
	}
	if code, body := get(t, h, "/readyz"); code == http.StatusOK || !strings.Contains(body, readyName) {
		t.Errorf("ready before anything was loaded: %d %s", code, body)
	}
	addr, stop := run(t, s)
	answers(t, addr, releasetest.Host, dns.TypeA, "SERVFAIL")
	w.publish(t)
	answers(t, addr, releasetest.Host, dns.TypeA, "192.0.2.1")
	if code, _ := get(t, h, "/readyz"); code != http.StatusOK {
		t.Error("not ready with a release")
	}
	w.Move("192.0.2.2")
	w.publish(t)
	answers(t, addr, releasetest.Host, dns.TypeA, "192.0.2.2")
	answers(t, addr, "_timestamp.example.", dns.TypeTXT, `"epoch=1" "version=1795000001" "released=1795000000" "signed=1795000001" "as-of=1795000000"`)
	answers(t, addr, "example.", dns.TypeSOA, " 1795000001 7200")

	older := w.Signed
	w.Resign(func(h *release.Head) { h.Version-- })
	w.must(t, store.Set(release.HeadPath(releasetest.Stream), w.Signed, store.AnyVersion))
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		if _, body := get(t, h, "/metrics"); strings.Contains(body, `zonecast_localproxy_refused_heads_total{reason="rollback"} 1`) {
			break
		}
	}
	w.must(t, store.Set(release.HeadPath(releasetest.Stream), older, store.AnyVersion))
	_, body := get(t, h, "/metrics")
	for _, want := range []string{
		`zonecast_localproxy_refused_heads_total{reason="rollback"} 1`, `zonecast_localproxy_refused_heads_total{reason="signature"} 0`,
		"zonecast_localproxy_version 1.795000001e+09", "zonecast_localproxy_as_of_timestamp_seconds 1.795e+09", "zonecast_localproxy_ready 1",
		"zonecast_localproxy_snapshot_names 2", `zonecast_localproxy_queries_total{rcode="NOERROR",transport="udp",type="TXT"}`,
		"zonecast_localproxy_build_info{", "zonecast_localproxy_swap_seconds_count{", "zonecast_localproxy_stale_seconds ",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
	stop()

	// Everything but the proxy is gone; its restart answers at once.
	w.st.Close()
	h = host()
	if s, err = New(cfg, w.st, h); err != nil {
		t.Fatal(err)
	}
	addr, _ = run(t, s)
	if reply := ask(t, addr, releasetest.Host, dns.TypeA); !strings.Contains(reply.String(), "192.0.2.2") {
		t.Errorf("last good release not served at once:\n%s", reply)
	}
}

func TestFixed(t *testing.T) {
	t.Parallel()
	w := releasetest.New(t)
	path := filepath.Join(t.TempDir(), "zones.snap")
	if err := os.WriteFile(path, w.Bases[releasetest.Start], 0o600); err != nil {
		t.Fatal(err)
	}
	at := time.Unix(1795000123, 0)
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
	cfg := DefaultConfig()
	cfg.DNS = []string{"127.0.0.1:0"}
	s, err := NewFixed(cfg, path, host())
	if err != nil {
		t.Fatal(err)
	}
	addr, _ := run(t, s)
	answers(t, addr, releasetest.Host, dns.TypeA, "192.0.2.1")
	answers(t, addr, "example.", dns.TypeSOA, " 1 7200")
	answers(t, addr, "_timestamp.example.", dns.TypeTXT, `"epoch=0" "version=0" "released=1795000123" "signed=1795000123" "as-of=1795000123"`)
}

// TestFixedFileReplaced: a file that is renamed into place takes over if it is sound, and else the one before stays.
func TestFixedFileReplaced(t *testing.T) {
	t.Parallel()
	w := releasetest.New(t)
	old := w.Bases[releasetest.Start]
	w.Move("192.0.2.44")
	w.Compile(false)
	path := filepath.Join(t.TempDir(), "zones.snap")
	replace := func(content []byte) {
		if err := os.WriteFile(path+".new", content, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	replace(old)
	cfg := DefaultConfig()
	cfg.DNS = []string{"127.0.0.1:0"}
	h := host()
	s, err := NewFixed(cfg, path, h)
	if err != nil {
		t.Fatal(err)
	}
	addr, _ := run(t, s)
	answers(t, addr, releasetest.Host, dns.TypeA, "192.0.2.1")
	replace(w.Bases[w.Head.Version])
	answers(t, addr, releasetest.Host, dns.TypeA, "192.0.2.44")
	replace(old[:len(old)/2])
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		if _, body := get(t, h, "/metrics"); strings.Contains(body, "zonecast_localproxy_follow_failures_total 1\n") {
			break
		} else if time.Now().After(end) {
			t.Fatal("the half file was not looked at")
		}
	}
	answers(t, addr, releasetest.Host, dns.TypeA, "192.0.2.44")
	replace(old)
	answers(t, addr, releasetest.Host, dns.TypeA, "192.0.2.1")
}

func TestFixedRefusesWhatIsNoSnapshot(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "zones.snap")
	if err := os.WriteFile(path, bytes.Repeat([]byte("rubbish"), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := DefaultConfig()
	cfg.DNS = []string{"127.0.0.1:0"}
	for _, p := range []string{path, path + ".absent"} {
		s, err := NewFixed(cfg, p, host())
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Run(t.Context()); err == nil || !strings.Contains(err.Error(), p) {
			t.Errorf("%s: %v", p, err)
		}
	}
}

func TestAddressInUseEndsTheStage(t *testing.T) {
	t.Parallel()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	w := newWorld(t)
	cfg := config(t, w)
	cfg.DNS = []string{conn.LocalAddr().String()}
	s, err := New(cfg, w.st, host())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context()); err == nil || !strings.Contains(err.Error(), cfg.DNS[0]) || !strings.Contains(err.Error(), "in use") {
		t.Errorf("%v", err)
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for what, change := range map[string]func(c *Config){
		"no address":   func(c *Config) { c.DNS = nil },
		"bad address":  func(c *Config) { c.DNS = []string{"localhost"} },
		"twice":        func(c *Config) { c.DNS = []string{"127.0.0.1:5300", "127.0.0.1:5300"} },
		"bad network":  func(c *Config) { c.Allow = []string{"192.0.2.1/24"} },
		"bad rate":     func(c *Config) { c.RateLimit.ResponsesPerSecond = -1 },
		"bad exempt":   func(c *Config) { c.DNS, c.RateLimit.Exempt = []string{"0.0.0.0:0"}, []string{"all"} },
		"no key":       func(c *Config) { c.KeyFile = "" },
		"bad key":      func(c *Config) { c.Keys = []string{"key"} },
		"no key file":  func(c *Config) { c.KeyFile += ".absent" },
		"no data":      func(c *Config) { c.Data = "" },
		"no stream":    func(c *Config) { c.Stream = "" },
		"bad url":      func(c *Config) { c.URLs = []string{"publisher"} },
		"bad limits":   func(c *Config) { c.Limits.Sockets = -1 },
		"nowhere from": nil,
	} {
		cfg, h := config(t, w), host()
		var st store.Store = w.st
		if change == nil {
			st = nil
		} else {
			change(&cfg)
		}
		if _, err := New(cfg, st, h); err == nil {
			t.Errorf("%s: accepted", what)
		}
		if code, body := get(t, h, "/readyz"); code != http.StatusOK {
			t.Errorf("%s: a refused config left a condition behind: %s", what, body)
		}
	}
}

func TestDefaultsAreLoopback(t *testing.T) {
	t.Parallel()
	for _, text := range DefaultConfig().DNS {
		if addr := netip.MustParseAddrPort(text); !addr.Addr().IsLoopback() || addr.Port() != 5300 {
			t.Errorf("default address %s", addr)
		}
	}
}
