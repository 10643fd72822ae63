package rules

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"zonecast/internal/inventory"
	"zonecast/internal/row"
	"zonecast/internal/table"
	"zonecast/internal/zone"
)

// result is what one module gives for one entity: contributions by owner name, or an error.
type result struct {
	module string
	gives  map[string]row.Contribution // by owner name
	err    error
	keep   bool   // what it gave before stays, whatever that was
	wait   string // the program that is to be asked first
}

// maxRow keeps a row below table.MaxValue, with room for estimates. A pool name carries some 2,000 members with it.
const maxRow = table.MaxValue - 8<<10

var (
	errNameFull  = errors.New("name-full: the contributions at the name would be larger than a row")
	errRRset     = errors.New("rrset-too-large: all contributions together")
	errManyNames = errors.New("too-many-names: the names of the entity would be larger than a row")
)

// evaluate runs the modules for these entities and brings their contributions up to date.
func (b *batch) evaluate(list []*entityState) {
	l := b.l
	list = b.number(list)
	l.parallel(len(list), func(w *worker, i int) {
		if e := list[i]; !e.row.Gone() {
			e.results = l.engine.evaluate(w, e)
		}
	})
	for _, e := range list {
		b.give(e)
		e.results, e.item, e.checked, e.numbers, e.answers = nil, nil, nil, nil, nil
	}
}

// give replaces what an entity gave before by what its modules give now. A module whose evaluation failed keeps its
// last good contribution (P3), and so does one whose file does not load any more.
func (b *batch) give(e *entityState) {
	before := make(map[string]inventory.Given, len(e.row.Given))
	for _, g := range e.row.Given {
		before[g.Module] = g
	}
	var given []inventory.Given
	var cause error
	for _, r := range e.results {
		old := before[r.module]
		delete(before, r.module)
		if r.keep || r.wait != "" {
			given = b.keep(e, r, old, given)
			continue
		}
		g := inventory.Given{Module: r.module, Names: slices.Sorted(maps.Keys(r.gives))}
		if r.err == nil {
			r.err = b.fits(e, g, given, r.gives)
		}
		if r.err == nil {
			r.err = b.loses(e, old, g)
		}
		if r.err != nil {
			g = inventory.Given{Module: r.module, Held: r.err != errGuarded, Guarded: r.err == errGuarded, Names: old.Names}
			if g.Held {
				g.Names = b.standing(e.key, r.module, old.Names)
			}
			cause = r.err
			if b.l.engine.numbers(e.key, r.module) {
				b.l.numbers.Stay(e.key)
			}
		} else {
			b.replace(e.key, old, g, r.gives)
		}
		b.hold(e.key, old, g, r.err)
		if g.Held || len(g.Names) > 0 {
			given = append(given, g)
		}
	}
	for _, old := range before { // modules that are no more, or an entity that is gone
		if !e.row.Gone() && b.l.engine.frozen[old.Module] {
			given = append(given, old)
			continue
		}
		b.replace(e.key, old, inventory.Given{}, nil)
		b.hold(e.key, old, inventory.Given{Module: old.Module}, nil)
	}
	slices.SortFunc(given, func(x, y inventory.Given) int { return strings.Compare(x.Module, y.Module) })
	e.row.Given = given
	if cause != nil {
		b.l.metrics.evalErrors.Inc()
		for _, it := range e.items {
			it.set(inventory.Verdict{Status: inventory.HeldBack, Reason: cause.Error()})
		}
	}
}

// keep leaves what a module gave as it is, and has its program asked where it waits for that.
func (b *batch) keep(e *entityState, r result, old inventory.Given, given []inventory.Given) []inventory.Given {
	old.Module = r.module
	if r.wait != "" {
		b.l.wait(r.wait, e.key, e.tried && !old.Waiting && !b.l.engine.blind[r.module])
		old.Waiting = true
	}
	if old.Waiting || old.Held || len(old.Names) > 0 {
		given = append(given, old)
	}
	return given
}

// standing gives those of the names at which a module's contribution for an entity is really there: a restored inventory
// brings none with it, and what is held must not be said to stay then.
func (b *batch) standing(entity, module string, names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(owner string) bool {
		_, found := slices.BinarySearchFunc(b.name(owner).list, [2]string{module, entity}, compareContribution)
		return !found
	})
}

// replace writes a module's contributions of an entity, and takes away those at names that it gives no more.
func (b *batch) replace(entity string, old, g inventory.Given, gives map[string]row.Contribution) {
	if b.byEvents || old.Guarded || b.l.engine.thawed[old.Module] { // what was kept until now had left by events too
		for _, owner := range old.Names {
			b.name(owner).leave(old.Module, entity)
		}
	}
	for _, owner := range old.Names {
		if _, still := gives[owner]; !still {
			b.name(owner).set(row.Contribution{Module: old.Module, Entity: entity})
		}
	}
	for _, owner := range g.Names {
		b.name(owner).set(gives[owner])
	}
}

// fits tells whether a module's contribution can be kept: at every name its row and the RRsets in it stay within
// bounds, and the entity's own row does. It changes nothing.
func (b *batch) fits(e *entityState, g inventory.Given, others []inventory.Given, gives map[string]row.Contribution) error {
	size := len(e.row.Attrs) + 512
	for _, o := range append(others, g) {
		for _, n := range o.Names {
			size += len(n) + 2
		}
	}
	if size > maxRow {
		return errManyNames
	}
	for owner, c := range gives {
		n := b.name(owner)
		if n.size+sizeOf(c) <= zone.MaxRRset/4 { // no record is four times as large in a message as it is here
			continue
		}
		if err := n.fits(c); err != nil {
			return fmt.Errorf("%w: %s", err, owner)
		}
	}
	return nil
}

func (n *nameState) fits(c row.Contribution) error {
	size, extents := sizeOf(c), map[zone.Type]zone.Extent{}
	for _, s := range c.Sets {
		extents[s.Type] = s.Extent()
	}
	for i, s := range c.Standings {
		if s.Limited && s.AtMost > 0 {
			delete(extents, c.Sets[i].Type) // not all of the members are served
		}
	}
	for _, o := range n.list {
		if cmp.Or(strings.Compare(o.Module, c.Module), strings.Compare(o.Entity, c.Entity)) == 0 {
			continue // it will be replaced
		}
		size += sizeOf(o)
		for _, s := range o.Sets {
			if e, ours := extents[s.Type]; ours {
				extents[s.Type] = e.Plus(s.Extent())
			}
		}
	}
	for t, e := range extents {
		if err := e.Fit(); err != nil { // repeats counted twice: near the bound that is as well
			return fmt.Errorf("%w: %s: %w", errRRset, t, err)
		}
	}
	if size > maxRow {
		return errNameFull
	}
	return nil
}

// reevaluateAtOnce is how many entities are evaluated again in one commit after rules changed. Names are spread over all
// shards, so that any stretch writes a large part of both tables anew, here and in every stage behind: of 100,000 entities
// with 400,000 records, in ci/bench ensemble, stretches of 1,000 took 153 s to the answers, two of 50,000 took 21 s and
// one takes 13. Events wait for one stretch, some seconds, as they do for a list.
const reevaluateAtOnce = 100_000

// reevaluate takes the next stretch of the backlog. Once it is worked off, the rules' hashes are recorded, in the same
// commit as the last stretch: a crash before starts over.
func (l *lead) reevaluate(ctx context.Context) error {
	n := min(reevaluateAtOnce, len(l.backlog))
	b := l.begin()
	b.expect(n)
	for _, key := range l.backlog[:n] {
		if e := b.entity(key); e.ok && !e.row.Gone() && !e.changed {
			e.changed, e.tried = true, true
			b.order = append(b.order, e)
		}
	}
	l.backlog = l.backlog[n:]
	b.evaluate(b.order)
	if len(l.backlog) == 0 {
		l.backlog = nil
		b.putRulesRow()
	}
	return b.commit(ctx)
}
