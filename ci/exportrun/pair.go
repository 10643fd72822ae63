package main

import (
	"slices"

	"zonecast/internal/snapshot"
	"zonecast/internal/zone"
)

// pair is one question with our answer and the other server's.
type pair struct {
	name        zone.Name
	typ         zone.Type
	here, there reply
	view        *snapshot.View // what was exported
}

// rule is a known difference: why it is there and who says so. apply takes it out of the pair, and nothing else, and
// tells whether it was there. They are tried in order.
type rule struct {
	name, why string
	apply     func(p *pair) bool
}

// agree ends the comparison: there answered as the rule expects, which is not as here.
func (p *pair) agree() bool {
	p.there = p.here
	return true
}

// apex of the zone that answers for a name.
func (p *pair) apex(n zone.Name) zone.Name {
	z, _ := p.view.FindZone(n)
	return z.Apex
}

// records gives a set as records of an answer for some name.
func (p *pair) records(at zone.Name, t zone.Type, owner zone.Name) (list []record) {
	node, _ := p.view.Lookup(at)
	set, _ := zone.FindSet(node.Sets, t)
	for _, d := range set.Data {
		list = append(list, record{owner, t, set.TTL, d})
	}
	slices.SortFunc(list, record.compare)
	return list
}

// cut gives the delegation at or above a name, below its zone's apex.
func (p *pair) cut(n zone.Name) (zone.Name, bool) {
	apex := p.apex(n)
	found, ok := zone.Name(""), false
	for ; n != apex && n != ""; n = n.Parent() {
		if len(p.records(n, zone.TypeNS, n)) > 0 {
			found, ok = n, true
		}
	}
	return found, ok
}

// rewritten tells whether a DNAME stands above a name.
func (p *pair) rewritten(n zone.Name) bool {
	apex := p.apex(n)
	for n != apex && n != "" {
		n = n.Parent()
		if len(p.records(n, zone.TypeDNAME, n)) > 0 {
			return true
		}
	}
	return false
}

// wildcard gives the nearest one above a name, in its zone, whatever stands between: tinydns looks no further, and does
// not ask what is between.
func (p *pair) wildcard(n zone.Name) (zone.Name, bool) {
	for apex := p.apex(n); n != apex && n != ""; {
		n = n.Parent()
		if w, err := n.Child("*"); err == nil {
			if node, ok := p.view.Lookup(w); ok && len(node.Sets) > 0 {
				return w, true
			}
		}
	}
	return "", false
}

// encloser gives the closest name above that exists (RFC 4592 3.3.1).
func (p *pair) encloser(n zone.Name) zone.Name {
	for n = n.Parent(); n != ""; n = n.Parent() {
		if there, _ := p.exists(n); there {
			break
		}
	}
	return n
}

// exists tells whether the zones have a name; empty: without records.
func (p *pair) exists(n zone.Name) (there, empty bool) {
	node, ok := p.view.Lookup(n)
	return ok, ok && len(node.Sets) == 0
}

// onlyCutsBelow tells whether all records below a name are delegations, or below them.
func (p *pair) onlyCutsBelow() bool {
	for n, err := range p.view.Walk(p.apex(p.name)) {
		if err != nil {
			return false
		}
		if _, cut := p.cut(n.Name); n.Name.Under(p.name) && len(n.Sets) > 0 && !cut {
			return false
		}
	}
	return true
}

// negative tells whether a reply has nothing to say but the SOA.
func (r *reply) negative() bool { return len(r.answer) == 0 && len(r.additional) == 0 }

// first gives the alias that an answer begins with.
func (p *pair) first() ([]record, bool) {
	at := slices.IndexFunc(p.here.answer, func(r record) bool { return r.owner == p.name && r.typ == zone.TypeCNAME })
	if at < 0 || p.typ == zone.TypeCNAME {
		return nil, false
	}
	return p.here.answer[at : at+1], true
}
