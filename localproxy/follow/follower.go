package follow

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"zonecast/internal/release"
	"zonecast/internal/snapshot"
	"zonecast/localproxy/lastgood"
	"zonecast/localproxy/live"
)

// Config of a follower.
type Config struct {
	Stream string
	Keys   []release.VerifyKey // any of them may have signed
	Dir    string              // data folder
}

// Events are told what happens, for metrics; calls come from the follower's goroutine. No field may be nil.
type Events struct {
	Refused func(Reason)
	Failed  func(error)                                       // a try that will be repeated
	Swapped func(r *live.Release, took time.Duration, d bool) // took: from the head's arrival; d: with other content
	Broken  func(error)                                       // the base in force cannot be read any more, and is given to nobody
	Lost    func(error)                                       // and there is no other: a Swapped ends that
}

// Follower keeps a slot current. Its methods belong to one goroutine.
type Follower struct {
	cfg    Config
	source Source
	slot   *live.Slot
	log    *slog.Logger
	events Events

	folder *lastgood.Folder
	now    *live.Release   // what the slot has; nil at first
	signed []byte          // now's head as it came
	moving *move           // a newer base in the making, or nil
	logged map[string]bool // what was logged since the last success, so that each is logged once

	broke chan struct{} // told when the base in force breaks
	floor release.Head  // the newest head ever in force here: nothing older is accepted, also after the loss of that
	heal  bool          // what is in force is not what the folder should have
}

// New makes a follower of source into slot.
func New(cfg Config, source Source, slot *live.Slot, events Events, log *slog.Logger) *Follower {
	return &Follower{cfg: cfg, source: source, slot: slot, events: events, log: log, logged: map[string]bool{},
		broke: make(chan struct{}, 1)}
}

// Open locks the data folder and puts the last good release in force, if there is one (P5). Files that
// cannot be used are logged, and kept until the source's take their place. It fails when the folder cannot be used at all.
func (f *Follower) Open() error {
	var err error
	if f.folder, err = lastgood.Open(f.cfg.Dir); err != nil {
		return fmt.Errorf("local proxy: %w", err)
	}
	if err := f.load(); err != nil && !errors.Is(err, lastgood.ErrNone) { // the files stay until others take their place: a wrong key, say, is soon the right one again
		f.log.Error("last good release cannot be used; fetching it anew", "folder", f.cfg.Dir, "err", err)
		f.events.Failed(err)
	}
	return nil
}

// load puts what the folder has in force.
func (f *Follower) load() error {
	began := time.Now()
	defer room.take()()
	loaded, err := f.folder.Load(f.open)
	if err != nil {
		return err
	}
	switch {
	case loaded.Damaged != nil:
		f.log.Error("last good release is damaged; the one before is served, and the newest is fetched anew", "folder", f.cfg.Dir,
			"version", loaded.Head.Version, "newest", loaded.Newest.Version, "err", loaded.Damaged)
		f.events.Failed(loaded.Damaged)
	case loaded.ReadOnly != nil:
		f.log.Error("last good release is served, and nothing can be written beside it", "folder", f.cfg.Dir, "err", loaded.ReadOnly)
		f.events.Failed(loaded.ReadOnly)
	}
	if loaded.Damaged == nil && loaded.Torn != nil {
		f.log.Warn("journal was cut back to its last whole release", "version", loaded.Head.Version, "err", loaded.Torn)
	}
	if loaded.Newest.Newer(f.floor) {
		f.floor = loaded.Newest
	}
	f.heal = loaded.Damaged != nil
	f.swap(f.newBase(loaded.Snapshot, loaded.Base), loaded.View, loaded.Head, loaded.Signed, began, true)
	return nil
}

func (f *Follower) newBase(snap *snapshot.Snapshot, point release.Base) *live.Base {
	b := live.NewBase(snap, point, f.closed)
	b.Broke = func(error) {
		select {
		case f.broke <- struct{}{}:
		default: // told already
		}
	}
	return b
}

func (f *Follower) closed(err error) {
	if err != nil {
		f.log.Error("close base", "err", err)
	}
}

// Run follows until ctx ends. Open comes first.
func (f *Follower) Run(ctx context.Context) error {
	defer f.folder.Close()
	defer f.abandonMove()
	var pause backoff
	var seen []byte
	falls := 0 // bases that broke since the last success
	for ctx.Err() == nil {
		if f.broken() {
			if falls++; falls > 1 && !pause.wait(ctx) {
				break
			}
			f.fallBack()
			seen = nil
		}
		round, end := f.untilBroken(ctx)
		signed, err := f.nextHead(round, seen)
		if err == nil {
			seen = signed
			err = f.accept(round, signed, time.Now())
		}
		interrupted := round.Err() != nil
		end()
		if err == nil {
			pause.reset()
			falls = 0
			clear(f.logged)
			continue
		}
		if ctx.Err() != nil {
			break
		}
		if interrupted {
			seen = nil
			continue
		}
		f.report(err)
		if refusal := (*Refusal)(nil); errors.As(err, &refusal) && refusal.head {
			continue // nothing but another head mends that
		}
		seen = nil // look again, at the same head or a newer one
		if !pause.wait(ctx) {
			break
		}
	}
	return nil
}

// nextHead waits for a head, and for the newer base if one is being made meanwhile.
func (f *Follower) nextHead(ctx context.Context, seen []byte) ([]byte, error) {
	have := release.Head{}
	if f.now != nil {
		have = f.now.Head
	}
	if f.moving == nil {
		return f.source.Head(ctx, seen, have)
	}
	type news struct {
		signed []byte
		err    error
	}
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	arrived := make(chan news, 1)
	go func() {
		signed, err := f.source.Head(waiting, seen, have)
		arrived <- news{signed, err}
	}()
	select {
	case n := <-arrived:
		return n.signed, n.err
	case <-f.moving.done:
		cancel()
		n := <-arrived
		f.finishMove()
		if n.err != nil && ctx.Err() == nil {
			return f.source.Head(ctx, seen, have)
		}
		return n.signed, n.err
	}
}

// maxLogged bounds what is logged of one time of trouble.
const maxLogged = 16

// report counts and logs what went wrong; the same thing again and again is logged once.
func (f *Follower) report(err error) {
	refusal := (*Refusal)(nil)
	refused := errors.As(err, &refusal)
	if refused {
		f.events.Refused(refusal.Reason)
	} else {
		f.events.Failed(err)
	}
	text := err.Error()
	if f.logged[text] || len(f.logged) == maxLogged {
		return
	}
	f.logged[text] = true
	if refused {
		f.log.Error("release refused; the one in force stays", "reason", refusal.Reason, "err", refusal.Err)
	} else {
		f.log.Warn("cannot follow releases; the one in force stays", "err", err)
	}
}

// open verifies a signed head.
func (f *Follower) open(signed []byte) (release.Head, error) {
	h, err := release.Open(signed, f.cfg.Keys)
	reason := ReasonFormat
	switch {
	case err == nil && h.Stream != f.cfg.Stream:
		err, reason = fmt.Errorf("head of stream %q, want %q", h.Stream, f.cfg.Stream), ReasonStream
	case errors.Is(err, release.ErrSignature):
		reason = ReasonSignature
	case errors.Is(err, release.ErrReader):
		reason = ReasonReader
	}
	if err != nil {
		return release.Head{}, &Refusal{Reason: reason, Err: err, head: true}
	}
	return h, nil
}

// accept takes one signed head through all of it: verify, persist, swap.
func (f *Follower) accept(ctx context.Context, signed []byte, began time.Time) error {
	h, err := f.open(signed)
	if err != nil {
		return err
	}
	if f.floor.Newer(h) && (f.now == nil || h.Newer(f.now.Head)) {
		return &Refusal{Reason: ReasonRollback, head: true, Err: fmt.Errorf("%w: epoch %d version %d signed at %d; accepted before: %d, %d, %d",
			release.ErrRollback, h.Epoch, h.Version, h.Signed, f.floor.Epoch, f.floor.Version, f.floor.Signed)}
	}
	if f.now == nil {
		return f.loadBase(ctx, h, signed, h.Base, nil, began)
	}
	cur := f.now.Head
	switch {
	case f.heal && h == cur:
		return f.loadBase(ctx, h, signed, h.Base, nil, began)
	case !h.Newer(cur):
		if !cur.Newer(h) && h.Chain == cur.Chain {
			return nil // the one in force
		}
		return &Refusal{Reason: ReasonRollback, head: true, Err: fmt.Errorf("%w: epoch %d version %d signed at %d; in force: %d, %d, %d",
			release.ErrRollback, h.Epoch, h.Version, h.Signed, cur.Epoch, cur.Version, cur.Signed)}
	case h.Epoch != cur.Epoch:
		f.log.Warn("new epoch", "epoch", h.Epoch, "was", cur.Epoch, "version", h.Version)
		f.makeOwn(h.Base)
		return f.loadBase(ctx, h, signed, h.Base, nil, began)
	}
	return f.catchUp(ctx, h, signed, began)
}

// catchUp goes from the release in force to h by deltas, or over a base when that is too far or there is one between.
func (f *Follower) catchUp(ctx context.Context, h release.Head, signed []byte, began time.Time) error {
	cur := f.now.Head
	if h.Version-cur.Version > maxWalk {
		return f.loadBase(ctx, h, signed, h.Base, nil, began)
	}
	steps, rebase, err := f.walk(ctx, h, anchor{cur.Version, cur.Chain})
	switch {
	case errors.Is(err, ErrGone):
		return f.loadBase(ctx, h, signed, h.Base, nil, began)
	case err != nil:
		return err
	case rebase != nil:
		return f.loadBase(ctx, h, signed, *rebase, steps, began)
	}
	view, err := apply(f.now.View, steps)
	if err != nil {
		f.now.Base.BreakOn(err)
		return err
	}
	if err := f.folder.Append(raw(steps), signed); err != nil {
		if !errors.Is(err, lastgood.ErrBroken) {
			return err
		}
		return f.loadBase(ctx, h, signed, h.Base, nil, began) // a journal that failed: start a new one
	}
	f.swap(f.now.Base, view, h, signed, began, len(steps) > 0)
	f.considerMove()
	return nil
}

// loadBase goes to h over a base: steps are the entries after it, if they are known already.
func (f *Follower) loadBase(ctx context.Context, h release.Head, signed []byte, b release.Base, steps []step, began time.Time) error {
	if steps == nil && b.Version != h.Version {
		walked, rebase, err := f.walk(ctx, h, anchor{b.Version, b.Chain})
		if err != nil {
			return err
		}
		if steps = walked; rebase != nil {
			b = *rebase
		}
	} else if b.Version == h.Version && b.Chain != h.Chain {
		return refuse(ReasonChain, "%w: head and base of version %d differ", release.ErrChain, h.Version)
	}
	f.abandonMove()
	defer room.take()()
	path := f.folder.Part(b)
	if err := fetch(ctx, f.source, b, path); err != nil {
		return err
	}
	snap, err := openBase(b, path)
	if err != nil {
		if rerr := os.Remove(path); rerr != nil {
			f.log.Error("remove a bad base", "err", rerr)
		}
		return err
	}
	view, err := checked(snap, steps)
	if err == nil {
		err = f.folder.Install(h.Epoch, b, raw(steps), signed)
	}
	if err != nil {
		return errors.Join(err, snap.Close())
	}
	f.heal = false
	f.swap(f.newBase(snap, b), view, h, signed, began, true)
	return nil
}

// checked gives the view of a base and what follows it, if it passes the sentinels.
func checked(snap *snapshot.Snapshot, steps []step) (view *snapshot.View, err error) {
	err = snap.Guard(func() error {
		if view, err = apply(snapshot.NewView(snap), steps); err != nil {
			return err
		}
		return sentinels(view, view.Zones())
	})
	return view, err
}

func (f *Follower) swap(base *live.Base, view *snapshot.View, h release.Head, signed []byte, began time.Time, content bool) {
	f.now = &live.Release{View: view, Base: base, Head: h, Facts: live.FactsOf(h)}
	f.signed = signed
	if h.Newer(f.floor) {
		f.floor = h
	}
	f.slot.Swap(f.now)
	f.events.Swapped(f.now, time.Since(began), content)
}
