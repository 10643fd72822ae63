package publisher

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"zonecast/internal/decision"
	"zonecast/internal/release"
	"zonecast/internal/row"
	"zonecast/internal/snapshot"
	"zonecast/internal/zone"
)

// orderRollback prepares a release with the content of an older version (P4: a new version). It stays, and what
// presented says waits, until resumed. The gates do not apply: a person asked for exactly this content.
func (t *term) orderRollback(ctx context.Context, in request) (check func() error, err error) {
	if err := t.wentBack(); err != nil {
		return nil, err
	}
	to := in.To
	switch {
	case !t.hasHead || !t.begun:
		return nil, fmt.Errorf("%w: nothing is published yet", errConflict)
	case t.order != nil:
		return nil, fmt.Errorf("%w: another order is under way", errConflict)
	case to >= t.head.Version:
		return nil, fmt.Errorf("%w: version %d is not older than the one served, %d", errConflict, to, t.head.Version)
	}
	view, _, err := t.hist.at(ctx, to, t.state.Bases)
	if err != nil {
		return nil, fmt.Errorf("%w: %w; zonecast releases lists the log", errConflict, err)
	}
	t.log.Warn("roll back by hand", "to", to, "by", in.By, "from", in.from, "reason", in.Reason)
	t.order = &order{
		note: fmt.Sprintf("roll back to %d: %s", to, in.Reason), view: view, entry: in.entry(decision.Rollback),
		frozen: &release.Rollback{To: to, Reason: in.Reason, By: in.By, Since: time.Now().Unix()},
	}
	t.order.entry.Effect = fmt.Sprintf("version %d is served as it was, as a new version, until resumed; %d was served before", to, t.head.Version)
	return func() error { return nil }, nil
}

// rollBack publishes the content of an order's view.
func (t *term) rollBack(ctx context.Context, now time.Time, o *order) error {
	defer o.view.Base().Close()
	t.order = nil
	old, err := t.c.against(o.view)
	if err != nil {
		return err
	}
	units := slices.SortedFunc(maps.Values(old.units), func(a, b *unit) int { return a.apex.Compare(b.apex) })
	units = slices.DeleteFunc(units, (*unit).empty)
	wanted := t.wanted(old)
	t.state.Frozen = o.frozen
	t.decide(o.entry)
	if err := t.publish(ctx, now, units, o.note, t.head.Epoch, false, nil); err != nil {
		return err
	}
	for apex, facts := range wanted.facts {
		have, published := t.c.zones[apex]
		t.c.setFacts(apex, have, published, facts)
	}
	for n, d := range wanted.names {
		t.c.setName(n, d)
	}
	return nil
}

// wishes are what presented wants of some zones and names.
type wishes struct {
	facts map[zone.Name]*row.ZoneFacts
	names map[zone.Name]diff
}

// wanted collects what presented wants wherever publishing old's differences changes something: what its own
// difference says, or else what is published now.
func (t *term) wanted(old *content) wishes {
	w := wishes{map[zone.Name]*row.ZoneFacts{}, map[zone.Name]diff{}}
	for apex, u := range old.units {
		if u.facts != nil {
			if mine := t.c.units[apex]; mine != nil && mine.facts != nil {
				w.facts[apex] = mine.facts.want
			} else if facts, ok := t.c.zones[apex]; ok {
				w.facts[apex] = &facts
			} else {
				w.facts[apex] = nil
			}
		}
		for n := range u.names {
			if mine := t.c.in[n]; mine != nil {
				w.names[n] = mine.names[n]
			} else {
				have := t.c.published(n)
				w.names[n] = diff{apex: have.Zone, sets: have.Sets}
			}
		}
	}
	return w
}

// orderResume lets presented be released again. The gates judge what piled up meanwhile.
func (t *term) orderResume(in request) (check func() error, err error) {
	if err := t.wentBack(); err != nil {
		return nil, err
	}
	if t.state.Frozen == nil {
		return nil, fmt.Errorf("%w: nothing was rolled back", errConflict)
	}
	t.log.Warn("resumed by hand", "by", in.By, "from", in.from, "reason", in.Reason, "rolled_back_to", t.state.Frozen.To)
	e := in.entry(decision.Resume)
	e.Effect = fmt.Sprintf("the rollback to %d ends; what changed since is released, past the gates", t.state.Frozen.To)
	t.decide(e)
	t.state.Frozen, t.stateMoved = nil, true
	for _, u := range t.c.units {
		t.c.touched[u] = true
	}
	return func() error { return nil }, nil
}

// orderEpoch raises the epoch: a new chain that begins with a base of what is served now. It is for a store that
// was lost, when proxies hold versions that this publisher does not know of.
func (t *term) orderEpoch(in request) (check func() error, err error) {
	switch {
	case !t.begun || (len(t.c.zones) == 0 && len(t.c.units) == 0):
		return nil, fmt.Errorf("%w: there is nothing to publish", errConflict)
	case t.order != nil && (t.order.epoch || t.order.view != nil):
		return nil, fmt.Errorf("%w: another order is under way", errConflict)
	}
	t.log.Warn("new epoch by hand", "epoch", t.epochNow()+1, "by", in.By, "from", in.from, "reason", in.Reason)
	t.order = &order{note: "new epoch: " + in.Reason, epoch: true, entry: in.entry(decision.Epoch)}
	t.order.entry.Effect = fmt.Sprintf("epoch %d begins, with a new base of what is served", t.epochNow()+1)
	was := t.epochNow()
	return func() error {
		if t.head.Epoch <= was {
			return fmt.Errorf("%w: there is nothing to publish", errConflict)
		}
		return nil
	}, nil
}

// against makes a content whose differences are those between what is published and a view. It fails if the view cannot be
// read to its end: what is missing would be taken for gone.
func (c *content) against(view *snapshot.View) (*content, error) {
	old := *c
	old.reset()
	served := map[zone.Name]bool{}
	for _, z := range view.Zones() {
		facts := row.ZoneFacts{SerialLiteral: z.SerialLiteral, Timestamp: z.Timestamp}
		served[z.Apex] = true
		have, published := c.zones[z.Apex]
		old.setFacts(z.Apex, have, published, &facts)
	}
	for apex, have := range c.zones {
		if !served[apex] {
			old.setFacts(apex, have, true, nil)
		}
	}
	for node, err := range view.Walk("") {
		if err != nil {
			return nil, fmt.Errorf("read the version to go back to: %w", err)
		}
		if z, ok := view.FindZone(node.Name); ok && len(node.Sets) > 0 {
			old.setName(node.Name, diff{apex: z.Apex, sets: node.Sets})
		}
	}
	for key := range c.rows.All() {
		if n, ok := nameOf(key); ok {
			if node, ok := view.Lookup(n); !ok || len(node.Sets) == 0 {
				old.setName(n, diff{})
			}
		}
	}
	return &old, nil
}
