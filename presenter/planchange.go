package presenter

import (
	"slices"

	"zonecast/internal/plan"
	"zonecast/internal/row"
	"zonecast/internal/zone"
)

// changed gives the names that come out otherwise than they are served, sorted by zone and name.
func (p *planner) changed() []*changed {
	keys := make([]string, 0, len(p.out))
	for _, o := range p.out {
		keys = append(keys, o.key)
	}
	before := p.ground.served(keys)
	for key, m := range p.fresh {
		delete(before, key)
		if m.served != nil {
			before[key] = m.served
		}
	}
	var list []*changed
	for n, o := range p.out {
		if was := before[o.key]; string(was) != string(o.value) && (p.served == nil || !zone.SetsEqual(decodeSets(was), decodeSets(o.value))) {
			list = append(list, &changed{name: n, zone: homeOf(was, o.value), before: was, after: o.value})
		}
	}
	slices.SortFunc(list, func(a, b *changed) int {
		if a.zone != b.zone {
			return a.zone.Compare(b.zone)
		}
		return a.name.Compare(b.name)
	})
	return list
}

// changed is a name with its row before and after; nil for none.
type changed struct {
	name, zone    zone.Name
	before, after []byte
}

// homeOf is the zone that a name belongs to: afterwards, or before if it has none then.
func homeOf(before, after []byte) zone.Name {
	for _, value := range [][]byte{after, before} {
		if value != nil {
			if apex, _, err := row.DecodePresentedSets(value); err == nil {
				return apex
			}
		}
	}
	return ""
}

func decodeRow(value []byte) row.Presented {
	if value == nil {
		return row.Presented{}
	}
	p, _ := row.DecodePresented(value) // written by merge.Encode
	return p
}

// eachAtOnce is how many changes are worked out at once: enough for all cores, and little to keep.
const eachAtOnce = 2000

// each gives the changes one by one, sorted by zone and name. Places are of the texts: after the change, and loaded now.
func (p *planner) each(yield func(plan.Change) error) error {
	now, then := p.placesOf(p.new, p.changes), p.placesOf(p.old, p.changes)
	out := make([]plan.Change, min(eachAtOnce, len(p.changes)))
	for list := range slices.Chunk(p.changes, eachAtOnce) {
		onAllCores(len(list), func(i int) { out[i] = p.change(list[i], now, then) })
		for _, c := range out[:len(list)] {
			if len(c.Sets) == 0 {
				continue
			}
			if err := yield(c); err != nil {
				return err
			}
		}
	}
	return nil
}

// change is called from several goroutines at once.
func (p *planner) change(c *changed, now, then *places) plan.Change {
	change := c.change(now, then)
	if p.served != nil {
		change.Sets = slices.DeleteFunc(change.Sets, unchanged)
	}
	if len(change.Sets) > 0 {
		change.Written = p.written(c.name)
	}
	return change
}

// change says what becomes of a name, RRset by RRset. A row that only carries another commit gives none.
func (c *changed) change(now, then *places) plan.Change {
	before, after := decodeRow(c.before), decodeRow(c.after)
	out := plan.Change{Name: c.name, Zone: c.zone, Kind: kindOf(before.Sets, after.Sets)}
	var types []zone.Type
	for _, p := range []row.Presented{before, after} {
		for _, s := range p.Sets {
			types = append(types, s.Type)
		}
		for _, claims := range [][]row.Claim{p.Claims, p.Shadowed} {
			for _, cl := range claims {
				types = append(types, cl.Set.Type)
			}
		}
	}
	slices.Sort(types)
	for _, t := range slices.Compact(types) {
		s := plan.SetChange{Type: t, Before: setOf(before.Sets, t), After: setOf(after.Sets, t)}
		claims, was := ofType(after.Claims, t), ofType(before.Claims, t)
		lost, had := ofType(after.Shadowed, t), ofType(before.Shadowed, t)
		s.Causes, s.Was = now.causes(c.name, claims), then.causes(c.name, was)
		s.Shadows = now.causes(c.name, without(lost, had))
		s.Unshadows = now.causes(c.name, within(claims, had))
		if !unchanged(s) || !sameClaims(claims, was) || !sameClaims(lost, had) {
			out.Sets = append(out.Sets, s)
		}
	}
	return out
}

func unchanged(s plan.SetChange) bool {
	return (s.Before == nil) == (s.After == nil) && (s.Before == nil || s.Before.Equal(*s.After))
}

func kindOf(before, after []zone.RRset) plan.Kind {
	switch {
	case zone.SetsEqual(before, after):
		return plan.Touched
	case len(before) == 0:
		return plan.Created
	case len(after) == 0:
		return plan.Deleted
	}
	return plan.Changed
}

func setOf(sets []zone.RRset, t zone.Type) *zone.RRset {
	if s, ok := zone.FindSet(sets, t); ok {
		return &s
	}
	return nil
}

func ofType(claims []row.Claim, t zone.Type) (list []row.Claim) {
	for _, c := range claims {
		if c.Set.Type == t {
			list = append(list, c)
		}
	}
	return list
}

// who is a claim's origin without the commit and its author, which change with every load of another text.
func who(c row.Claim) row.Origin {
	o := c.Origin
	o.Commit, o.Author = "", ""
	return o
}

// sameClaims compares who claims what, and why it is not served.
func sameClaims(a, b []row.Claim) bool {
	return slices.EqualFunc(a, b, func(x, y row.Claim) bool { return who(x) == who(y) && x.Why == y.Why && x.Set.Equal(y.Set) })
}

// without gives the claims whose makers are not among others; within those whose makers are.
func without(claims, others []row.Claim) []row.Claim { return pick(claims, others, false) }
func within(claims, others []row.Claim) []row.Claim  { return pick(claims, others, true) }

func pick(claims, others []row.Claim, want bool) (list []row.Claim) {
	if len(claims) == 0 || len(others) == 0 && want {
		return nil
	}
	type maker struct{ source, module, entity, file string }
	of := func(c row.Claim) maker {
		return maker{c.Origin.Source, c.Origin.Module, c.Origin.Entity, c.Origin.File}
	}
	had := make(map[maker]bool, len(others))
	for _, c := range others {
		had[of(c)] = true
	}
	for _, c := range claims {
		if had[of(c)] == want {
			list = append(list, c)
		}
	}
	return list
}
