package main

import (
	"slices"

	"zonecast/internal/zone"
)

// wildcardCut drops what both say, if our referral is from a name that only a wildcard with NS covers.
func wildcardCut(p *pair) bool {
	at := slices.IndexFunc(p.ours.authority, func(r record) bool { return r.typ == zone.TypeNS })
	if at < 0 || p.theirs.rcode != p.ours.rcode {
		return false
	}
	owner := p.ours.authority[at].owner
	z := p.zoneOf(owner)
	if z == nil || z.exists(owner) {
		return false
	}
	encloser := owner.Parent()
	for !z.exists(encloser) {
		encloser = encloser.Parent()
	}
	if what, ok := z.nodes[child("*", encloser)]; !ok || what != cut {
		return false
	}
	*p.ours = *p.theirs
	return true
}

// exists tells whether a name is an owner or an empty non-terminal of the zone.
func (z *genZone) exists(n zone.Name) bool {
	for owner := range z.nodes {
		if owner.Under(n) {
			return true
		}
	}
	return false
}

func dsInReferral(p *pair) (found bool) {
	if !p.q.do || p.theirs.aa && len(p.theirs.answer) == 0 {
		return false
	}
	p.ours.authority = slices.DeleteFunc(slices.Clone(p.ours.authority), func(r record) bool {
		extra := r.typ == zone.TypeDS && !slices.Contains(p.theirs.authority, r) &&
			slices.ContainsFunc(p.theirs.authority, func(n record) bool { return n.typ == zone.TypeNS && n.owner == r.owner })
		found = found || extra
		return extra
	})
	return found
}

// onlyAbove takes NSD's negative answer for ours if a name on the way stands, or has its encloser, in the file above alone.
func onlyAbove(p *pair) bool {
	n := len(p.theirs.chain)
	if p.peer != "NSD" || n > len(p.ours.chain) || !slices.Equal(p.ours.chain[:n], p.theirs.chain) || !p.theirs.negative() {
		return false
	}
	names := []zone.Name{p.q.name}
	for _, r := range p.ours.answer {
		if target, ok := zone.Target(r.typ, r.data); ok && r.typ == zone.TypeCNAME {
			names = append(names, target)
		}
	}
	if !slices.ContainsFunc(names, p.misled) {
		return false
	}
	*p.ours = *p.theirs
	return true
}

// negative tells whether an answer ends with a SOA.
func (r *response) negative() bool {
	return len(r.authority) == 1 && r.authority[0].typ == zone.TypeSOA
}

// misled tells whether the file above has the name, or one between it and the apex, that the zone itself has not.
func (p *pair) misled(n zone.Name) bool {
	z := p.zoneOf(n)
	if z == nil {
		return false
	}
	for ; n != z.apex; n = n.Parent() {
		if star := child("*", n.Parent()); !z.exists(n) && z.hides(n) || !z.exists(star) && z.hides(star) {
			return true
		}
	}
	return false
}

// hides tells whether the file of a zone above has the name, or one below it.
func (z *genZone) hides(n zone.Name) bool {
	return slices.ContainsFunc(z.above, func(a *genZone) bool { return a.exists(n) })
}

// otherGlue takes the addresses out of our referral that belong to a name in another zone.
func otherGlue(p *pair) (found bool) {
	at := slices.IndexFunc(p.ours.authority, func(r record) bool { return r.typ == zone.TypeNS })
	if at < 0 {
		return false
	}
	cut := p.ours.authority[at].owner
	p.ours.additional = slices.DeleteFunc(slices.Clone(p.ours.additional), func(r record) bool {
		extra := !slices.Contains(p.theirs.additional, r) && p.zoneOf(r.owner) != p.zoneOf(cut) && !r.owner.Under(cut)
		found = found || extra
		return extra
	})
	return found
}

// missing takes those addresses out of their referral that we have not and that a test holds for.
func (p *pair) missing(test func(r record, within bool) bool) (found bool) {
	at := slices.IndexFunc(p.theirs.authority, func(r record) bool { return r.typ == zone.TypeNS })
	if at < 0 {
		return false
	}
	cut := p.theirs.authority[at].owner
	p.theirs.additional = slices.DeleteFunc(slices.Clone(p.theirs.additional), func(r record) bool {
		extra := (r.typ == zone.TypeA || r.typ == zone.TypeAAAA) && !slices.Contains(p.ours.additional, r) && test(r, r.owner.Under(cut))
		found = found || extra
		return extra
	})
	return found
}

func besideCut(p *pair) bool {
	size := p.ours.octets + 6
	for _, r := range p.theirs.additional {
		if !slices.Contains(p.ours.additional, r) {
			size += len(r.owner) + 10 + len(r.data)
		}
	}
	return !p.q.tcp && size > p.q.limit() && p.missing(func(_ record, within bool) bool { return !within })
}

func wildcardServer(p *pair) bool {
	return p.missing(func(r record, _ bool) bool {
		z := p.zoneOf(r.owner)
		return z != nil && !z.exists(r.owner) && p.lives(r.owner, r.typ) != nil
	})
}

func givenWay(p *pair) bool {
	at := slices.IndexFunc(p.theirs.authority, func(r record) bool { return r.typ == zone.TypeNS })
	return at >= 0 && p.missing(func(r record, _ bool) bool {
		z := p.zoneOf(r.owner)
		return z != nil && z != p.zoneOf(p.theirs.authority[at].owner) &&
			slices.ContainsFunc(z.above, func(a *genZone) bool { return a.livesOf(r.owner, r.typ) != nil })
	})
}

func leftOut(p *pair) (found bool) {
	p.ours.additional = slices.DeleteFunc(slices.Clone(p.ours.additional), func(r record) bool {
		extra := p.lives(r.owner, r.typ) != nil && !slices.Contains(p.theirs.additional, r) &&
			slices.ContainsFunc(p.theirs.authority, func(n record) bool {
				host, _ := zone.Target(n.typ, n.data)
				return n.typ == zone.TypeNS && host == r.owner
			})
		found = found || extra
		return extra
	})
	return found
}
