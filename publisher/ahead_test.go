package publisher

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"zonecast/internal/release"
	"zonecast/internal/store"
)

// overseer looks at every write before it is done.
type overseer struct {
	store.Store
	look atomic.Pointer[func(ops []store.Op)]
}

func (o *overseer) Multi(ctx context.Context, ops ...store.Op) error {
	if look := o.look.Load(); look != nil {
		(*look)(ops)
	}
	return o.Store.Multi(ctx, ops...)
}

// A proxy comes for a base as soon as a head points to it: the file is served by then, and there is an offer to find
// it by, also before the very first release and for a base made in the background.
func TestBaseIsServedBeforeItsHead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.cfg.Bases.Deltas = 2
	o := &overseer{Store: w.st}
	w.st = o
	a := w.start("a")
	changed, cancel := w.st.Watch(release.OfferPath("a"))
	defer cancel()
	for { // with nothing published yet
		if _, err := w.st.Get(t.Context(), release.OfferPath("a")); err == nil {
			break
		}
		select {
		case <-changed:
		case <-t.Context().Done():
			t.Fatal("no offer before the first release")
		}
	}
	var bases atomic.Int64
	known := map[uint64]bool{} // written by the leader's goroutine alone
	look := func(ops []store.Op) {
		for _, op := range ops {
			if !strings.HasPrefix(op.Path, release.PathHeads) {
				continue
			}
			head, err := release.Open(op.Data, []release.VerifyKey{w.public})
			if err != nil {
				t.Error(err)
			} else if v := head.Base.Version; !known[v] {
				known[v] = true
				bases.Add(1)
				if _, ok := a.files.find(v); !ok {
					t.Errorf("base %d is not served when its head goes out", v)
				}
			}
		}
	}
	o.look.Store(&look)
	p := fill(t, w, 5)
	for i := range 6 {
		w.commit(func(e edit) { e.put("example.", "ahead.example.", "A 192.0.2."+string(rune('1'+i))) })
		p.synced("change")
	}
	for range 100 { // the base in the background comes with a heartbeat or a change at the latest
		if bases.Load() > 1 {
			return
		}
		w.commit(func(e edit) { e.put("example.", "more.example.", "A 192.0.2.9") })
		w.commit(func(e edit) { e.drop("more.example.") })
		p.synced("another change")
	}
	t.Error("no base was made in the background")
}
