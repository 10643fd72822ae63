package fleet

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zonecast/internal/release"
	"zonecast/internal/store"
	"zonecast/internal/store/embedded"
)

func openAt(t *testing.T, path string) *embedded.Store {
	t.Helper()
	st, err := embedded.Open(path, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return st
}

func open(t *testing.T) *embedded.Store { return openAt(t, filepath.Join(t.TempDir(), "store")) }

func send(t *testing.T, st store.Store, reports ...Report) {
	t.Helper()
	for _, r := range reports {
		if err := NewStoreSender(st, r.ID).Send(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
}

// released puts versions into the log, each with its age.
func released(t *testing.T, st store.Store, ages map[uint64]time.Duration) {
	t.Helper()
	for v, age := range ages {
		e := release.Entry{Epoch: 1, Version: v, Released: time.Now().Add(-age).Unix()}
		b, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if err := st.Multi(t.Context(), store.Create(release.LogPath(v), b)); err != nil {
			t.Fatal(err)
		}
	}
}

func summary(t *testing.T, st store.Store, after time.Duration) (Summary, *Look) {
	t.Helper()
	l, err := Read(t.Context(), st, 0)
	if err != nil {
		t.Fatal(err)
	}
	s, err := l.Summary(t.Context(), after)
	if err != nil {
		t.Fatal(err)
	}
	return s, l
}

func TestSummary(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "store")
	st := openAt(t, path)
	if s, _ := summary(t, st, LagAfter); s.Known != 0 || s.Versions == nil || len(s.States) != len(States) {
		t.Errorf("of nobody: %+v", s)
	}
	send(t, st, Report{ID: "gone1", State: Fresh, Epoch: 1, Version: 1, At: 7})
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	st = openAt(t, path)
	now := time.Now().Unix()
	send(t, st, Report{ID: "a", State: Fresh, Epoch: 1, Version: 30}, Report{ID: "b", State: Stale, Epoch: 1, Version: 20},
		Report{ID: "c", State: Expired, Epoch: 1, Version: 10, ErrorAt: now - 60}, Report{ID: "d", State: Fresh, Epoch: 1, Version: 20, ErrorAt: now - 3600},
		Report{ID: "e", State: Empty})
	released(t, st, map[uint64]time.Duration{10: time.Hour, 20: 5 * time.Minute, 30: 10 * time.Second})
	s, l := summary(t, st, time.Minute)
	if s.MaxLag < 300 || s.MaxLag > 330 {
		t.Errorf("the oldest version lags %d s", s.MaxLag)
	}
	s.MaxLag, s.At = 0, 0
	want := Summary{Known: 6, Alive: 5, Gone: 1, States: map[State]int{Fresh: 2, Stale: 1, Expired: 1, Empty: 1}, Lagging: 2, LagAfter: 60, Failing: 1,
		Versions: []Versions{{Epoch: 1, Version: 30, Proxies: 1}, {Epoch: 1, Version: 20, Proxies: 2}, {Epoch: 1, Version: 10, Proxies: 1}, {Proxies: 1}}}
	if d := cmp.Diff(want, s); d != "" {
		t.Error(d)
	}
	for after, want := range map[time.Duration]int{0: 4, 30 * time.Minute: 1, 2 * time.Hour: 0} {
		if s, _ := summary(t, st, after); s.Lagging != want {
			t.Errorf("%d lag by %v, want %d", s.Lagging, after, want)
		}
	}
	if i := slices.IndexFunc(l.Proxies, func(p Proxy) bool { return !p.Alive }); i < 0 || l.Proxies[i].ID != "gone1" || l.Proxies[i].At != 7 {
		t.Errorf("who is gone: %+v", l.Proxies)
	}
}

func TestManyVersionsAreCountedTogether(t *testing.T) {
	t.Parallel()
	counts := map[[2]uint64]int{}
	for v := range uint64(100) {
		counts[[2]uint64{1, v}] = 2
	}
	list := versions(counts)
	if last := list[len(list)-1]; len(list) != maxVersions || list[0].Version != 99 || !last.Older || last.Proxies != 2*81 {
		t.Errorf("%d versions: %+v", len(list), list)
	}
}

func TestForget(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "store")
	st := openAt(t, path)
	send(t, st, Report{ID: "web1", State: Fresh})
	if err := Forget(t.Context(), st, "web1"); !errors.Is(err, ErrAlive) {
		t.Errorf("one that is alive: %v", err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	st = openAt(t, path)
	if err := Forget(t.Context(), st, "web1"); err != nil {
		t.Error(err)
	}
	if s, _ := summary(t, st, 0); s.Known != 0 {
		t.Errorf("%+v", s)
	}
	if err := Forget(t.Context(), st, "web1"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("again: %v", err)
	}
}

// A process that takes over an id finds the node of the one before; both notice if there are two.
func TestTwoOfOneID(t *testing.T) {
	t.Parallel()
	st := open(t)
	one, two := NewStoreSender(st, "web1"), NewStoreSender(st, "web1")
	version := func() uint64 {
		l, err := Read(t.Context(), st, 0)
		if err != nil || len(l.Proxies) != 1 || !l.Proxies[0].Alive {
			t.Fatalf("%+v, %v", l, err)
		}
		return l.Proxies[0].Version
	}
	step := func(s *StoreSender, v uint64, want error) {
		t.Helper()
		if err := s.Send(t.Context(), Report{ID: "web1", State: Fresh, Version: v}); !errors.Is(err, want) {
			t.Fatalf("%v, want %v", err, want)
		}
	}
	step(one, 1, nil)
	step(one, 2, nil)
	step(two, 3, nil)
	if version() != 3 {
		t.Error("the second does not take over")
	}
	step(one, 4, errTaken)
	if !one.Lost() || version() != 3 {
		t.Error("the first does not notice")
	}
	step(one, 5, nil)
	if version() != 5 {
		t.Error("it does not come back")
	}
	// Forgotten by hand with its ephemeral node: it comes back whole.
	node := Node("web1")
	if err := st.Multi(t.Context(), store.Delete(node+alive, store.AnyVersion), store.Delete(node, store.AnyVersion)); err != nil {
		t.Fatal(err)
	}
	step(one, 6, nil)
	if version() != 6 {
		t.Error("it does not come back after it was forgotten")
	}
}

func TestBrokenNodesCount(t *testing.T) {
	t.Parallel()
	st := open(t)
	for id, text := range map[string]string{"x": "", "y": "{", "z": `{"state":"odd"}`} {
		if err := st.Multi(t.Context(), store.Create(Node(id), []byte(text))); err != nil {
			t.Fatal(err)
		}
	}
	l, err := Read(t.Context(), st, 0)
	if err != nil || len(l.Proxies) != 3 || l.Proxies[0].ID != "x" || l.Proxies[2].State != Empty {
		t.Errorf("%+v, %v", l, err)
	}
}

func TestAReaderReadsOnceForMany(t *testing.T) {
	t.Parallel()
	st := open(t)
	r := NewReader(st)
	first, err := r.Look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	send(t, st, Report{ID: "a", State: Fresh})
	if again, err := r.Look(t.Context()); err != nil || again != first {
		t.Errorf("%v, %v", again, err)
	}
	r.next = time.Time{}
	if again, err := r.Look(t.Context()); err != nil || len(again.Proxies) != 1 {
		t.Errorf("%v, %v", again, err)
	}
}
