package main

import (
	"slices"

	"github.com/miekg/dns"

	"zonecast/internal/zone"
)

// tinydnsRules say what djbdns 1.05 does otherwise (tdlookup.c).
var tinydnsRules = []rule{
	{
		"an answer past 512 octets",
		"no EDNS and no TCP in tinydns: it sets TC, and axfrdns answers over TCP",
		func(p *pair) bool {
			theirs := p.here.answer
			if wild, ok := p.wildcard(p.name); ok && len(theirs) == 0 { // as below
				theirs = p.records(wild, p.typ, p.name)
			}
			size := 12 + len(p.name) + 4
			for _, r := range theirs {
				size += 12 + len(r.data)
			}
			return p.there.tc && size > 512 && p.agree()
		},
	},
	{
		"servers and addresses that nobody asked for",
		"RFC 1034 4.3.2 allows them: the zone's NS set beside every answer, and A records of servers and mail hosts",
		func(p *pair) bool {
			found := p.spare()
			if apex := p.apex(p.name); p.there.aa && len(p.there.answer) > 0 && len(p.there.authority) > 0 &&
				slices.Equal(p.there.authority, p.records(apex, zone.TypeNS, apex)) {
				p.there.authority, found = nil, true
			}
			return found
		},
	},
	{
		"what is below a wildcard's neighbours",
		"RFC 4592 3.3.1: existing names stop a wildcard. There the nearest wildcard above answers, whatever stands between",
		beyondWildcard,
	},
	{
		"an alias is given alone",
		"it follows no CNAME; the client asks on",
		func(p *pair) bool {
			alias, ok := p.first()
			return ok && slices.Equal(p.there.answer, alias) && len(p.there.authority)+len(p.there.additional) == 0 && p.there.rcode == dns.RcodeSuccess && p.agree()
		},
	},
	{
		"the DS of what is delegated",
		"RFC 4035 3.1.4.1: the zone above answers. It gives a referral",
		func(p *pair) bool {
			cut, ok := p.cut(p.name)
			return ok && p.typ == zone.TypeDS && cut == p.name && !p.there.aa && len(p.there.answer) == 0 &&
				slices.Equal(p.there.authority, p.records(cut, zone.TypeNS, cut)) && p.agree()
		},
	},
	{
		"the DS of a zone beside",
		"RFC 4035 3.1.4.1: the zone above answers for it. tinydns knows of no two sides of a cut",
		dsOfApex,
	},
	{
		"more than eight addresses",
		"it gives eight of them, drawn at random",
		func(p *pair) bool {
			return p.typ == zone.TypeA && len(p.here.answer) > 8 && len(p.there.answer) == 8 && within(p.there.answer, p.here.answer) &&
				len(p.there.authority)+len(p.there.additional) == 0 && p.agree()
		},
	},
	{
		"IPv6 glue",
		"it adds A records alone",
		func(p *pair) bool {
			four := slices.DeleteFunc(slices.Clone(p.here.additional), func(r record) bool { return r.typ == zone.TypeAAAA })
			was := len(p.here.answer) == 0 && !p.here.aa && len(four) < len(p.here.additional) && slices.Equal(four, p.there.additional)
			if was {
				p.there.additional = p.here.additional
			}
			return was
		},
	},
	{
		"below a DNAME",
		"it makes no alias of it: the name does not exist",
		func(p *pair) bool {
			return p.rewritten(p.name) && p.there.negative() && p.there.rcode == dns.RcodeNameError && p.agree()
		},
	},
	{
		"an empty non-terminal",
		"RFC 8020 and 4592 2.2.2: it exists. There it is NXDOMAIN",
		func(p *pair) bool {
			_, empty := p.exists(p.name)
			was := empty && p.here.rcode == dns.RcodeSuccess && p.there.rcode == dns.RcodeNameError
			if was {
				p.there.rcode = p.here.rcode
			}
			return was
		},
	},
	{
		"the TTL of negative answers",
		"RFC 2308 3: the smaller of the SOA's TTL and MINIMUM. It gives the SOA's, and resolvers take the smaller",
		func(p *pair) bool {
			apex := p.apex(p.name)
			was := len(p.here.authority) == 1 && p.here.authority[0].typ == zone.TypeSOA && p.here.authority[0].owner == apex &&
				slices.Equal(p.there.authority, p.records(apex, zone.TypeSOA, apex))
			if was {
				p.there.authority = p.here.authority
			}
			return was
		},
	},
}

// beyondWildcard takes an answer from a wildcard that should not have reached so far.
func beyondWildcard(p *pair) bool {
	wild, ok := p.wildcard(p.name)
	there, empty := p.exists(p.name)
	if !ok || there && !empty {
		return false
	}
	if p.encloser(p.name) == wild.Parent() && !empty { // as it should be
		return false
	}
	want := p.records(wild, p.typ, p.name)
	if len(want) == 0 {
		want = p.records(wild, zone.TypeCNAME, p.name)
	}
	some := p.typ == zone.TypeA && len(want) > 8 && len(p.there.answer) == 8 && within(p.there.answer, want)
	return p.there.rcode == dns.RcodeSuccess && (some || slices.Equal(p.there.answer, want)) && p.agree()
}
