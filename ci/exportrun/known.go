package main

import (
	"slices"

	"github.com/miekg/dns"

	"zonecast/internal/zone"
)

// ofServers is NSD's and Unbound's.
var ofServers = rule{
	"addresses of the servers",
	"RFC 1034 4.3.2 step 6 allows them, no client needs them: they are added to the NS set that was asked for",
	func(p *pair) bool { return p.typ == zone.TypeNS && p.spare() },
}

var nsdRules = []rule{ofServers}

var authRules = []rule{
	{
		"an alias that leaves the zone",
		"RFC 1034 4.3.2 step 3a has a server go on in whatever zone it has; an auth-zone ends at its own edge, without SOA, and the client asks on",
		func(p *pair) bool {
			if len(p.there.answer) == 0 || len(p.there.authority)+len(p.there.additional) > 0 || p.there.rcode != dns.RcodeSuccess || !within(p.there.answer, p.here.answer) {
				return false
			}
			for _, r := range p.there.answer {
				if target, ok := zone.Target(r.typ, r.data); ok && r.typ == zone.TypeCNAME && p.apex(target) != p.apex(p.name) {
					return p.agree()
				}
			}
			return false
		},
	},
	{
		"an alias made of a DNAME",
		"RFC 6672 2.2 gives it the TTL of the DNAME and goes on from there; Unbound gives it TTL 0, as RFC 2672 did, and ends",
		func(p *pair) bool {
			last := slices.IndexFunc(p.there.answer, func(r record) bool { return r.typ == zone.TypeDNAME })
			if last < 0 || p.there.rcode != dns.RcodeSuccess || len(p.there.authority)+len(p.there.additional) > 0 {
				return false
			}
			for _, r := range p.there.answer {
				if same := slices.ContainsFunc(p.here.answer, func(h record) bool {
					return h == r || r.typ == zone.TypeCNAME && r.ttl == 0 && h.typ == r.typ && h.owner == r.owner && h.data == r.data
				}); !same {
					return false
				}
			}
			return p.agree()
		},
	},
	{
		"an alias that leads to nothing",
		"RFC 2308 2.1 has the SOA beside it; an auth-zone leaves it out, and the client asks for the last name",
		func(p *pair) bool {
			_, alias := p.first()
			was := alias && slices.Equal(p.here.answer, p.there.answer) && len(p.here.authority) == 1 && p.here.authority[0].typ == zone.TypeSOA &&
				len(p.there.authority) == 0
			if was {
				p.there.authority = p.here.authority
			}
			return was
		},
	},
	ofServers,
	dsAbove,
	{
		"an alias that leads below a delegation",
		"RFC 1034 4.3.2 step 3b: a referral goes with it. An auth-zone gives none, and takes glue for an answer",
		func(p *pair) bool {
			_, alias := p.first()
			more := slices.DeleteFunc(slices.Clone(p.there.answer), func(r record) bool { return slices.Contains(p.here.answer, r) })
			glue := !slices.ContainsFunc(more, func(r record) bool {
				_, below := p.cut(r.owner)
				return !below || !slices.Contains(p.records(r.owner, p.typ, r.owner), r)
			})
			return alias && glue && within(p.here.answer, p.there.answer) && len(p.here.authority) > 0 && p.here.authority[0].typ == zone.TypeNS &&
				len(p.there.authority)+len(p.there.additional) == 0 && p.there.rcode == dns.RcodeSuccess && p.agree()
		},
	},
	{
		"an alias that leads to no name",
		"RFC 6604 3: the code is that of the last name, NXDOMAIN; an auth-zone says NOERROR, and the client asks for the last name",
		func(p *pair) bool {
			_, alias := p.first()
			was := alias && slices.Equal(p.here.answer, p.there.answer) && p.here.rcode == dns.RcodeNameError && p.there.rcode == dns.RcodeSuccess
			if was {
				p.there.rcode = p.here.rcode
			}
			return was
		},
	},
	{
		"a wildcard beyond an empty non-terminal",
		"RFC 4592 2.2.2: the empty name exists and stops it. An auth-zone (1.17) goes on up to the wildcard",
		func(p *pair) bool {
			wild, ok := p.wildcard(p.name)
			encloser := p.encloser(p.name)
			if _, empty := p.exists(encloser); !ok || !empty || !encloser.Under(wild.Parent()) || encloser == wild.Parent() {
				return false
			}
			want := p.records(wild, p.typ, p.name)
			if len(want) == 0 {
				want = p.records(wild, zone.TypeCNAME, p.name)
			}
			return p.there.rcode == dns.RcodeSuccess && within(want, p.there.answer) && len(p.here.answer) == 0 && p.agree()
		},
	},
}

var localRules = []rule{
	{
		"recursion available",
		"Unbound is a resolver and says so in every answer",
		func(p *pair) bool {
			was := p.there.ra
			p.there.ra = false
			return was
		},
	},
	{
		"what is delegated",
		"the zone is transparent there: a resolver would ask, and may not here, so it refuses",
		func(p *pair) bool {
			if _, ok := p.cut(p.name); !ok || p.there.aa || !p.there.negative() || len(p.there.authority) > 0 || p.there.rcode == dns.RcodeNameError {
				return false
			}
			return p.agree()
		},
	},
	{
		"no DS of what is delegated",
		"the name is in the zone above for its NS set alone, which is left to recursion: NXDOMAIN, not NODATA",
		func(p *pair) bool {
			cut, ok := p.cut(p.name)
			return ok && cut == p.name && p.typ == zone.TypeDS && len(p.here.answer) == 0 && p.there.rcode == dns.RcodeNameError && p.there.negative() && p.agree()
		},
	},
	{
		"below a DNAME",
		"local data makes no alias of it: the name does not exist",
		func(p *pair) bool {
			return p.rewritten(p.name) && p.there.negative() && p.there.rcode == dns.RcodeNameError && p.agree()
		},
	},
	{
		"an alias is given alone",
		"local data follows no CNAME",
		func(p *pair) bool {
			alias, ok := p.first()
			return ok && slices.Equal(p.there.answer, alias) && len(p.there.authority)+len(p.there.additional) == 0 && p.there.rcode == dns.RcodeSuccess && p.agree()
		},
	},
	{
		"a name from a wildcard",
		"local data has no wildcards: the name does not exist",
		func(p *pair) bool {
			if there, _ := p.exists(p.name); there || !p.there.negative() || p.there.rcode != dns.RcodeNameError {
				return false
			}
			_, wild := p.wildcard(p.name)
			return wild && p.agree()
		},
	},
	{
		"an empty name above a delegation",
		"RFC 4592 2.2.2: it exists. Local data does not know what is delegated below it",
		func(p *pair) bool {
			_, empty := p.exists(p.name)
			was := empty && p.here.rcode == dns.RcodeSuccess && p.there.rcode == dns.RcodeNameError && p.onlyCutsBelow()
			if was {
				p.there.rcode = p.here.rcode
			}
			return was
		},
	},
	{
		"no authority in negative answers",
		"local data clears AA where a name or type is not there",
		func(p *pair) bool {
			was := p.here.aa && !p.there.aa && len(p.here.answer) == 0 && p.there.negative()
			if was {
				p.there.aa = true
			}
			return was
		},
	},
	dsAbove,
}

// dsAbove is Unbound's, with auth-zones and local data alike.
var dsAbove = rule{
	"the DS of an apex",
	"RFC 4035 3.1.4.1: the zone above answers for it. Unbound asks there, or finds the name in no zone above, and may not ask here; the local proxy has nobody above",
	func(p *pair) bool {
		return p.typ == zone.TypeDS && p.apex(p.name) == p.name && len(p.here.answer) == 0 && p.there.negative() &&
			(p.there.rcode == dns.RcodeRefused || p.there.rcode == dns.RcodeNameError) && p.agree()
	},
}

// spare takes addresses out of their additional section that the zones have and that were not needed.
func (p *pair) spare() (found bool) {
	p.there.additional = slices.DeleteFunc(slices.Clone(p.there.additional), func(r record) bool {
		extra := !slices.Contains(p.here.additional, r) && (r.typ == zone.TypeA || r.typ == zone.TypeAAAA) && slices.Contains(p.records(r.owner, r.typ, r.owner), r)
		found = found || extra
		return extra
	})
	return found
}

// within tells whether all of a is in b.
func within(a, b []record) bool {
	return !slices.ContainsFunc(a, func(r record) bool { return !slices.Contains(b, r) })
}

// dsOfApex takes the lower zone's word on the DS of its apex for the upper one's.
func dsOfApex(p *pair) bool {
	return p.typ == zone.TypeDS && p.apex(p.name) == p.name && p.there.negative() && p.there.rcode == dns.RcodeSuccess && p.agree()
}
