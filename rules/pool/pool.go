package pool

import (
	"cmp"
	"slices"
	"strings"

	"zonecast/internal/row"
	"zonecast/internal/zone"
)

// Input of Settle: everything at one owner name.
type Input struct {
	Owner   string
	Present []row.Contribution // of entities that give it now, sorted by module and entity
	Left    []row.Contribution // what entities gave until now and give no more: candidates to be kept
	Old     []row.Pool         // as of the last decision
	// Keeps is how many last members a module keeps of its pool of a type; who was kept goes when it says fewer.
	Keeps func(module string, t zone.Type) int
}

// key names a pool at its owner name.
type key struct {
	module string
	t      zone.Type
}

func (a key) compare(b key) int {
	return cmp.Or(strings.Compare(a.module, b.module), int(a.t)-int(b.t))
}

// member is one RRset in a pool.
type member struct {
	at, set int // Present[at].Sets[set]
	entity  string
	*row.Standing
	prior bool // a sticky pool has it already
	score uint64
}

// Limited tells whether any RRset of a contribution belongs to a pool with limits.
func Limited(c row.Contribution) bool {
	return slices.ContainsFunc(c.Standings, func(s row.Standing) bool { return s.Limited })
}

// Settle marks the members of every pool at the name. The contributions given back are sorted, with those of kept members among
// them; Present's standings are written to.
func Settle(in Input) ([]row.Contribution, []row.Pool) {
	pools := map[key][]member{}
	var keys []key
	note := func(k key) {
		if _, ok := pools[k]; !ok {
			pools[k] = nil
			keys = append(keys, k)
		}
	}
	for i, c := range in.Present {
		for j := range c.Standings {
			if !c.Standings[j].Limited {
				continue
			}
			k := key{c.Module, c.Sets[j].Type}
			note(k)
			pools[k] = append(pools[k], member{at: i, set: j, entity: c.Entity, Standing: &c.Standings[j]})
		}
	}
	left := leavers(in.Left)
	for _, l := range left {
		note(key{l.module, l.last.Set.Type})
	}
	for _, p := range in.Old {
		note(key{p.Module, p.Type})
	}
	slices.SortFunc(keys, key.compare)
	list := in.Present
	var out []row.Pool
	for _, k := range keys {
		p := row.Pool{Module: k.module, Type: k.t}
		var old row.Pool
		if i := slices.IndexFunc(in.Old, func(o row.Pool) bool { return o.Module == k.module && o.Type == k.t }); i >= 0 {
			old = in.Old[i]
		}
		members := pools[k]
		p.Chosen = choose(in.Owner, members, old.Chosen)
		p.Kept = keep(members, left, old, k, in.Keeps(k.module, k.t))
		if len(p.Chosen)+len(p.Kept) > 0 {
			out = append(out, p)
		}
	}
	for _, p := range out {
		list = insert(list, p)
	}
	return list, out
}

// choose marks the members that the pool serves, and gives those to stay with when it is sticky.
func choose(owner string, members []member, before []string) (stay []string) {
	most, sticky := 0, false
	for i, m := range members {
		m.State = row.Chosen
		sticky = sticky || m.Sticky
		if n := int(m.AtMost); n == 0 {
			most = len(members)
		} else if i == 0 || most < n {
			most = n
		}
	}
	able := 0 // members with a weight go before those without
	for _, m := range members {
		if m.Weight > 0 {
			able++
		}
	}
	if able == 0 {
		able = len(members)
	}
	most = min(most, able)
	ranked := members
	if most < len(members) {
		for i := range ranked {
			m := &ranked[i]
			m.score = score(owner, m.entity, m.Weight)
			_, m.prior = slices.BinarySearch(before, m.entity)
			m.prior = m.prior && sticky
		}
		slices.SortFunc(ranked, compare)
		for _, m := range ranked[most:] {
			m.State = row.Standby
		}
	}
	if !sticky {
		return nil
	}
	for _, m := range ranked[:most] {
		stay = append(stay, m.entity)
	}
	slices.Sort(stay)
	return stay
}

// compare puts first who is to be chosen first.
func compare(a, b member) int {
	first := func(a, b bool) int {
		switch {
		case a == b:
			return 0
		case a:
			return -1
		}
		return 1
	}
	return cmp.Or(first(a.Weight > 0, b.Weight > 0), first(a.prior, b.prior), cmp.Compare(a.Order, b.Order), strings.Compare(a.OrderBy, b.OrderBy),
		cmp.Compare(b.score, a.score), strings.Compare(a.entity, b.entity))
}

// leaver is an RRset of a pool whose entity gives it no more.
type leaver struct {
	module string
	last   row.Last
}

// leavers lists what left in the order in which it is to be kept: those that were served first.
func leavers(list []row.Contribution) (out []leaver) {
	for _, c := range list {
		for i, s := range c.Standings {
			if s.Limited && s.KeepLast > 0 {
				out = append(out, leaver{c.Module, row.Last{Entity: c.Entity, Shared: c.Shared, Set: c.Sets[i], Standing: s}})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b leaver) int {
		return cmp.Or(cmp.Compare(a.last.Standing.State, b.last.Standing.State), cmp.Compare(a.last.Standing.Order, b.last.Standing.Order),
			strings.Compare(a.last.Standing.OrderBy, b.last.Standing.OrderBy), strings.Compare(a.last.Entity, b.last.Entity))
	})
	return out
}

// keep gives those of a pool that are served though they left: the last that left, as many as are wanting.
func keep(members []member, left []leaver, old row.Pool, k key, most int) (kept []row.Last) {
	floor := 0
	there := make(map[string]bool, len(members))
	for _, m := range members {
		floor = max(floor, int(m.KeepLast))
		there[m.entity] = true
	}
	var list []row.Last
	for _, l := range left {
		if l.module == k.module && l.last.Set.Type == k.t {
			list = append(list, l.last)
		}
	}
	list = append(list, old.Kept...)
	if len(members) == 0 {
		for _, l := range list {
			floor = max(floor, int(l.Standing.KeepLast))
		}
	}
	floor = min(floor, most)
	for _, l := range list {
		if len(members)+len(kept) >= floor {
			break
		}
		if there[l.Entity] {
			continue
		}
		there[l.Entity] = true
		l.Standing.State = row.Kept
		kept = append(kept, l)
	}
	return kept
}

// insert puts what a pool keeps among the contributions.
func insert(list []row.Contribution, p row.Pool) []row.Contribution {
	if len(p.Kept) == 0 {
		return list
	}
	list = slices.Clone(list)
	for _, k := range p.Kept {
		at, found := slices.BinarySearchFunc(list, k.Entity, func(c row.Contribution, entity string) int {
			return cmp.Or(strings.Compare(c.Module, p.Module), strings.Compare(c.Entity, entity))
		})
		if !found {
			list = slices.Insert(list, at, row.Contribution{Module: p.Module, Entity: k.Entity, Shared: k.Shared,
				Sets: []zone.RRset{k.Set}, Standings: []row.Standing{k.Standing}})
			continue
		}
		c := list[at] // it gives other types at the name
		i, already := slices.BinarySearchFunc(c.Sets, k.Set.Type, func(s zone.RRset, t zone.Type) int { return int(s.Type) - int(t) })
		if already { // it gives the type outside the pool now
			continue
		}
		if c.Standings == nil {
			c.Standings = make([]row.Standing, len(c.Sets))
		}
		c.Sets, c.Standings = slices.Insert(slices.Clone(c.Sets), i, k.Set), slices.Insert(slices.Clone(c.Standings), i, k.Standing)
		list[at] = c
	}
	return list
}

// Present gives the contributions without what is only kept.
func Present(list []row.Contribution) []row.Contribution {
	kept := func(s row.Standing) bool { return s.State == row.Kept }
	if !slices.ContainsFunc(list, func(c row.Contribution) bool { return slices.ContainsFunc(c.Standings, kept) }) {
		return list
	}
	var out []row.Contribution
	for _, c := range list {
		if slices.ContainsFunc(c.Standings, kept) {
			var sets []zone.RRset
			var standings []row.Standing
			some := false
			for i, s := range c.Standings {
				if !kept(s) {
					sets, standings = append(sets, c.Sets[i]), append(standings, s)
					some = some || s != (row.Standing{})
				}
			}
			if c.Sets = sets; len(sets) == 0 {
				continue
			}
			if c.Standings = nil; some {
				c.Standings = standings
			}
		}
		out = append(out, c)
	}
	return out
}
