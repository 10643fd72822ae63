package publisher

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"zonecast/internal/decision"
	"zonecast/internal/release"
	"zonecast/internal/row"
	"zonecast/internal/service"
	"zonecast/internal/snapshot"
	"zonecast/internal/store"
	"zonecast/internal/table"
	"zonecast/internal/zone"
)

// Tables of the publisher, and the one it reads.
const (
	owner          = "publisher"
	tablePresented = "presented"
	tablePublished = "published"
	tableHeld      = "held." + owner
	inputReleases  = "releases" // input of table published: fence is the epoch, sequence the version it holds
)

// term is one time of leadership. It belongs to one goroutine; bases are compiled in others, from views, which do not change.
type term struct {
	cfg       Config
	gates     map[zone.Name]Gates
	protected []zone.Name
	instance  string
	st        store.Store
	log       *slog.Logger
	m         *metrics
	ready     func(error)
	key       release.SigningKey
	hist      history
	mem       *memory
	witness   *witness
	policies  *policies
	serve     func(release.Base) // offers a base's file over HTTP from now on
	seed      snapshot.Seed

	pub, held *table.Writer
	c         *content
	tree      *snapshot.Tree
	holding   map[zone.Name]holding // table held.publisher

	head       release.Head // as last committed
	hasHead    bool
	state      state
	hasState   bool
	stateMoved bool   // state waits to be committed
	floor      uint64 // versions above it are free, besides head.Version
	epoch      uint64 // when there is no head
	entries    []uint64
	unbased    bool          // the head's base file is not here
	blind      *release.Base // what was published is not known any more: at least its size must come back
	back       *sight        // the head is older than this: the store went back
	onHold     *row.Held     // the item in table held.publisher that concerns everything

	view      *snapshot.View // what head.Version serves
	blindSaid time.Time
	building  uint64 // version that a base is compiled of in the background; 0 is none
	tail      []*snapshot.Delta
	leftover  []*snapshot.Snapshot // files of views that the build under way may still read
	built     chan built
	retryAt   time.Time // no base is built before, after one failed
	deltas    int       // since head.Base
	bytes     int64
	baseAt    time.Time // head.Base was made, or a build failed

	siteAt   time.Time      // zones that a site's check holds are judged again then; zero: there are none
	begun    bool           // presented was compared wholly
	policyAt time.Time      // zones that a policy holds are judged again then; zero: there are none
	again    bool           // the first batch of presented was early
	asOf     int64          // of presented, as of the last batch
	pos      table.Position // of presented, as of the last batch
	taken    time.Time      // when the oldest event of what waits was taken, for metrics; zero: not known
	order    *order
	decided  []store.Op // entries of the log of decisions that the next commit carries out
	after    []func(error)
	last     time.Time // start of the last release
	signed   time.Time // when the head was last signed in this term: clocks that are set cannot stop the heartbeat
	asks     chan ask
	ended    chan struct{} // closed when the term is over
}

// order is a release that was asked for, by a person or by what was found at the start.
type order struct {
	note   string
	epoch  bool           // raise the epoch
	view   *snapshot.View // roll back to this content
	frozen *release.Rollback
	entry  *decision.Entry // of the log of decisions, when a person asked
}

// ask is a request from outside the term's goroutine. With a check it is answered after the next release, by what
// check says then; else at once.
type ask struct {
	do   func(t *term) (check func() error, err error)
	done chan error
}

type built struct {
	base release.Base
	snap *snapshot.Snapshot
	err  error
	took time.Duration
}

// run leads until ctx ends or something fails.
func (t *term) run(ctx context.Context) error {
	defer t.end()
	started := service.Startup()
	defer started()
	ctx, cancel := context.WithCancel(ctx)
	feed := follow(ctx, table.Follow(t.st, tablePresented)) // it reads while begin does
	defer func() { cancel(); <-feed.ended }()
	if err := t.begin(ctx); err != nil {
		return err
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		if err := t.act(ctx); err != nil {
			return err
		}
		timer.Reset(time.Until(t.due()))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-feed.failed:
			return err
		case b := <-feed.batches:
			early, err := t.early(ctx, b)
			if err != nil {
				return err
			}
			if early {
				t.again = true
			} else {
				b.Reset, t.again = b.Reset || t.again, false
				t.take(feed.f, b)
				started()
			}
			feed.resume <- struct{}{}
		case a := <-t.asks:
			t.answer(a)
		case b := <-t.built:
			if err := t.shelve(ctx, b); err != nil {
				return err
			}
		case <-timer.C:
		}
	}
}

// act does what is due now.
func (t *term) act(ctx context.Context) error {
	now := time.Now()
	if t.hasHead && !t.mute() && !now.Before(t.signDue()) {
		if err := t.sign(ctx, now); err != nil {
			return err
		}
		if len(t.entries) >= maxLog {
			if err := t.trim(ctx); err != nil {
				return err
			}
		}
	}
	t.startBase()
	t.askAgain(now)
	if t.waiting() && !now.Before(t.last.Add(t.cfg.interval())) {
		t.last = now
		return t.release(ctx, now)
	}
	return nil
}

// waiting tells whether something may have to be released.
func (t *term) waiting() bool {
	if err := t.wentBack(); err != nil && (t.order == nil || !t.order.epoch) {
		t.ready(err)
		return false
	}
	if !t.begun {
		return false
	}
	if len(t.entries) >= maxLog {
		t.ready(errLogFull)
		return false
	}
	return t.order != nil || len(t.after) > 0 || (len(t.c.touched) > 0 && t.state.Frozen == nil)
}

// due is when act must be called again at the latest.
func (t *term) due() time.Time {
	due := time.Now().Add(t.cfg.Heartbeat)
	if t.hasHead && !t.mute() {
		due = t.signDue()
	}
	for _, at := range []time.Time{t.siteAt, t.policyAt} {
		if !at.IsZero() && at.Before(due) {
			due = at
		}
	}
	if t.waiting() {
		if at := t.last.Add(t.cfg.interval()); at.Before(due) {
			return at
		}
	}
	return due
}

// signDue is when the head must be signed again: on the heartbeat, sooner when as-of moved.
func (t *term) signDue() time.Time {
	if t.fresh() && t.asOf != t.head.AsOf {
		return t.signed.Add(t.cfg.AsOfEvery)
	}
	return t.signed.Add(t.cfg.Heartbeat)
}

// fresh tells whether the head's content takes all of presented into account, but for what is held: only then may
// presented's as-of stand in it (P8).
func (t *term) fresh() bool {
	return t.begun && t.state.Frozen == nil && t.order == nil && len(t.c.touched) == 0
}

// early tells of the first batch whether it was read before the leader until then published what came after it: to compare
// with that would undo it. The next one is complete, and compared as the first. A table that is as it was read, though it
// is behind what is published, was made anew: that is no reason to wait.
func (t *term) early(ctx context.Context, b table.Batch) (bool, error) {
	if t.begun || t.again || !b.Head.Position().Before(t.pub.Head().Inputs[tablePresented]) {
		return false, nil
	}
	now, err := table.ReadHead(ctx, t.st, tablePresented)
	if errors.Is(err, table.ErrNotFound) {
		return true, nil
	}
	return err == nil && now.Commit != b.Head.Commit, err
}

func (t *term) take(f source, b table.Batch) {
	t.asOf, t.pos = b.Head.AsOf, b.Head.Position()
	if b.Reset {
		start := time.Now()
		t.c.compare(f)
		t.log.Info("compared presented with published", "rows", b.Head.Rows, "differences", len(t.c.in), "took", time.Since(start))
		t.begun = true
		if !t.hasHead && len(t.c.units) == 0 {
			t.ready(errEmpty)
		}
		for apex := range t.holding { // an item whose difference is gone must go too
			t.c.unit(apex)
		}
		return
	}
	if len(b.Changes) > 0 && b.Head.Taken > 0 && t.state.Frozen == nil {
		if at := time.UnixMilli(b.Head.Taken); t.taken.IsZero() || at.Before(t.taken) {
			t.taken = at
		}
	}
	t.c.take(b.Changes)
}

func (t *term) answer(a ask) {
	check, err := a.do(t)
	if err != nil || check == nil {
		a.done <- err
		return
	}
	t.after = append(t.after, func(err error) {
		if err == nil {
			err = check()
		}
		a.done <- err
	})
}

// reply answers those who waited for the release.
func (t *term) reply(err error) {
	for _, answer := range t.after {
		answer(err)
	}
	t.after = nil
}

func (t *term) end() {
	t.reply(errNotLeader)
	if t.building != 0 {
		if b := <-t.built; b.snap != nil {
			b.snap.Close()
		}
	}
	t.sweep()
	if t.view != nil {
		t.view.Base().Close()
	}
}

// follower runs Next in a goroutine of its own; the rows may be read between a batch and resume.
type follower struct {
	f       *table.Follower
	batches chan table.Batch
	resume  chan struct{}
	failed  chan error
	ended   chan struct{}
}

func follow(ctx context.Context, f *table.Follower) *follower {
	w := &follower{f: f, batches: make(chan table.Batch), resume: make(chan struct{}, 1), failed: make(chan error, 1), ended: make(chan struct{})}
	go func() {
		defer close(w.ended)
		defer f.Close()
		for {
			b, err := f.Next(ctx)
			if err != nil {
				w.failed <- fmt.Errorf("table %s: %w", tablePresented, err)
				return
			}
			select {
			case w.batches <- b:
			case <-ctx.Done():
				return
			}
			select {
			case <-w.resume:
			case <-ctx.Done():
				return
			}
		}
	}()
	return w
}
