package main

import (
	"slices"

	"github.com/miekg/dns"

	"zonecast/internal/zone"
)

// severalTTLs gives their records our TTL where the zone file has both and ours is the smallest.
func severalTTLs(p *pair) (found bool) {
	mend := func(ours, theirs []record) []record {
		theirs = slices.Clone(theirs)
		for i := range theirs {
			at := slices.IndexFunc(ours, func(o record) bool {
				return o.owner == theirs[i].owner && o.typ == theirs[i].typ && o.data == theirs[i].data
			})
			if at < 0 || ours[at].ttl == theirs[i].ttl {
				continue
			}
			lives := p.lives(theirs[i].owner, theirs[i].typ)
			if slices.Contains(lives, theirs[i].ttl) && slices.Min(lives) == ours[at].ttl {
				theirs[i].ttl, found = ours[at].ttl, true
			}
		}
		slices.SortFunc(theirs, record.compare)
		return theirs
	}
	p.theirs.answer = mend(p.ours.answer, p.theirs.answer)
	p.theirs.authority = mend(p.ours.authority, p.theirs.authority)
	p.theirs.additional = mend(p.ours.additional, p.theirs.additional)
	return found
}

// lives gives the TTLs that the file has for a set, or for that of the wildcard it comes from.
func (p *pair) lives(owner zone.Name, t zone.Type) []uint32 {
	z := p.zoneOf(owner)
	if z == nil {
		return nil
	}
	return z.livesOf(owner, t)
}

func (z *genZone) livesOf(owner zone.Name, t zone.Type) []uint32 {
	if l := z.lives[setKey{owner, t}]; l != nil {
		return l
	}
	for n := owner.Parent(); n != "" && n.Under(z.apex); n = n.Parent() {
		if l := z.lives[setKey{child("*", n), t}]; l != nil {
			return l
		}
	}
	return nil
}

// addresses takes addresses and SVCB records out of their additional section that belong to a name in the answer's data.
func addresses(p *pair) (found bool) {
	if p.peer != "Knot" && p.q.typ != zone.TypeNS {
		return false
	}
	p.theirs.additional = slices.DeleteFunc(slices.Clone(p.theirs.additional), func(r record) bool {
		extra := (r.typ == zone.TypeA || r.typ == zone.TypeAAAA || uint16(r.typ) == dns.TypeSVCB || uint16(r.typ) == dns.TypeHTTPS) && !slices.Contains(p.ours.additional, r) &&
			slices.ContainsFunc(p.theirs.answer, func(a record) bool {
				target, ok := zone.Target(a.typ, a.data)
				// RFC 9460 2.5: the root stands for the owner. Knot leaves a wildcard's asterisk in.
				return ok && (target == r.owner || target == zone.Root && a.owner == r.owner || r.owner.IsWildcard() && target.Under(r.owner.Parent()))
			})
		found = found || extra
		return extra
	})
	return found
}

// oneForANY takes one answer for the other where both hold sets of the zone file, ours a single one after any aliases.
func oneForANY(p *pair) bool {
	if uint16(p.q.typ) != dns.TypeANY || len(p.theirs.answer) == 0 || p.ours.rcode != p.theirs.rcode || p.ours.aa != p.theirs.aa {
		return false
	}
	last := map[zone.Name]zone.Type{}
	for _, r := range p.ours.answer {
		if t, ok := last[r.owner]; ok && t != r.typ {
			return false
		}
		last[r.owner] = r.typ
	}
	if len(last) == 0 && !p.ours.tc || len(p.ours.authority)+len(p.theirs.authority) > 0 {
		return false
	}
	for _, r := range p.theirs.answer {
		if r.owner != p.q.name || p.lives(r.owner, r.typ) == nil {
			return false
		}
	}
	*p.ours = *p.theirs
	return true
}
