package main

import (
	"slices"

	"github.com/miekg/dns"

	"zonecast/internal/zone"
)

// chainLeaves cuts our answer where theirs ends: at an alias whose target is in another zone that we serve.
func chainLeaves(p *pair) bool {
	n := len(p.theirs.chain)
	if p.peer != "Knot" || n == 0 || n > len(p.ours.chain) || p.theirs.rcode != dns.RcodeSuccess || !slices.Equal(p.ours.chain[:n], p.theirs.chain) ||
		slices.ContainsFunc(p.theirs.authority, func(r record) bool { return r.typ != zone.TypeNS }) {
		return false
	}
	for _, r := range p.theirs.answer {
		if r.typ != zone.TypeCNAME || !slices.Contains(p.ours.answer, r) {
			continue
		}
		target, _ := zone.Target(r.typ, r.data)
		from, to := p.zoneOf(r.owner), p.zoneOf(target)
		refers := func(r record) bool { return to != nil && to.apex.Under(r.owner) }
		if to != nil && from != to && (len(p.theirs.authority) == 0 || refers(p.theirs.authority[0])) && !slices.ContainsFunc(p.theirs.answer, func(a record) bool { return a.owner == target }) {
			*p.ours = *p.theirs
			return true
		}
	}
	return false
}

// maxChain is where we end a chain.
const maxChain = 16

// endless takes one answer for the other where one is the beginning of the other, and ours ends at the limit or in a loop.
func endless(p *pair) bool {
	n := min(len(p.ours.chain), len(p.theirs.chain))
	if n == 0 || !slices.Equal(p.ours.chain[:n], p.theirs.chain[:n]) || len(p.ours.authority) > 0 {
		return false
	}
	links, loop := 0, false
	for _, r := range p.ours.answer {
		target, _ := zone.Target(r.typ, r.data)
		switch {
		case r.typ == zone.TypeDNAME && target.Under(r.owner):
			loop = true
		case r.typ == zone.TypeCNAME:
			links++
			loop = loop || slices.ContainsFunc(p.ours.answer, func(o record) bool { return o.typ == zone.TypeCNAME && o.owner == target })
		}
	}
	if links < maxChain && (!loop || len(p.theirs.authority) > 0) {
		return false
	}
	*p.ours = *p.theirs
	return true
}

func anyBelowDNAME(p *pair) bool {
	n := len(p.ours.chain)
	if uint16(p.q.typ) != dns.TypeANY || n < 2 || len(p.theirs.chain) < n || !slices.Equal(p.ours.chain, p.theirs.chain[:n]) ||
		!slices.ContainsFunc(p.ours.answer, func(r record) bool { return r.typ == zone.TypeDNAME }) {
		return false
	}
	*p.ours = *p.theirs
	return true
}

// longChain cuts our answer where Knot ends its: after five aliases and their beginning.
func longChain(p *pair) bool {
	n := len(p.theirs.chain)
	links := 0
	for _, r := range p.theirs.answer {
		if r.typ == zone.TypeCNAME {
			links++
		}
	}
	if p.peer != "Knot" || links < 5 || n >= len(p.ours.chain)+1 || !slices.Equal(p.ours.chain[:n], p.theirs.chain) || len(p.theirs.authority) > 0 {
		return false
	}
	*p.ours = *p.theirs
	return true
}

func besideAlias(p *pair) bool {
	if uint16(p.q.typ) != dns.TypeRRSIG && uint16(p.q.typ) != dns.TypeNSEC || p.peer != "Knot" || p.theirs.rcode != dns.RcodeSuccess ||
		!slices.ContainsFunc(p.ours.answer, func(r record) bool { return r.typ == zone.TypeCNAME }) ||
		slices.ContainsFunc(p.theirs.authority, func(r record) bool { return r.typ != zone.TypeSOA }) {
		return false
	}
	*p.ours = *p.theirs
	return true
}

func wildcardDNAME(p *pair) bool {
	if p.peer != "Knot" || !slices.ContainsFunc(p.ours.answer, func(r record) bool { return r.typ == zone.TypeDNAME && r.owner.IsWildcard() }) {
		return false
	}
	*p.ours = *p.theirs
	return true
}

func tooLong(p *pair) bool {
	if p.peer != "Knot" || p.ours.rcode != dns.RcodeYXDomain || !slices.Equal(p.ours.chain, p.theirs.chain) ||
		p.theirs.rcode != dns.RcodeYXDomain && p.theirs.rcode != dns.RcodeNameError {
		return false
	}
	p.theirs.rcode, p.theirs.authority, p.theirs.additional = p.ours.rcode, p.ours.authority, p.ours.additional
	return true
}

// dsBehindAlias takes Knot's SOA of the zone whose apex an alias leads to for that of the zone above.
func dsBehindAlias(p *pair) bool {
	if p.peer != "Knot" || p.q.typ != zone.TypeDS || !p.ours.negative() || !p.theirs.negative() || !slices.Equal(p.ours.chain, p.theirs.chain) {
		return false
	}
	apex := p.theirs.authority[0].owner
	if !apex.Under(p.ours.authority[0].owner) || !slices.ContainsFunc(p.ours.answer, func(r record) bool {
		target, _ := zone.Target(r.typ, r.data)
		return r.typ == zone.TypeCNAME && target == apex
	}) {
		return false
	}
	p.theirs.authority = p.ours.authority
	return true
}
