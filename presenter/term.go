package presenter

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"zonecast/internal/load"
	"zonecast/internal/row"
	"zonecast/internal/table"
	"zonecast/internal/zone"
	"zonecast/presenter/merge"
)

// beat is how often the heads are written when as-of moved and nothing else did.
const beat = 2 * time.Second

// term is one term as leader. Its fields belong to the goroutine that runs loop.
type term struct {
	*Stage
	zones, presented, conflicts, held *table.Writer
	tx                                changes
	inputs                            []*input
	human                             map[string][]byte // owner name -> encoded human records
	glass                             glass
	tallies                           tallies
	files                             map[string]row.FileInfo // the loaded zone files
	links                             map[string]bool         // those of them that say which zones files are part of
	asRead                            map[zone.Name]bool      // zones whose records are known to be what this program reads in their loaded files
	edits                             uint64                  // counts what loads change, and sources as a whole
	planned                           map[zone.Name]bool      // names worked out since a plan began; nil: none is under way
	expires                           map[string]int64        // owner name -> when its next record expires, Unix seconds
	conflicting                       map[string]bool
	world                             *world
	dirty                             map[zone.Name]bool
	faults                            map[zone.Name][]merge.Fault
	listed                            map[string]bool // ids of held RRsets in the table
	unlisted                          int             // held RRsets beyond the bound
	heldSeq                           uint64          // what the metrics of held things were counted at, plus one
	sweep                             *sweep          // the comparison at the start, while it goes on beside the loop
	begun                             bool            // until then every name is to be marked, which begin does at once
	behind                            bool            // heads have moved since the last commit
	at                                time.Time       // of the step under way
	taken                             time.Time       // when the oldest event of the step was taken; zero: none

	news   chan news
	jobs   chan *job
	opened chan struct{} // closed when the tables are open
	ended  chan struct{}
}

// changes are the transactions of one step.
type changes struct{ zones, presented, conflicts, held *table.Tx }

// job is one thing to do in the loop, for an HTTP handler or the folder's watcher.
type job struct {
	run  func() error // an error refuses the job: nothing is committed
	look bool         // run only reads: nothing is committed
	done chan error   // gets the outcome of the commit; buffered
}

var errEnded = errors.New("no leader any more")

func (s *Stage) newTerm() *term {
	t := &term{Stage: s, human: map[string][]byte{}, links: map[string]bool{}, asRead: map[zone.Name]bool{}, glass: newGlass(), tallies: tallies{names: map[string]tally{}}, expires: map[string]int64{}, conflicting: map[string]bool{}, world: newWorld(),
		dirty: map[zone.Name]bool{}, faults: map[zone.Name][]merge.Fault{}, listed: map[string]bool{},
		news: make(chan news), jobs: make(chan *job), opened: make(chan struct{}), ended: make(chan struct{})}
	for _, source := range s.cfg.Sources {
		t.inputs = append(t.inputs, &input{source: source, table: "generated." + source, rows: map[string][]byte{}})
	}
	return t
}

// takeOver opens the tables for writing, which fences off whoever had them, and reads what is kept in memory.
func (t *term) takeOver(ctx context.Context) error {
	var open errgroup.Group
	for _, w := range []struct {
		to     **table.Writer
		name   string
		shards int
	}{{&t.zones, "zones", 256}, {&t.presented, "presented", 0}, {&t.conflicts, "conflicts", 64}, {&t.held, "held." + owner, 16}} {
		open.Go(func() (err error) {
			opt := table.Options{Instance: t.host.Instance, Shards: w.shards, Fenced: t.fenced}
			if *w.to, err = table.OpenWriter(ctx, t.st, w.name, opt); err != nil {
				return fmt.Errorf("table %s: %w", w.name, err)
			}
			return nil
		})
	}
	if err := open.Wait(); err != nil {
		return err
	}
	if t.zones.Head().Open {
		if err := t.mend(ctx); err != nil {
			return fmt.Errorf("table zones: %w", err)
		}
	}
	var err error
	if t.files, err = load.Infos(t.zones); err != nil {
		return err
	}
	for key, value := range t.zones.All() {
		if name, ok := strings.CutPrefix(key, row.PrefixName); ok {
			t.setHuman(name, value)
		}
		t.recallGlass(key, value)
		if apex, ok := strings.CutPrefix(key, row.PrefixZone); ok {
			if err := t.setZone(apex, value); err != nil {
				return err
			}
		}
	}
	for key := range t.conflicts.All() {
		t.conflicting[key] = true
	}
	if err := t.recallHeld(); err != nil {
		return err
	}
	close(t.opened)
	return nil
}

// mend repairs table zones after a crash in the middle of a load. Nobody acts on that table but this stage.
func (t *term) mend(ctx context.Context) error {
	tx := t.zones.Begin()
	damaged, err := load.Mend(t.zones, tx)
	if err != nil {
		return err
	}
	t.log.Warn("the last leader died in the middle of a load: the zone files must be loaded again", "damaged", damaged)
	return table.Commit(ctx, tx)
}

// loop is the one goroutine that merges and writes.
func (t *term) loop(ctx context.Context) error {
	if err := t.begin(ctx); err != nil {
		return err
	}
	t.term.Store(t)
	t.host.Ready.Set(owner, nil)
	tick := time.NewTicker(beat)
	defer tick.Stop()
	alarm := time.NewTimer(time.Hour)
	defer alarm.Stop()
	for {
		alarm.Reset(t.nextExpiry())
		var sweeping <-chan struct{}
		if t.sweep != nil {
			sweeping = always
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-sweeping:
			t.step()
			t.sweepOn()
			if len(t.sweep.names) > 0 && len(t.dirty) == 0 {
				continue
			}
		case n := <-t.news:
			t.step()
			for more := true; more; {
				t.take(n)
				select {
				case n = <-t.news:
				default:
					more = false
				}
			}
			if len(t.dirty) == 0 && !t.tx.held.Changed() {
				continue // only heads moved: the beat carries them on
			}
		case j := <-t.jobs:
			if j.look {
				j.done <- j.run()
				continue
			}
			t.step()
			t.takenAt(t.at)
			if err := j.run(); err != nil {
				j.done <- err
				t.tx = changes{}
				continue
			}
			err := t.commit(ctx)
			j.done <- err
			if err != nil {
				return err
			}
			continue
		case <-alarm.C:
			t.step()
			t.expire()
		case <-tick.C:
			t.step()
			t.expire()
			t.refill()
			t.countOverrides()
		}
		if err := t.commit(ctx); err != nil {
			return err
		}
	}
}

// begin is the full comparison at the start of a term. Sources that have a table are waited for; one without gives
// nothing yet, and what it gave before stays.
func (t *term) begin(ctx context.Context) error {
	t.step()
	for _, in := range t.inputs {
		h, err := table.ReadHead(ctx, t.st, in.table)
		if errors.Is(err, table.ErrNotFound) {
			continue
		} else if err != nil {
			return err
		}
		for !in.seen || t.early(in, h) {
			select {
			case n := <-t.news:
				t.take(n)
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	t.step()
	t.judgeSources()
	if err := t.reread(); err != nil {
		return err
	}
	t.recallTallies()
	t.firstLook(ctx)
	t.begun, t.behind = true, true
	if rows := t.presented.Head().Rows; rows < t.sweepFrom || rows < int64(t.given())/2 {
		return t.compareAll(ctx)
	}
	t.startSweep()
	if err := t.markSince(ctx); err != nil {
		return err
	}
	return t.commit(ctx)
}

// early tells whether an input was read before the leader until then presented what came after it: to merge that would
// take those changes back for a moment. Head is the input's since the tables were opened; one that is itself behind what
// is presented is of a table that was made anew, for which judge decides.
func (t *term) early(in *input, head table.Head) bool {
	presented := t.presented.Head().Inputs[in.table]
	return in.head.Position().Before(presented) && !head.Position().Before(presented)
}

// step begins transactions for one step.
func (t *term) step() {
	was := t.at
	t.at, t.taken = t.now(), time.Time{}
	t.tx = changes{t.zones.Begin(), t.presented.Begin(), t.conflicts.Begin(), t.held.Begin()}
	if t.at.Unix() < was.Unix() {
		t.wentBack(was.Unix())
	}
}

// markAll marks every name there is.
func (t *term) markAll() {
	for n := range t.names() {
		t.dirty[n] = true
	}
}

// names gives every name that any table has; one that several sources have comes as often.
func (t *term) names() iter.Seq[zone.Name] {
	return t.namesWith(func(yield func(string) bool) {
		for key := range t.presented.All() {
			if !yield(key) {
				return
			}
		}
	})
}

// namesWith is names, where the keys of table presented are at hand.
func (t *term) namesWith(presented iter.Seq[string]) iter.Seq[zone.Name] {
	return func(yield func(zone.Name) bool) {
		each := func(key string) bool {
			if n, err := zone.ParseName(key); err == nil {
				return yield(n)
			}
			return true
		}
		for _, in := range t.inputs {
			for key := range in.rows {
				if !each(key) {
					return
				}
			}
		}
		for key := range t.human {
			if !t.has(key) && !each(key) {
				return
			}
		}
		for key := range t.glass.byName {
			if !t.has(key) && t.human[key] == nil && !each(key) {
				return
			}
		}
		for key := range presented {
			if key[0] != '@' && !t.has(key) && t.human[key] == nil && !each(key) {
				return
			}
		}
	}
}

// given is how many names the sources give, those of several counted for each.
func (t *term) given() (n int) {
	for _, in := range t.inputs {
		n += len(in.rows)
	}
	return n
}

// has tells whether a source has the name: then names has given it already, and it need not be parsed again.
func (t *term) has(key string) bool {
	for _, in := range t.inputs {
		if _, ok := in.rows[key]; ok {
			return true
		}
	}
	return false
}

// commit settles the marked names and writes everything that the step changed, as one.
func (t *term) commit(ctx context.Context) error {
	started := time.Now()
	t.world.settle(t.dirty, t.names, t.resolve, t.keep)
	t.dirty = map[zone.Name]bool{}
	if t.sweep != nil && len(t.sweep.names) == 0 {
		t.endSweep()
		t.behind = true
	}
	if t.sweep == nil {
		t.positions()
	}
	if !t.taken.IsZero() {
		t.tx.presented.SetTaken(t.taken)
	}
	txs := []*table.Tx{t.tx.presented}
	for _, tx := range []*table.Tx{t.tx.zones, t.tx.conflicts, t.tx.held} {
		if tx.Changed() {
			txs = append(txs, tx)
		}
	}
	if !t.behind && len(txs) == 1 && !t.tx.presented.Changed() {
		return nil
	}
	if err := table.Commit(ctx, txs...); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	t.behind = false
	t.metrics.committed(t, time.Since(started))
	return nil
}

// positions carries on how far the inputs are taken into account, and how current they were (P8). While a source is
// missing nothing can be said, and the head keeps its as-of.
func (t *term) positions() {
	oldest := int64(0)
	for i, in := range t.inputs {
		if in.unlisted {
			continue
		}
		if in.absent() {
			return
		}
		if i == 0 || in.head.AsOf < oldest {
			oldest = in.head.AsOf
		}
	}
	for _, in := range t.inputs {
		if !in.unlisted {
			t.setInput(in)
		}
	}
	if len(t.cfg.Sources) == 0 {
		oldest = t.at.Unix()
		t.behind = t.behind || oldest-t.presented.Head().AsOf >= int64(beat/time.Second)
	}
	if oldest > 0 {
		t.tx.presented.SetAsOf(time.Unix(oldest, 0))
	}
}
