package leader

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zonecast/internal/store"
	"zonecast/internal/store/embedded"
)

const patience = 10 * time.Second

// sessions gives n sessions on one tree.
func sessions(t *testing.T, n int) []*embedded.Store {
	t.Helper()
	first, err := embedded.Open(filepath.Join(t.TempDir(), "store.db"), 0)
	if err != nil {
		t.Fatal(err)
	}
	all := []*embedded.Store{first}
	for range n - 1 {
		s, err := first.NewSession()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	t.Cleanup(func() {
		for _, s := range all {
			s.Close()
		}
	})
	return all
}

// candidate stands until the test ends and reports each term.
type candidate struct {
	began chan context.Context // one per term
	end   chan error           // what lead returns by itself
	stop  context.CancelFunc
	gone  chan error // Run's result
}

func stands(t *testing.T, st store.Store, me Info) *candidate {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	c := &candidate{make(chan context.Context, 16), make(chan error), cancel, make(chan error, 1)}
	go func() {
		c.gone <- Run(ctx, st, "presenter", me, slog.New(slog.DiscardHandler), func(ctx context.Context) error {
			c.began <- ctx
			select {
			case <-ctx.Done():
				return ctx.Err()
			case err := <-c.end:
				return err
			}
		})
	}()
	t.Cleanup(func() { cancel(); receive(t, c.gone, "Run to return") })
	return c
}

func receive[T any](t *testing.T, c <-chan T, what string) (v T) {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("waited in vain for %s", what)
		return v
	}
}

func found(t *testing.T, st store.Store) string {
	t.Helper()
	info, err := Find(context.Background(), st, "presenter")
	if err != nil {
		t.Fatal(err)
	}
	return info.Instance
}

func TestOneLeadsAndTheOtherFollowsWhenItStops(t *testing.T) {
	t.Parallel()
	st := sessions(t, 2)
	if _, err := Find(context.Background(), st[0], "presenter"); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("Find before: %v", err)
	}
	a := stands(t, st[0], Info{"a", "http://192.0.2.1:8053"})
	receive(t, a.began, "a's term")
	b := stands(t, st[1], Info{"b", ""})
	list, err := List(context.Background(), st[1])
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]Info{"presenter": {"a", "http://192.0.2.1:8053"}}, list); diff != "" {
		t.Fatal(diff)
	}
	a.stop()
	receive(t, b.began, "b's term")
	if got := found(t, st[0]); got != "b" {
		t.Fatalf("%s leads", got)
	}
	if len(a.began) != 0 {
		t.Fatal("a led again")
	}
}

func TestLeadReturningResigns(t *testing.T) {
	t.Parallel()
	for _, err := range []error{nil, errors.New("fenced")} {
		st := sessions(t, 2)
		a := stands(t, st[0], Info{Instance: "a"})
		receive(t, a.began, "a's term")
		b := stands(t, st[1], Info{Instance: "b"})
		a.end <- err
		receive(t, b.began, "b's term after a resigned")
		b.stop()
		receive(t, a.began, "a's second term")
	}
}

func TestSessionLossEndsTheTerm(t *testing.T) {
	t.Parallel()
	st := sessions(t, 2)
	a := stands(t, st[0], Info{Instance: "a"})
	term := receive(t, a.began, "a's term")
	if err := st[0].Expire(); err != nil {
		t.Fatal(err)
	}
	receive(t, term.Done(), "the term's context")
	if !errors.Is(context.Cause(term), errLost) {
		t.Fatalf("cause %v", context.Cause(term))
	}
	receive(t, a.began, "a's term in the next session")
}

func TestLostNodeEndsTheTerm(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, ops := range map[string][]store.Op{
		"gone":      {store.Delete("/leaders/presenter", store.AnyVersion)},
		"another's": {store.Set("/leaders/presenter", []byte(`{"instance":"c","term":"x"}`), store.AnyVersion)},
	} {
		st := sessions(t, 2)
		a := stands(t, st[0], Info{Instance: "a"})
		term := receive(t, a.began, "a's term")
		if err := st[1].Multi(ctx, ops...); err != nil {
			t.Fatal(err)
		}
		receive(t, term.Done(), name)
		if name == "another's" {
			if got := found(t, st[1]); got != "c" {
				t.Fatalf("resigning removed another's node: %s leads", got)
			}
		}
	}
}

// TestNamesake has a second process use the same instance id: the two would take it from each other for ever, so the log says why.
func TestNamesake(t *testing.T) {
	t.Parallel()
	st := sessions(t, 2)
	a := stands(t, st[0], Info{Instance: "a"})
	term := receive(t, a.began, "a's term")
	err := st[1].Multi(context.Background(), store.Set("/leaders/presenter", []byte(`{"instance":"a","term":"x"}`), store.AnyVersion))
	if err != nil {
		t.Fatal(err)
	}
	receive(t, term.Done(), "the end of a's term")
	if cause := context.Cause(term); !strings.Contains(cause.Error(), `another process that calls itself "a" took it`) {
		t.Error(cause)
	}
}

func TestOwnOldNodeIsTakenAtOnce(t *testing.T) {
	t.Parallel()
	st := sessions(t, 2)
	// The former life: its session is still alive in the store's eyes.
	err := st[1].Multi(context.Background(), store.CreateEphemeral("/leaders/presenter", []byte(`{"instance":"a","term":"old"}`)))
	if err != nil {
		t.Fatal(err)
	}
	a := stands(t, st[0], Info{Instance: "a"})
	receive(t, a.began, "a's term over its own old node")
}

// gapless notes whether the leader's node was ever missing after a write.
type gapless struct {
	store.Store
	gap bool
}

func (g *gapless) Multi(ctx context.Context, ops ...store.Op) error {
	err := g.Store.Multi(ctx, ops...)
	if _, gone := g.Get(ctx, path("presenter")); gone != nil {
		g.gap = true
	}
	return err
}

// TestNobodyComesBetween: a restarted process must not lose its place to a standby that waits for the node to go.
func TestNobodyComesBetween(t *testing.T) {
	t.Parallel()
	s := sessions(t, 2)
	if _, free, err := stand(t.Context(), s[0], "presenter", Info{Instance: "a"}); err != nil || !free {
		t.Fatal(free, err)
	}
	again := &gapless{Store: s[1]}
	if _, free, err := stand(t.Context(), again, "presenter", Info{Instance: "a"}); err != nil || !free {
		t.Fatal(free, err)
	}
	if again.gap {
		t.Error("for a moment nobody had the leadership")
	}
}

func TestClosedStoreEndsRun(t *testing.T) {
	t.Parallel()
	st := sessions(t, 2)
	a := stands(t, st[0], Info{Instance: "a"})
	receive(t, a.began, "a's term")
	b := stands(t, st[1], Info{Instance: "b"}) // waits
	st[0].Close()
	receive(t, b.began, "b's term after a's session closed")
	st[1].Close()
	for _, c := range []*candidate{a, b} {
		err := receive(t, c.gone, "Run to return")
		if !errors.Is(err, store.ErrClosed) {
			t.Fatalf("Run: %v, want ErrClosed", err)
		}
		c.gone <- err // for the clean-up
	}
}
