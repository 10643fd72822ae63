package localproxy

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"zonecast/localproxy/releasetest"
)

// asking has queries flowing, and counts what comes back, until stop.
type asking struct {
	good, failed, wrong atomic.Int64
	stop                func()
}

func keepAsking(t *testing.T, addr string) *asking {
	t.Helper()
	a, end := &asking{}, make(chan struct{})
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			for {
				select {
				case <-end:
					return
				default:
				}
				reply := ask(t, addr, releasetest.Host, dns.TypeA)
				switch {
				case reply.Rcode == dns.RcodeSuccess && strings.Contains(reply.String(), "192.0.2.1"):
					a.good.Add(1)
				case reply.Rcode == dns.RcodeServerFailure && strings.Contains(reply.String(), "EDE: 14"):
					a.failed.Add(1)
				default:
					a.wrong.Add(1)
				}
			}
		})
	}
	a.stop = sync.OnceFunc(func() { close(end); all.Wait() })
	t.Cleanup(a.stop)
	return a
}

func more(t *testing.T, what string, n *atomic.Int64) {
	t.Helper()
	want := n.Load() + 5
	for end := time.Now().Add(20 * time.Second); n.Load() < want; {
		if time.Now().After(end) {
			t.Fatalf("no more %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// The one file is damaged while queries flow: none is lost and none wrong. Queries are told that nothing is ready while
// nothing sound stands there, and answered again when it does.
func TestFixedFileDamagedUnderLoad(t *testing.T) {
	t.Parallel()
	w := releasetest.New(t)
	good := w.Bases[releasetest.Start]
	for what, damage := range map[string]func(path string) error{
		"emptied": func(path string) error { return os.Truncate(path, 0) },
		"cut":     func(path string) error { return os.Truncate(path, int64(len(good)/2)) },
		"garbage": func(path string) error { return inPlace(path, []byte(strings.Repeat("x", len(good)))) },
		"a bit":   func(path string) error { b := append([]byte{}, good...); b[len(b)/2] ^= 1; return inPlace(path, b) },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "zones.snap")
			if err := os.WriteFile(path, good, 0o600); err != nil {
				t.Fatal(err)
			}
			cfg := DefaultConfig()
			cfg.DNS = []string{"127.0.0.1:0"}
			h := host()
			s, err := NewFixed(cfg, path, h)
			if err != nil {
				t.Fatal(err)
			}
			addr, _ := run(t, s)
			a := keepAsking(t, addr)
			more(t, "answers", &a.good)
			if err := damage(path); err != nil {
				t.Fatal(err)
			}
			more(t, "SERVFAIL", &a.failed)
			for end := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
				if code, body := get(t, h, "/readyz"); code != 200 && strings.Contains(body, "snapshot") {
					break
				} else if time.Now().After(end) {
					t.Fatalf("ready: %s", body)
				}
			}
			if err := os.WriteFile(path+".new", good, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(path+".new", path); err != nil {
				t.Fatal(err)
			}
			more(t, "answers", &a.good)
			a.stop()
			// Between a change that no read fails on and the look that finds it, a second at most, anything may be
			// read: only that is not held against what was overwritten in place.
			if n := a.wrong.Load(); n > 0 && (what == "emptied" || what == "a bit") {
				t.Errorf("%d wrong answers", n)
			}
			if _, body := get(t, h, "/metrics"); !strings.Contains(body, "zonecast_localproxy_map_faults_total 1\n") {
				t.Error("not counted, or more than once")
			}
		})
	}
}

// inPlace writes over a file as no program should.
func inPlace(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.WriteAt(b, 0); err != nil {
		return err
	}
	at := time.Now().Add(time.Second) // coarse clocks may not tell the writing from the opening
	return os.Chtimes(path, at, at)
}

// A proxy that follows gets its base again.
func TestFollowedBaseDamagedUnderLoad(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publish(t)
	cfg := config(t, w)
	h := host()
	s, err := New(cfg, w.st, h)
	if err != nil {
		t.Fatal(err)
	}
	addr, _ := run(t, s)
	answers(t, addr, releasetest.Host, dns.TypeA, "192.0.2.1")
	a := keepAsking(t, addr)
	for range 3 {
		more(t, "answers", &a.good)
		files, err := filepath.Glob(filepath.Join(cfg.Data, "base-*"))
		if err != nil || len(files) != 1 {
			t.Fatal(files, err)
		}
		before := s.slot.Take()
		if before == nil {
			t.Fatal("nothing served")
		}
		before.Done()
		if err := os.Truncate(files[0], 0); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(20 * time.Second); s.slot.Serves(before.Base); time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("nobody found out")
			}
		}
		more(t, "answers", &a.good)
	}
	a.stop()
	if n := a.wrong.Load(); n > 0 {
		t.Errorf("%d wrong answers", n)
	}
}

// What a scrub finds without anybody having touched the file, as far as the file system tells.
func TestScrubFindsWhatNoFileSystemTells(t *testing.T) {
	t.Parallel()
	r, path := from(t, releasetest.New(t))
	s := &Stage{host: host()}
	s.cfg.Scrub = time.Hour
	s.slot.Swap(r)
	defer s.slot.Swap(nil)
	w := watched{}
	s.look(t.Context(), &w, r.Base)
	stamp := r.Base.Snapshot.Opened()
	b := make([]byte, 1)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.ReadAt(b, 100); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 4
	if _, err := f.WriteAt(b, 100); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, stamp.Modified, stamp.Modified); err != nil {
		t.Fatal(err)
	}
	if s.look(t.Context(), &w, r.Base); r.Base.Err() != nil {
		t.Fatalf("read before its time: %v", r.Base.Err())
	}
	w.at = w.at.Add(-2 * time.Hour)
	s.cfg.Scrub = 0
	if s.look(t.Context(), &w, r.Base); r.Base.Err() != nil {
		t.Fatalf("read though that is off: %v", r.Base.Err())
	}
	s.cfg.Scrub = time.Hour
	if s.look(t.Context(), &w, r.Base); r.Base.Err() == nil {
		t.Error("not found")
	}
}

// A file that is touched and has not changed stays in force.
func TestATouchedFileStays(t *testing.T) {
	t.Parallel()
	r, path := from(t, releasetest.New(t))
	s := &Stage{host: host()}
	s.slot.Swap(r)
	defer s.slot.Swap(nil)
	w := watched{}
	at := time.Unix(1795000123, 0)
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
	if s.look(t.Context(), &w, r.Base); r.Base.Err() != nil || !w.stamp.Modified.Equal(at) {
		t.Errorf("%v, %v", r.Base.Err(), w.stamp)
	}
}
