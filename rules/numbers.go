package rules

import (
	"slices"
	"strings"

	"zonecast/internal/inventory"
)

// number gives the entities about to be evaluated the numbers of their numbered roles: what each asks is found side by side, the
// numbers are given one after the other, in the batch's order. Entities that lost theirs to a pin are evaluated too; they are appended.
func (b *batch) number(list []*entityState) []*entityState {
	l := b.l
	if len(l.engine.numbered) == 0 && l.numbers.Empty() {
		return list
	}
	l.numbers.Expire(b.now.Unix())
	l.parallel(len(list), func(w *worker, i int) { l.engine.demand(w, list[i], l.numbers) })
	var demands []inventory.Demand
	for _, e := range list {
		if len(e.demand.Claims) > 0 || l.numbers.Member(e.key) {
			demands = append(demands, e.demand)
		}
	}
	list = slices.Clip(list) // it may be the batch's own order, which grows below
	for _, key := range l.numbers.Settle(demands, b.now.Unix(), b.stays) {
		e := b.entity(key)
		if !e.ok || e.row.Gone() {
			continue
		}
		if !e.changed {
			e.changed = true
			b.order = append(b.order, e)
		}
		l.engine.demand(l.engine.workers[0], e, l.numbers)
		list = append(list, e)
	}
	for _, e := range list {
		e.numbers = l.numbers.Of(e.key, e.demand.Claims)
		e.demand = inventory.Demand{}
	}
	return list
}

// demand notes what an entity asks of the numbered roles. It changes nothing else.
func (e *engine) demand(w *worker, s *entityState, numbers *inventory.Numbers) {
	s.demand = inventory.Demand{Entity: s.key, Gone: s.row.Gone()}
	kind, _, _ := inventory.SplitKey(s.key)
	if s.row.Gone() || !e.numbered[kind] && len(e.frozen) == 0 {
		return
	}
	c, err := e.checked(s)
	if err != nil {
		s.demand.Unknown = true // its modules fail too, and what they gave stays
		return
	}
	s.checked = c
	s.demand = c.Demand(w, s.key, e.modules[kind])
	s.demand.Unknown = s.demand.Unknown || len(e.frozen) > 0
	if s.demand.Unknown || !numbers.Leaves(s.key, s.demand.Claims) {
		return
	}
	tried := numbers.Tried(s.key, s.demand.Claims)
	for _, m := range e.modules[kind] { // one that fails leaves the last good records, and with them the number in use
		if !m.Numbered { // its records use none; and a program must not be waited for here
			continue
		}
		if _, err := m.EvalNumbered(w, c, tried); err != nil {
			s.demand.Unknown = true
		}
	}
}

// stays tells whether an entity has last good records that stay, of a module that uses numbers.
func (b *batch) stays(key string) bool {
	e := b.entity(key)
	return e.ok && slices.ContainsFunc(e.row.Given, func(g inventory.Given) bool {
		return (g.Held || g.Guarded) && len(g.Names) > 0 && b.l.engine.numbers(key, g.Module)
	})
}

// askAgain evaluates entities anew that were turned away by a full role, once there is room in one.
func (b *batch) askAgain() {
	if !b.l.numbers.Room() {
		return
	}
	var list []*entityState
	for _, h := range b.l.heldBy {
		if h.Unit != unitContribution || h.Check != inventory.RoleFull {
			continue
		}
		_, key, _ := strings.Cut(h.Subject, " ")
		if e := b.entity(key); e.ok && !e.row.Gone() && !e.changed {
			e.changed = true
			list = append(list, e)
		}
	}
	slices.SortFunc(list, func(x, y *entityState) int { return strings.Compare(x.key, y.key) })
	b.order = append(b.order, list...)
	b.evaluate(list)
}

// writeNumbers writes the rows of numbered roles that changed.
func (b *batch) writeNumbers() {
	for role, value := range b.l.numbers.Changed() { // the table sorts
		key := inventory.PrefixNumber + role
		if value == nil {
			b.inv.Delete(key)
		} else if !same(b.inv, key, value) {
			b.inv.Put(key, value)
		}
	}
}
