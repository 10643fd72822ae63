package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"zonecast/internal/zone"
)

// family is a zone and those below it, all served together.
type family struct {
	r       *rand.Rand
	zones   []*genZone
	outside []zone.Name // names of other families
	targets []zone.Name // all that was pointed to
}

// genZone is one zone of a family under construction. What an owner is decides what else may stand there and below.
type genZone struct {
	apex  zone.Name
	nodes map[zone.Name]kind
	lives map[setKey][]uint32 // the TTLs written
	above []*genZone          // the other zones of the family that it is below
}

type setKey struct {
	owner zone.Name
	typ   zone.Type
}

type kind int

const (
	data kind = iota
	alias
	rewrite
	cut
	glue // addresses at or below a cut
)

// newFamily plans a family; number makes its apex unique.
func newFamily(r *rand.Rand, number int, outside []zone.Name) *family {
	apex := child(fmt.Sprintf("f%d", number), child("example", zone.Root))
	f := &family{r: r, outside: outside, zones: []*genZone{{apex: apex, nodes: map[zone.Name]kind{apex: data}, lives: map[setKey][]uint32{}}}}
	if r.IntN(25) == 0 {
		f.zones[0].nodes[apex] = rewrite // a DNAME at the apex: nothing stands below it
		return f
	}
	for len(f.zones) < 4 && r.IntN(2) == 0 {
		at := f.zones[r.IntN(len(f.zones))].apex
		for depth := 1 + r.IntN(2); depth > 0; depth-- {
			at = child(plain[r.IntN(len(plain))], at)
		}
		f.delegate(at)
	}
	for _, z := range f.zones {
		for n := 3 + r.IntN(18); n > 0; n-- {
			f.grow(z)
		}
	}
	if r.IntN(8) == 0 {
		f.chain(f.zones[0])
	}
	return f
}

// zoneOf gives the family's zone that a name belongs to.
func (f *family) zoneOf(n zone.Name) *genZone {
	var best *genZone
	for _, z := range f.zones {
		if n.Under(z.apex) && (best == nil || len(z.apex) > len(best.apex)) {
			best = z
		}
	}
	return best
}

// delegate begins a zone below the others, and the cut that leads to it.
func (f *family) delegate(apex zone.Name) {
	parent := f.zoneOf(apex)
	if parent == nil || parent.apex == apex {
		return
	}
	for n := range parent.nodes { // cuts only: the children before
		if n != parent.apex && (n.Under(apex) || apex.Under(n)) {
			return
		}
	}
	parent.nodes[apex] = cut
	f.zones = append(f.zones, &genZone{apex: apex, nodes: map[zone.Name]kind{apex: data}, lives: map[setKey][]uint32{},
		above: append(slices.Clone(parent.above), parent)})
}

// grow adds an owner somewhere at or below what stands there already.
func (f *family) grow(z *genZone) {
	names := sorted(z.nodes)
	owner := below(f.r, names[f.r.IntN(len(names))])
	if f.r.IntN(30) == 0 {
		owner = longest(f.r, owner)
	}
	what := data
	switch n := f.r.IntN(100); {
	case n < 14:
		what = alias
	case n < 20:
		what = rewrite
	case n < 32:
		what = cut
	}
	if f.zoneOf(owner) == z || f.r.IntN(5) == 0 { // some of what another zone hides
		f.put(z, owner, what)
	}
}

// put takes an owner in, unless the servers would refuse the zone: a name below a DNAME (RFC 6672 2.4).
func (f *family) put(z *genZone, owner zone.Name, what kind) bool {
	if _, taken := z.nodes[owner]; taken {
		return false
	}
	for _, other := range f.zones {
		for n, k := range other.nodes {
			if k == rewrite && owner.Under(n) || what == rewrite && n.Under(owner) {
				return false
			}
		}
	}
	z.nodes[owner] = what
	return true
}

// chain adds CNAMEs that lead on to each other, some longer than servers follow, some in a ring.
func (f *family) chain(z *genZone) {
	n := 2 + f.r.IntN(24)
	link := func(i int) zone.Name { return child(fmt.Sprintf("link%d", i), z.apex) }
	for i := range n {
		f.put(z, link(i), alias)
		f.targets = append(f.targets, link(i))
	}
	if f.r.IntN(3) > 0 {
		f.put(z, link(n), data)
	}
}

// sorted gives a map's keys in canonical order: runs repeat.
func sorted[V any](m map[zone.Name]V) []zone.Name {
	return slices.SortedFunc(maps.Keys(m), zone.Name.Compare)
}

// target picks a name for data to point to.
func (f *family) target(from zone.Name) zone.Name {
	var n zone.Name
	switch k := f.r.IntN(100); {
	case k < 55:
		z := f.zones[f.r.IntN(len(f.zones))]
		names := sorted(z.nodes)
		n = names[f.r.IntN(len(names))]
		if f.r.IntN(4) == 0 {
			n = below(f.r, n)
		}
	case k < 65 && len(f.outside) > 0:
		n = f.outside[f.r.IntN(len(f.outside))]
	case k < 75:
		n = below(f.r, child("net", child("example", zone.Root))) // nobody here serves it
	case k < 78:
		n = longest(f.r, f.zones[0].apex)
	case k < 79:
		n = zone.Root
	default:
		n = below(f.r, f.zoneOf(from).apex)
	}
	f.targets = append(f.targets, n)
	return n
}
