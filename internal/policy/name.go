package policy

import (
	"slices"

	"zonecast/internal/row"
	"zonecast/internal/zone"
)

// Cause is a claim on the RRset of one type, as far as a policy looks at it.
type Cause struct {
	Type   zone.Type
	Mask   bool // it takes away what others give
	Origin *row.Origin
}

// Name is what becomes of an owner name.
type Name struct {
	Zone, Name    zone.Name
	Before, After []zone.RRset // normalized, sorted by type
	Causes        []Cause      // of After, and masks
}

// Join makes one policy of several, for who has to obey all of them; nil where there is none.
func Join(list ...*Policy) *Policy {
	var joined *Policy
	for _, p := range list {
		if p == nil || len(p.rules) == 0 {
			continue
		}
		if joined == nil {
			joined = &Policy{}
		}
		joined.rules = append(joined.rules, p.rules...)
		joined.Entities = joined.Entities || p.Entities
	}
	return joined
}

// Causes reduces the claims on a name's RRsets to those that differ for the policy: of many members of a pool one is left, unless a rule asks
// for the entity. keep, if there is one, gives a copy of an origin that may be held on to.
func (p *Policy) Causes(claims []row.Claim, keep func(row.Origin) *row.Origin) (list []Cause) {
	if p == nil {
		return nil
	}
	for _, c := range claims {
		o := c.Origin
		if !o.Human() && !p.Entities {
			o.Entity, o.Reason = "", ""
		}
		mask := len(c.Set.Data) == 0
		if slices.ContainsFunc(list, func(had Cause) bool { return had.Type == c.Set.Type && had.Mask == mask && *had.Origin == o }) {
			continue
		}
		if keep == nil {
			list = append(list, Cause{c.Set.Type, mask, &o})
		} else {
			list = append(list, Cause{c.Set.Type, mask, keep(o)})
		}
	}
	return list
}

// JudgeName gives the findings of all RRsets of a name; those that stay as they were are only judged with kept.
// Of several causes of one RRset each is judged, and a rule finds it once.
func (j *Judge) JudgeName(n Name, kept bool) (list []Finding) {
	if j == nil {
		return nil
	}
	for i := range n.After {
		after := &n.After[i]
		c := Change{Zone: n.Zone, Name: n.Name, Type: after.Type, After: after}
		if before, was := find(n.Before, after.Type); was {
			c.Before = before
			if !kept && before.Equal(*after) {
				continue
			}
		}
		list = j.judgeCauses(list, c, n.Causes, func(cause *Cause) bool { return !cause.Mask && cause.Type == after.Type })
	}
	for i := range n.Before {
		before := &n.Before[i]
		if _, is := find(n.After, before.Type); is {
			continue
		}
		c := Change{Zone: n.Zone, Name: n.Name, Type: before.Type, Before: before}
		list = j.judgeCauses(list, c, n.Causes, func(cause *Cause) bool {
			return cause.Mask && (cause.Type == before.Type || cause.Origin.Scope == "name")
		})
	}
	return list
}

func find(sets []zone.RRset, t zone.Type) (*zone.RRset, bool) {
	for i := range sets {
		if sets[i].Type == t {
			return &sets[i], true
		}
	}
	return nil, false
}

func (j *Judge) judgeCauses(list []Finding, c Change, causes []Cause, concerns func(*Cause) bool) []Finding {
	from, some := len(list), false
	for i := range causes {
		if !concerns(&causes[i]) {
			continue
		}
		some = true
		c.Origin = *causes[i].Origin
		for _, f := range j.Judge(c) {
			if !slices.ContainsFunc(list[from:], func(had Finding) bool { return had.Rule == f.Rule }) {
				list = append(list, f)
			}
		}
	}
	if !some {
		list = append(list, j.Judge(c)...)
	}
	return list
}
