package publisher

import (
	"context"
	"errors"
	"strings"
	"testing"

	"zonecast/internal/release"
	"zonecast/internal/store"
)

// faulty is a store whose session breaks at a chosen write.
type faulty struct {
	store.Store
	refuse func(ops []store.Op) bool
	done   bool // the write is done, though the caller does not learn of it
	broken bool
}

var errBroken = errors.New("broken by the test")

func (f *faulty) Multi(ctx context.Context, ops ...store.Op) error {
	if !f.broken && f.refuse(ops) {
		f.broken = true
		if f.done {
			if err := f.Store.Multi(ctx, ops...); err != nil {
				return err
			}
		}
	}
	if f.broken {
		return errBroken
	}
	return f.Store.Multi(ctx, ops...)
}

func touches(prefix string) func([]store.Op) bool {
	return func(ops []store.Op) bool {
		for _, op := range ops {
			if strings.HasPrefix(op.Path, prefix) {
				return true
			}
		}
		return false
	}
}

func trims(ops []store.Op) bool {
	return ops[0].Kind == store.KindDelete && strings.HasPrefix(ops[0].Path, release.PathLog)
}

// newBase is the commit that points the head to a base made in the background: a head, and no entry of the log.
func newBase(ops []store.Op) bool {
	return touches(release.PathHeads)(ops) && !touches(release.PathLog)(ops)
}

// A leader that dies at any write leaves releases that the next goes on from.
func TestCrashPoints(t *testing.T) {
	t.Parallel()
	tests := map[string]func([]store.Op) bool{
		"release":  touches(release.PathLog),
		"new base": newBase,
		"trim":     trims,
		"held":     touches("/tables/" + tableHeld + "/log"),
	}
	for what, refuse := range tests {
		for _, done := range []bool{false, true} {
			for _, first := range []bool{false, true} { // at its first release, or later
				name := what + map[bool]string{false: ", not done", true: ", done"}[done] + map[bool]string{false: "", true: ", first"}[first]
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					crashAt(t, refuse, done, first)
				})
			}
		}
	}
}

func crashAt(t *testing.T, refuse func([]store.Op) bool, done, first bool) {
	w := newWorld(t)
	w.cfg.Bases.Deltas, w.cfg.History = 1, History{}
	w.commit(func(e edit) { e.zone("example."); e.zone("example.org.") })
	p := w.proxy()
	if !first {
		h := w.byHand()
		if err := h.step(); err != nil {
			t.Fatal(err)
		}
		h.close()
		p.follow()
	}
	f := &faulty{Store: w.st, refuse: refuse, done: done}
	h, err := w.tryByHand(f)
	for i := 0; err == nil && i < 20; i++ {
		if err = h.step(); err == nil {
			if p.follow(); p.differs() != "" && i < 15 {
				t.Fatalf("before the crash %s differs", p.differs())
			}
			w.commit(func(e edit) {
				if i < 15 {
					e.put("example.", "h"+string(rune('a'+i))+".example.", "A 192.0.2.1")
				} else if i == 15 {
					e.dropZone("example.org.") // is held
				}
			})
		}
	}
	if !f.broken || !errors.Is(err, errBroken) {
		t.Fatalf("it did not crash: %v", err)
	}
	if h != nil {
		h.close()
	}
	before := p.head
	h = w.byHand()
	defer h.close()
	if err := h.step(); err != nil {
		t.Fatal(err)
	}
	for _, item := range w.heldItems() {
		if _, err := h.letGo(item.ID, request{}); err != nil {
			t.Fatal(err)
		}
		if err := h.releaseAll(); err != nil {
			t.Fatal(err)
		}
	}
	if p.follow(); p.differs() != "" || p.head.Version < before.Version {
		t.Errorf("version %d after %d; %s differs", p.head.Version, before.Version, p.differs())
	}
	fresh := w.proxy()
	if fresh.follow(); fresh.differs() != "" {
		t.Errorf("a fresh proxy: %s differs", fresh.differs())
	}
}
