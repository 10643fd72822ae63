package keep

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"zonecast/internal/export"
	"zonecast/internal/snapshot"
	"zonecast/internal/zone"
)

// site is a pipeline, a folder and a server that is told.
type site struct {
	t       *testing.T
	dir     string
	keeper  *Keeper
	news    chan struct{}
	mu      sync.Mutex // of the next three
	release *Release
	told    []time.Time
	fails   int // so many runs fail
	stop    context.CancelFunc
	ended   chan error
}

func newSite(t *testing.T, format export.Format) *site {
	s := &site{t: t, dir: t.TempDir(), news: make(chan struct{}, 1)}
	s.keeper = s.another(format)
	return s
}

func (s *site) another(format export.Format) *Keeper {
	t := s.t
	return &Keeper{Job: export.Job{Format: format}, Path: filepath.Join(s.dir, "out"), State: filepath.Join(s.dir, "state.json"),
		Newest: func() (Release, bool) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.release == nil {
				return Release{}, false
			}
			return *s.release, true
		},
		News: s.news, Interval: 10 * time.Second, Log: slog.New(slog.DiscardHandler),
		Reload: func(context.Context) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.told = append(s.told, time.Now())
			if text, err := os.ReadFile(s.keeper.State); err != nil || !strings.Contains(string(text), `"pending": true`) {
				t.Errorf("after a crash here nobody would load the files: %s, %v", text, err)
			}
			if len(s.told) <= s.fails {
				return errors.New("no")
			}
			return nil
		}}
}

func (s *site) start() {
	ctx, stop := context.WithCancel(s.t.Context())
	s.stop, s.ended = stop, make(chan error, 1)
	go func() { s.ended <- s.keeper.Run(ctx) }()
	synctest.Wait()
}

func (s *site) end() {
	s.stop()
	if err := <-s.ended; err != nil {
		s.t.Error(err)
	}
}

// publish puts zones in force, given as apex and address of www.
func (s *site) publish(version uint64, zones ...string) {
	s.t.Helper()
	b := snapshot.NewBuilder(snapshot.Seed{1})
	set := func(t zone.Type, text string) zone.RRset {
		data, err := zone.ParseRdata(t, text, "")
		if err != nil {
			s.t.Fatal(err)
		}
		return zone.RRset{Type: t, TTL: 60, Data: []zone.Rdata{data}}
	}
	for i := 0; i < len(zones); i += 2 {
		apex, err := zone.ParseName(zones[i])
		if err != nil {
			s.t.Fatal(err)
		}
		www, err := apex.Child("www")
		if err != nil {
			s.t.Fatal(err)
		}
		if err := errors.Join(b.AddZone(snapshot.Zone{Apex: apex}),
			b.Add(snapshot.Node{Name: apex, Sets: []zone.RRset{set(zone.TypeNS, "ns."+zones[i]), set(zone.TypeSOA, "ns. h. 1 1 1 1 1")}}),
			b.Add(snapshot.Node{Name: www, Sets: []zone.RRset{set(zone.TypeA, zones[i+1])}})); err != nil {
			s.t.Fatal(err)
		}
	}
	path := filepath.Join(s.dir, fmt.Sprintf("%d.snap", version))
	if _, err := b.WriteFile(path); err != nil {
		s.t.Fatal(err)
	}
	content, err := snapshot.Open(path)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { content.Close() })
	s.set(func() {
		s.release = &Release{Content: content, Version: version, Guard: content.Guard, Done: func() {}}
	})
	select {
	case s.news <- struct{}{}:
	default:
	}
}

func (s *site) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

func (s *site) has(name, text string) {
	s.t.Helper()
	got, err := os.ReadFile(filepath.Join(s.dir, "out", name))
	if err != nil || !strings.Contains(string(got), text) {
		s.t.Errorf("%v: no %q in\n%s", err, text, got)
	}
}

func (s *site) runs(want int) {
	s.t.Helper()
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.told) != want {
		s.t.Errorf("the command ran %d times, not %d", len(s.told), want)
	}
}

func TestOnlyChangesAreWritten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, export.TinyDNS)
		s.start()
		s.runs(0)
		if _, err := os.Stat(s.keeper.Path); err == nil {
			t.Error("a file without any release")
		}
		s.publish(100, "example.", "192.0.2.1")
		synctest.Wait()
		s.has("", "Zexample:ns:h:100:")
		s.runs(1)
		time.Sleep(time.Minute)
		s.publish(101, "example.", "192.0.2.1") // another number, the same records
		time.Sleep(time.Minute)
		s.has("", "Zexample:ns:h:100:")
		s.runs(1)
		s.publish(102, "example.", "192.0.2.2")
		time.Sleep(time.Minute)
		s.has("", "Zexample:ns:h:102:")
		s.has("", "+www.example:192.0.2.2:60")
		s.runs(2)
		s.set(func() { s.release = nil }) // the pipeline is away, or its base is broken
		s.news <- struct{}{}
		time.Sleep(time.Minute)
		s.has("", "192.0.2.2")
		s.runs(2)
		s.end()

		s.publish(103, "example.", "192.0.2.2") // a new process, the same records
		s.keeper = s.another(export.TinyDNS)
		s.start()
		s.has("", "Zexample:ns:h:102:")
		s.runs(2)
		s.end()
		if err := os.WriteFile(s.keeper.Path, []byte("by hand"), 0o600); err != nil {
			t.Fatal(err)
		}
		s.keeper = s.another(export.TinyDNS)
		s.start()
		s.has("", "Zexample:ns:h:103:")
		s.runs(3)
		s.end()
	})
}

func TestFailedCommandIsTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, export.Hosts)
		s.set(func() { s.fails = 3 })
		s.keeper.Interval = 0
		var told []string
		s.keeper.Tried = func(o Outcome) { told = append(told, fmt.Sprint(o.Version, o.Changed, o.Err != nil)) }
		s.start()
		s.publish(100, "example.", "192.0.2.1")
		time.Sleep(time.Hour)
		s.runs(4)
		for i, want := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
			if got := s.told[i+1].Sub(s.told[i]); got != want {
				t.Errorf("pause %d is %v, not %v", i, got, want)
			}
		}
		if want := []string{"0 false false", "100 true true", "100 false true", "100 false true", "100 false false"}; !slices.Equal(told, want) {
			t.Errorf("told of %q, want %q", told, want)
		}
		s.set(func() { s.fails = 1000 })
		s.publish(101, "example.", "192.0.2.2")
		time.Sleep(time.Second)
		s.end() // while it waits
		before := len(s.told)
		s.set(func() { s.fails = 0 })
		s.keeper = s.another(export.Hosts)
		s.start() // the files are as they should be, and nobody has loaded them
		s.runs(before + 1)
		s.end()
	})
}

func TestAZoneThatIsGoneChangesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, export.TinyDNS)
		apex, err := zone.ParseName("b.example.")
		if err != nil {
			t.Fatal(err)
		}
		s.keeper.Job.Zones = []zone.Name{apex}
		s.start()
		s.publish(100, "a.example.", "192.0.2.1", "b.example.", "192.0.2.2")
		time.Sleep(time.Minute)
		s.publish(101, "a.example.", "192.0.2.1")
		time.Sleep(time.Minute)
		s.has("", "+www.b.example:192.0.2.2:60")
		s.runs(1)
		s.publish(102, "a.example.", "192.0.2.1", "b.example.", "192.0.2.3")
		time.Sleep(10 * time.Minute)
		s.has("", "+www.b.example:192.0.2.3:60")
		s.runs(2)
		s.end()
	})
}

func TestFolder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, export.RFC1035)
		s.start()
		s.publish(100, "a.example.", "192.0.2.1", "b.example.", "192.0.2.2")
		time.Sleep(time.Minute)
		if err := os.WriteFile(filepath.Join(s.dir, "out", "other.zone"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		s.publish(101, "a.example.", "192.0.2.1", "b.example.", "192.0.2.3")
		time.Sleep(time.Minute)
		s.has("a.example.zone", " 100 1 1")
		s.has("b.example.zone", " 101 1 1")
		s.runs(2)
		s.publish(102, "a.example.", "192.0.2.1")
		time.Sleep(time.Minute)
		if _, err := os.Stat(filepath.Join(s.dir, "out", "b.example.zone")); err == nil {
			t.Error("the file of a zone that the release has no more is still there")
		}
		s.has("other.zone", "")
		s.runs(3)
		s.end()

		// What was written elsewhere gives no right to remove anything here.
		s.publish(103, "a.example.", "192.0.2.1", "c.example.", "192.0.2.4")
		s.keeper = s.another(export.RFC1035)
		s.start()
		s.has("c.example.zone", "192.0.2.4")
		s.end()
		elsewhere := filepath.Join(s.dir, "elsewhere")
		foreign := filepath.Join(elsewhere, "c.example.zone")
		if err := errors.Join(os.Mkdir(elsewhere, 0o700), os.WriteFile(foreign, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
		s.publish(104, "a.example.", "192.0.2.1")
		s.keeper = s.another(export.RFC1035)
		s.keeper.Path = elsewhere
		s.start()
		if _, err := os.Stat(foreign); err != nil {
			t.Error(err)
		}
		s.end()
	})
}

func TestInterval(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, export.Hosts)
		s.start()
		for i := range 20 {
			s.publish(uint64(100+i), "example.", fmt.Sprintf("192.0.2.%d", i)) //nolint:gosec // small
			time.Sleep(time.Second)
		}
		time.Sleep(time.Minute)
		s.has("", "192.0.2.19")
		s.runs(3)
		for i := 1; i < len(s.told); i++ {
			if d := s.told[i].Sub(s.told[i-1]); d < s.keeper.Interval {
				t.Errorf("%v between two runs", d)
			}
		}
		s.end()
	})
}
