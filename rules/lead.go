package rules

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"zonecast/internal/inventory"
	"zonecast/internal/row"
	"zonecast/internal/table"
)

// lead is one term as leader. Its fields belong to the goroutine that runs loop, except those that say otherwise.
type lead struct {
	*Stage
	inv, gen, rul, hld *table.Writer
	engine             *engine
	feeds              map[string]*feedState
	entities           int                      // live ones
	tombs              []tomb                   // oldest first
	heldBy             map[string]row.Held      // by ID
	heldContributions  int                      // all of them, also those past the limit of what is listed
	yields             map[string]*yield        // by module
	numbers            *inventory.Numbers       // of numbered roles
	kept               int                      // members that pools serve though they left
	waits              map[string]*waiting      // by program
	versions           map[string]string        // of programs, as they announced them in this term
	owed               []owed                   // found at the start of the term
	backlog            []string                 // keys of entities to evaluate again, since rules changed
	loaded             atomic.Pointer[row.Load] // what is loaded into rules.<source>, for the folder's watcher; nil: nothing
	generation         atomic.Int64             // grows when kinds change: files are read again then, for what was refused may pass now
	begun              time.Time
	beaten             time.Time    // when the last beat was
	unprimed           atomic.Int64 // watchers that have not had their first look yet
	feedRows           time.Time    // when rows of feeds were last brought up to date
	pace               pace
	rehearsal          *rehearsal // nil: what is done is meant

	tried atomic.Bool              // the rules folder had its first look
	ruled map[string]chan struct{} // by feed: wakes the watcher of a file when rules have changed

	jobs  chan *job     // from HTTP handlers and watchers
	ended chan struct{} // closed after the term
}

// feedState is a feed with what is true now; its row is written when it matters.
type feedState struct {
	inventory.Feed
	dirty bool // the row is behind
}

type tomb struct {
	key     string
	deleted int64
}

// job is one thing to do in the loop. Jobs with items share a commit (group commit); one with run has its own, and one
// with look has none.
type job struct {
	items []*item
	look  func() error
	run   func(ctx context.Context, b *batch) error // an error refuses the job, nothing is committed
	renew bool                                      // the term ends after its commit, for all that it has in memory is old
	done  chan error                                // gets the outcome of the commit, once; buffered
	taken time.Time                                 // when it was asked for
}

var (
	errQueueFull = errors.New("the queue is full: send slower")
	errEnded     = errors.New("no leader any more")
)

// maxBatch bounds the items of one group commit beyond its first job.
const maxBatch = 50_000

// do queues a job and waits for its commit.
func (l *lead) do(ctx context.Context, j *job) error {
	j.done, j.taken = make(chan error, 1), time.Now()
	select {
	case l.jobs <- j:
	default:
		wait := time.NewTimer(2 * time.Second)
		defer wait.Stop()
		select {
		case l.jobs <- j:
		case <-wait.C:
			return errQueueFull
		case <-l.ended:
			return errEnded
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	select {
	case err := <-j.done:
		return err
	case <-l.ended:
		select {
		case err := <-j.done:
			return err
		default:
			return errEnded
		}
	case <-ctx.Done():
		return ctx.Err()
	}
}

// insist queues a job of the stage's own, for which a full queue is no reason to give up.
func (l *lead) insist(ctx context.Context, j *job) error {
	for {
		if err := l.do(ctx, j); !errors.Is(err, errQueueFull) {
			return err
		}
	}
}

// takeOver opens the tables for writing, fencing off whoever had them, and reads what the stage keeps in memory.
func (s *Stage) takeOver(ctx context.Context) (*lead, error) {
	l := &lead{Stage: s, feeds: map[string]*feedState{}, heldBy: map[string]row.Held{}, ruled: map[string]chan struct{}{}, numbers: inventory.NewNumbers(), yields: map[string]*yield{}, waits: map[string]*waiting{}, versions: map[string]string{}, begun: time.Now(), beaten: time.Now(),
		jobs: make(chan *job, s.cfg.Limits.Queue), ended: make(chan struct{})}
	for _, w := range s.watched {
		l.ruled[w.feed] = make(chan struct{}, 1)
	}
	for name := range s.programs {
		l.waits[name] = newWaiting()
	}
	for _, t := range []struct {
		w      **table.Writer
		name   string
		shards int
	}{{&l.inv, "inventory." + s.cfg.Source, 0}, {&l.gen, "generated." + s.cfg.Source, 0},
		{&l.rul, "rules." + s.cfg.Source, 64}, {&l.hld, "held." + s.name, 16}} {
		w, err := table.OpenWriter(ctx, s.st, t.name, table.Options{Instance: s.host.Instance, Shards: t.shards, Fenced: s.fenced})
		if err != nil {
			return nil, fmt.Errorf("table %s: %w", t.name, err)
		}
		*t.w = w
	}
	if err := l.recall(); err != nil {
		return nil, err
	}
	if err := l.loadStored(ctx); err != nil {
		return nil, err
	}
	l.recallWaiting()
	return l, nil
}

// recall rebuilds from the tables what is kept in memory: feeds and what they own, tombstones by age, held things.
func (l *lead) recall() error {
	owned := map[string]int{}
	for key, value := range l.inv.All() {
		if name, ok := inventory.FeedOf(key); ok {
			f, err := inventory.DecodeFeed(value)
			if err != nil {
				return fmt.Errorf("row %s: %w", key, err)
			}
			l.feeds[name] = &feedState{Feed: f}
			continue
		}
		if strings.HasPrefix(key, row.PrefixPool) {
			pools, err := row.DecodePools(value)
			if err != nil {
				return fmt.Errorf("row %s: %w", key, err)
			}
			l.kept += keptIn(pools)
			continue
		}
		if role, ok := inventory.RoleOf(key); ok {
			if err := l.numbers.Load(role, value); err != nil {
				return fmt.Errorf("row %s: %w", key, err)
			}
			continue
		}
		if _, _, ok := inventory.SplitKey(key); !ok {
			continue
		}
		r, err := inventory.DecodeRow(value)
		if err != nil {
			return fmt.Errorf("row %s: %w", key, err)
		}
		for _, g := range r.Given {
			if g.Held {
				l.heldContributions++
			}
			l.recallYield(key, g)
			if g.Waiting || g.Held {
				l.owed = append(l.owed, owed{key, g.Module})
			}
		}
		if r.Gone() {
			l.tombs = append(l.tombs, tomb{key, r.Deleted})
			continue
		}
		owned[r.Feed]++
		l.entities++
	}
	sortTombs(l.tombs)
	for name, n := range owned {
		if l.feeds[name] == nil { // the row is written with the feed's first entity; be safe
			l.feeds[name] = &feedState{Feed: inventory.Feed{Name: name, First: l.begun.Unix()}}
		}
		l.feeds[name].Owned = n
	}
	for name, f := range l.feeds {
		f.Owned = owned[name]
	}
	for key, value := range l.hld.All() {
		h, err := decodeHeld(value)
		if err != nil {
			return fmt.Errorf("held %s: %w", key, err)
		}
		l.heldBy[key] = h
	}
	l.resumeLosses()
	l.configureFeeds()
	return nil
}

// beatEvery is how often the heads are written when nothing else is: as-of must move for answers to look fresh (P8).
const beatEvery = 2 * time.Second

// loop is the one goroutine that writes. At rest a job is committed at once; under load all that waits, and comes within its pace, shares one
// commit, and neither the backlog nor the beat waits for a pause.
func (l *lead) loop(ctx context.Context) error {
	beat := time.NewTicker(beatEvery)
	defer beat.Stop()
	for {
		var err error
		if len(l.backlog) > 0 {
			if err := l.reevaluate(ctx); err != nil {
				return err
			}
			select {
			case j := <-l.jobs:
				err = l.serve(ctx, j)
			default:
			}
		} else {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case j := <-l.jobs:
				err = l.serve(ctx, j)
			case <-beat.C:
				err = l.beat(ctx)
			}
		}
		if err == nil && time.Since(l.beaten) > 2*beatEvery {
			err = l.beat(ctx)
		}
		if err != nil {
			return err
		}
	}
}

// serve does a job, together with those that wait behind it. An error ends the term: nobody knows then what the
// store holds, and the next leader reads it.
func (l *lead) serve(ctx context.Context, first *job) error {
	jobs, n := []*job{first}, len(first.items)
	var alone *job
	if first.items == nil {
		jobs, alone = nil, first
	} else if wait := l.pace.wait(time.Now()); wait > 0 {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for alone == nil && n < maxBatch {
		select {
		case j := <-l.jobs:
			if j.items == nil {
				alone = j
				continue
			}
			jobs = append(jobs, j)
			n += len(j.items)
			continue
		default:
		}
		break
	}
	if len(jobs) > 0 {
		l.pace.commit(time.Now(), len(jobs))
		b := l.begin()
		for _, j := range jobs {
			b.items = append(b.items, j.items...)
			b.takenAt(j.taken)
		}
		b.settle()
		err := b.commit(ctx)
		for _, j := range jobs {
			j.done <- err
		}
		if err != nil {
			return err
		}
	}
	if alone == nil {
		return nil
	}
	if alone.look != nil {
		alone.done <- alone.look()
		return nil
	}
	b := l.begin()
	b.takenAt(alone.taken)
	if err := alone.run(ctx, b); err != nil {
		alone.done <- err
		return nil
	}
	err := b.commit(ctx)
	alone.done <- err
	if err == nil && alone.renew {
		return errRestored
	}
	return err
}

// beat refreshes the heads, and forgets what is old enough to be forgotten.
func (l *lead) beat(ctx context.Context) error {
	l.beaten = time.Now()
	b := l.begin()
	b.forget()
	b.countLosses()
	b.showPrograms()
	l.retryBlamed(b.now)
	l.numbers.Expire(b.now.Unix())
	b.askAgain()
	return b.commit(ctx)
}

// primed tells that one more watcher has had its first look; with the last of them the stage is ready.
func (l *lead) primed() {
	if l.unprimed.Add(-1) == 0 {
		l.host.Ready.Set(l.name, nil)
	}
}

// wakeFiles has every watched file looked at again.
func (l *lead) wakeFiles() {
	for _, c := range l.ruled {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}
