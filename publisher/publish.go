package publisher

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"zonecast/internal/release"
	"zonecast/internal/row"
	"zonecast/internal/snapshot"
	"zonecast/internal/store"
	"zonecast/internal/table"
	"zonecast/internal/zone"
)

// release publishes what passes the gates, and commits what was held or is held no more.
func (t *term) release(ctx context.Context, now time.Time) error {
	err := t.releaseNow(ctx, now)
	t.reply(err)
	return err
}

func (t *term) releaseNow(ctx context.Context, now time.Time) error {
	if o := t.order; o != nil && o.view != nil {
		return t.rollBack(ctx, now, o)
	}
	var p plan
	if t.state.Frozen == nil {
		if err := t.readPolicies(ctx); err != nil {
			return err
		}
		var last func(map[*unit]Summary) map[*unit]verdict
		if len(t.cfg.Gates.Checks) > 0 {
			last = func(passing map[*unit]Summary) map[*unit]verdict { return t.siteChecks(ctx, passing) }
		}
		var taken map[*unit]*unit
		if t.blind == nil { // else nothing is released by itself
			taken = t.c.takeByHand()
		}
		p = t.c.judge(t.cfg.Gates, t.gates, t.holding, now, last)
		p.passByHand(t.c, taken)
		if stopped, err := t.guardBlind(ctx, p, now); stopped || err != nil {
			return err
		}
	}
	hold := t.noteHeld(p)
	t.noteByHand()
	note, epoch := "", t.epochNow()
	if t.order != nil && (len(p.pass) > 0 || len(t.c.zones) > 0) { // never a release without any zone (P2)
		note = t.order.note
		t.decide(t.order.entry)
		if t.order.epoch {
			epoch++
		}
	} else if len(p.pass) == 0 {
		t.taken = time.Time{}
		if hold == nil && !t.stateMoved {
			return nil
		}
		return t.commit(ctx, now, t.pub.Begin(), hold, t.head)
	}
	rebase := t.order != nil || !t.hasHead
	if err := t.publish(ctx, now, p.pass, note, epoch, rebase, hold); err != nil {
		return err
	}
	t.order = nil
	return t.holdStore(ctx, "", "")
}

func (t *term) epochNow() uint64 {
	switch {
	case t.back != nil:
		return max(t.head.Epoch, t.back.Epoch)
	case t.hasHead:
		return t.head.Epoch
	}
	return t.epoch
}

// publish makes the next version of units' differences, with their rows, log entry and head in one transaction.
func (t *term) publish(ctx context.Context, now time.Time, units []*unit, note string, epoch uint64, rebase bool, hold *table.Tx) error {
	if len(t.entries) >= maxLog {
		return fmt.Errorf("the log holds %d releases and no base can be made to shorten it", len(t.entries))
	}
	version := t.next(now)
	if err := t.mem.reserve(epoch, version); err != nil {
		return fmt.Errorf("version %d cannot be remembered: %w", version, err)
	}
	tx := t.pub.Begin()
	delta, counts, err := t.apply(tx, units, version, now)
	if err != nil {
		return err
	}
	next := t.head
	next.Stream, next.Epoch, next.Version, next.MinReader = t.cfg.Stream, epoch, version, release.ReaderVersion
	next.Released = now.Unix()
	entry := release.Entry{Epoch: epoch, Version: version, Prev: t.head.Version, Released: next.Released, AsOf: t.headAsOf(), Note: note, Counts: counts}
	prev := t.head.Chain
	if epoch != t.head.Epoch {
		entry.Prev, prev = 0, release.Hash{}
	}
	view := t.view.Apply(delta)
	var data []byte
	if !rebase && len(delta.Names) <= rebaseNames {
		entry.Delta = delta.Encode()
		entry.Content = hash(entry.Delta)
		entry.Chain = release.Link(prev, epoch, version, entry.Content)
		if data, err = entry.Encode(); err != nil && !errors.Is(err, store.ErrTooLarge) && !errors.Is(err, release.ErrTooLarge) {
			return err
		}
	}
	if data == nil { // the first release, a new chain, or too much for a node: a base of this very version
		start := time.Now()
		base, snap, err := t.hist.shelf.build(view, version, release.Hash{}, t.seed)
		if err != nil {
			t.m.failed("base")
			return err
		}
		t.m.base(time.Since(start))
		entry.Delta, entry.Content = nil, base.SHA256
		entry.Chain = release.Link(prev, epoch, version, base.SHA256)
		base.Chain = entry.Chain
		entry.Rebase, next.Base = &base, base
		if data, err = entry.Encode(); err != nil {
			snap.Close()
			return err
		}
		t.serve(base)
		view = snapshot.NewView(snap)
		defer func(old *snapshot.View) {
			if t.view == view { // committed
				t.rebased(old)
			} else {
				snap.Close()
			}
		}(t.view)
	}
	next.Chain = entry.Chain
	tx.Also(store.Create(release.LogPath(version), data))
	if err := t.commit(ctx, now, tx, hold, next); err != nil {
		return err
	}
	t.entries = append(t.entries, version)
	t.view, t.blind, t.back, t.floor = view, nil, nil, 0
	t.ready(nil)
	if entry.Rebase == nil {
		t.deltas++
		t.bytes += int64(len(data))
		if t.building != 0 {
			t.tail = append(t.tail, delta)
		}
		t.m.deltaBytes.Observe(float64(len(data)))
	}
	t.m.released(units, t.taken)
	t.taken = time.Time{}
	t.log.Info("released", "version", version, "epoch", epoch, "names", len(delta.Names), "zones", len(units), "base", entry.Rebase != nil, "note", note)
	if entry.Rebase != nil {
		return t.trim(ctx)
	}
	t.startBase()
	return nil
}

// next version: Unix time at first, so that serials keep growing after a lost store; then one more each time.
func (t *term) next(now time.Time) uint64 {
	if !t.hasHead {
		return max(uint64(now.Unix()), t.floor+1)
	}
	return max(t.head.Version, t.floor) + 1
}

// headAsOf is the as-of that a release made now may claim: all of presented is in it, or held.
func (t *term) headAsOf() int64 {
	if t.state.Frozen != nil {
		return t.head.AsOf
	}
	return t.asOf
}

// apply puts units' differences into tx and into what is published in memory, and gives the delta of them. After
// an error, and when tx is not committed then, the term must end: memory is ahead of the store.
func (t *term) apply(tx *table.Tx, units []*unit, version uint64, now time.Time) (*snapshot.Delta, []release.Count, error) {
	var zones []snapshot.ZoneChange
	var names []snapshot.NameChange
	var counts []release.Count
	for _, u := range units {
		if u.facts == nil {
			continue
		}
		key := row.ZoneKey(u.apex)
		change := snapshot.ZoneChange{Zone: snapshot.Zone{Apex: u.apex}, Gone: u.facts.want == nil}
		if change.Gone {
			delete(t.c.zones, u.apex)
			delete(t.c.size, u.apex)
			tx.Delete(key)
		} else {
			facts := *u.facts.want
			change.SerialLiteral, change.Timestamp = facts.SerialLiteral, facts.Timestamp
			value, err := json.Marshal(publishedZone{facts, version})
			if err != nil {
				return nil, nil, err
			}
			t.c.zones[u.apex] = facts
			tx.Put(key, value)
		}
		zones = append(zones, change)
	}
	for _, u := range units {
		t.decide(u.freed)
		before := t.c.names[u.apex]
		for n, d := range u.names {
			if d.kind != created {
				t.c.count(d.was, -1)
			}
			if d.kind == deleted {
				tx.Delete(n.String())
			} else {
				t.c.count(d.apex, 1)
				tx.Put(n.String(), row.Published{Since: version, Zone: d.apex, Sets: d.sets}.Encode())
			}
			names = append(names, snapshot.NameChange{Name: n, Sets: d.sets})
			t.c.released(n, d)
		}
		if _, ok := t.c.zones[u.apex]; ok {
			t.c.sizes(u.apex).add(now, before, t.c.names[u.apex])
			if u.free != nil {
				t.c.sizes(u.apex).forget()
			}
		}
		counts = append(counts, release.Count{Zone: u.apex.String(), Created: u.count[created], Changed: u.count[changed], Deleted: u.count[deleted], Free: u.free != nil})
		if t.c.units[u.apex] == u {
			t.c.forget(u)
		}
		for n := range u.names { // of what passed without its zone
			if t.c.in[n] == u {
				delete(t.c.in, n)
			}
		}
	}
	t.noteByHand()
	delta, _ := t.tree.Delta(zones, names) // no undo: after a failure the term ends
	return delta, counts, nil
}

func (c *content) count(apex zone.Name, by int) {
	if c.names[apex] += by; c.names[apex] == 0 {
		delete(c.names, apex)
	}
}
