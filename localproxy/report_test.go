package localproxy

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"zonecast/internal/fleet"
	"zonecast/internal/release"
	"zonecast/internal/store"
	"zonecast/localproxy/live"
	"zonecast/localproxy/releasetest"
)

// reported waits for a report that is as wanted.
func reported(t *testing.T, st store.Store, as func(fleet.Proxy) bool) {
	t.Helper()
	var list []fleet.Proxy
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		var err error
		if list, err = fleet.List(t.Context(), st, 0); err != nil {
			t.Fatal(err)
		}
		if len(list) == 1 && as(list[0]) {
			return
		}
	}
	t.Fatalf("reported: %+v", list)
}

func TestAProxyReports(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cfg := config(t, w)
	cfg.Report.Every = time.Second
	s, err := New(cfg, w.st, host())
	if err != nil {
		t.Fatal(err)
	}
	addr, _ := run(t, s)
	reported(t, w.st, func(p fleet.Proxy) bool {
		return p.Alive && p.ID == "test" && p.State == fleet.Empty && len(p.Addresses) == 1 && p.Addresses[0] == addr && p.Started > 0 && p.Build != ""
	})
	w.publish(t)
	// The head of the test was signed years ago, and its inputs are as old.
	reported(t, w.st, func(p fleet.Proxy) bool {
		return p.Version == releasetest.Start && p.Epoch == 1 && p.AsOf > 0 && (p.State == fleet.Expired || p.State == fleet.Stale || p.State == fleet.Fresh)
	})
	w.must(t, store.Set("/releases/heads/"+releasetest.Stream, []byte("forged"), store.AnyVersion))
	reported(t, w.st, func(p fleet.Proxy) bool {
		return p.Refused > 0 && strings.Contains(p.LastError, "refused: ") && p.ErrorAt > 0
	})
}

func TestStatesOfAProxy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, err := New(config(t, w), w.st, host())
	if err != nil {
		t.Fatal(err)
	}
	run(t, s)
	now := time.Now().Unix()
	for want, ages := range map[fleet.State][2]int64{fleet.Fresh: {10, -100}, fleet.Stale: {100, -100}, fleet.Expired: {10, 100}} {
		s.metrics.loaded.Store(&live.Release{Head: release.Head{AsOf: now - ages[0], Expires: now - ages[1]}})
		if got := s.observe().State; got != want {
			t.Errorf("as of %d s ago, expired %d s ago: %s, want %s", ages[0], ages[1], got, want)
		}
	}
}

// A proxy that may not write answers all the same.
func TestReportsNeedNoLeave(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publish(t)
	cfg := config(t, w)
	s, err := New(cfg, readOnly{w.st}, host())
	if err != nil {
		t.Fatal(err)
	}
	addr, _ := run(t, s)
	answers(t, addr, releasetest.Host, dns.TypeA, "192.0.2.1")
	cfg.Report.Off = true
	if s, err := New(cfg, w.st, host()); err != nil || s.reports != nil {
		t.Errorf("off: %v, %v", s.reports, err)
	}
}

type readOnly struct{ store.Store }

func (readOnly) Multi(context.Context, ...store.Op) error { return store.ErrDenied }

func TestReportConfig(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for want, change := range map[string]func(*Config){
		"report.every":       func(c *Config) { c.Report.Every = time.Millisecond },
		"report.stale_after": func(c *Config) { c.Report.StaleAfter = 0 },
	} {
		cfg := config(t, w)
		change(&cfg)
		if _, err := New(cfg, w.st, host()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
