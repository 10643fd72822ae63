package follow

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"zonecast/internal/release"
	"zonecast/internal/snapshot"
	"zonecast/localproxy/live"
)

// When a newer base is worth its cost: below, the deltas are cheaper than writing the base anew.
const (
	moveEntries = 4096
	moveBytes   = 64 << 20 // octets of journal
	moveNames   = 50_000   // overlaid, and
	moveShare   = 8        // more than one in so many of the base's names
)

// move is a newer base in the making, beside the following: the proxy writes it itself from the base and the deltas it
// has and compares the hash; only if that differs it fetches the file.
type move struct {
	base    release.Base
	cancel  context.CancelFunc
	done    chan struct{} // closed when the fields below are set
	snap    *snapshot.Snapshot
	err     error
	fetched bool
}

// considerMove starts a move if the head knows a newer base and the deltas have grown.
func (f *Follower) considerMove() {
	b := f.now.Head.Base
	old := f.now.Base
	if f.moving != nil || b.Version <= old.Point.Version || b.Version > f.now.Head.Version {
		return
	}
	entries, size := f.folder.Backlog()
	names := f.now.View.Overlaid()
	if entries < moveEntries && size < moveBytes && (names < moveNames || uint64(names) < old.Point.Names/moveShare) {
		return
	}
	if !old.Take() {
		return
	}
	list, err := f.folder.Entries()
	if err != nil {
		old.Drop()
		f.events.Failed(err)
		return
	}
	f.startMove(b, list)
}

func (f *Follower) startMove(b release.Base, entries [][]byte) {
	old := f.now.Base
	ctx, cancel := context.WithCancel(context.Background())
	m := &move{base: b, cancel: cancel, done: make(chan struct{})}
	f.moving = m
	path, dir := f.folder.Part(b), f.folder.Dir()
	go func() {
		defer close(m.done)
		defer old.Drop()
		defer room.take()()
		m.err = compile(old, entries, b, path, dir)
		old.BreakOn(m.err)
		if m.err == nil {
			if m.snap, m.err = openBase(b, path); m.err == nil {
				return
			}
		}
		if rerr := os.Remove(path); rerr != nil && !errors.Is(rerr, os.ErrNotExist) {
			m.err = errors.Join(m.err, rerr)
			return
		}
		m.fetched = true
		if m.err = fetch(ctx, f.source, b, path); m.err == nil {
			m.snap, m.err = openBase(b, path)
		}
	}()
}

// compile writes the base b from an older one and the entries after that.
func compile(old *live.Base, entries [][]byte, b release.Base, path, dir string) error {
	view := snapshot.NewView(old.Snapshot)
	for _, raw := range entries {
		e, err := release.DecodeEntry(raw)
		if err != nil {
			return err
		}
		if e.Version > b.Version {
			break
		}
		d, err := snapshot.DecodeDelta(e.Delta)
		if err != nil {
			return err
		}
		view = view.Apply(d)
	}
	seed, err := parseSeed(b.Seed)
	if err != nil {
		return err
	}
	_, err = view.Compile(seed, path)
	return err
}

// finishMove takes the newer base in use: the version served stays the same.
func (f *Follower) finishMove() {
	m, began := f.moving, time.Now()
	f.moving = nil
	m.cancel()
	if m.err != nil {
		f.report(fmt.Errorf("newer base %d: %w", m.base.Version, m.err))
		return
	}
	if err := f.install(m, began); err != nil {
		f.report(errors.Join(fmt.Errorf("newer base %d: %w", m.base.Version, err), m.snap.Close()))
		return
	}
	f.log.Info("moved to a newer base", "base", m.base.Version, "fetched", m.fetched)
}

func (f *Follower) install(m *move, began time.Time) error {
	list, err := f.folder.Entries()
	if err != nil {
		return err
	}
	var after []step
	for _, raw := range list {
		e, err := release.DecodeEntry(raw)
		if err != nil {
			return err
		}
		if e.Version > m.base.Version {
			after = append(after, step{e, raw})
		}
	}
	defer room.take()()
	view, err := checked(m.snap, after)
	if err != nil {
		return err
	}
	if err := f.folder.Install(f.now.Head.Epoch, m.base, raw(after), f.signed); err != nil {
		return err
	}
	f.swap(f.newBase(m.snap, m.base), view, f.now.Head, f.signed, began, false)
	return nil
}

// abandonMove ends a move that is of no more use and waits for it.
func (f *Follower) abandonMove() {
	m := f.moving
	if m == nil {
		return
	}
	f.moving = nil
	m.cancel()
	<-m.done
	if m.snap != nil {
		f.closed(m.snap.Close())
	}
}
