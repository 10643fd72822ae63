package main

import (
	"slices"

	"github.com/miekg/dns"

	"zonecast/internal/zone"
)

// pair is one question with our answer and a peer's.
type pair struct {
	q            *query
	peer         string
	ours, theirs *response
	whole        *response // our answer over TCP, if one of the servers truncated
	theirWhole   *response
	zoneOf       zoneFinder
}

// rule is a known difference: why it is there and who says so. apply takes it out of the pair, and nothing else, and tells
// whether it was there. They are tried in order.
type rule struct {
	name  string
	why   string
	apply func(p *pair) bool
}

var known = []rule{
	{
		"room in a datagram",
		"RFC 1035 4.1.4 permits compression of names in data and asks nobody for it. We copy data as it is, so that a few answers just do not fit that fit with compression; over TCP all are the same",
		room,
	},
	{
		"what a truncated answer holds",
		"RFC 2181 9: the client ignores it and asks over TCP, where both are the same",
		bothTruncated,
	},
	{
		"a negative answer whose SOA does not fit",
		"RFC 2308 3: the SOA belongs to it, so it is truncated and comes whole over TCP. Knot leaves the SOA out and TC clear",
		noRoomForSOA,
	},
	{
		"glue that does not fit",
		"RFC 9471 3.1: all glue at or below the cut, or TC. NSD and Knot send what fits, and no TC",
		noRoomForGlue,
	},
	{
		"several TTLs in one set",
		"RFC 2181 5.2: an error that a server resolves as it likes. We serve the smallest; NSD the first it reads, Knot and BIND the last",
		severalTTLs,
	},
	{
		"what is at the names in an answer",
		"RFC 1034 4.3.2 step 6 and RFC 9460 4.1 allow it, no client needs it. Knot adds addresses for NS, MX, SRV and the like, and SVCB, NSD for NS; we keep answers minimal",
		addresses,
	},
	{
		"one RRset for ANY",
		"RFC 8482 4.1: any one of the sets is an answer. We give the first by type, NSD and Knot give all",
		oneForANY,
	},
	{
		"addresses of servers beside the cut",
		"RFC 9471 3.2: they are sent if there is room. We have less, for want of compression in data",
		besideCut,
	},
	{
		"addresses of servers from a wildcard",
		"RFC 9471 3.2: what is not at or below the cut need not be sent; we look for the names themselves only",
		wildcardServer,
	},
	{
		"addresses of servers in another zone of ours",
		"RFC 1034 4.3.2 step 3b: whatever addresses are available go with a referral, glue only if authoritative ones are not. NSD and Knot look into the zone that refers and no further",
		otherGlue,
	},
	{
		"a chain that leaves the zone",
		"RFC 1034 4.3.2 step 3a: a CNAME is followed from the start, in whatever zone this server has. Knot ends its answer at the zone's edge, or with a referral to the zone below that it serves itself, and the client asks again",
		chainLeaves,
	},
	{
		"delegation at a wildcard",
		"RFC 4592 4.2 leaves it undefined, BIND refuses such zones. We refer under the name asked for; NSD takes the set for data, Knot leaves the asterisk as the owner",
		wildcardCut,
	},
	{
		"a chain of more than five links",
		"RFC 1034 5.2.2: the client goes on where an answer ends. Knot follows five links, we 16",
		longChain,
	},
	{
		"RRSIG of an alias",
		"RFC 1034 4.3.2 step 3a follows an alias for every type but CNAME, RFC 4035 2.5 puts RRSIGs beside one. BIND and Knot look for those beside it, NSD and we follow",
		besideAlias,
	},
	{
		"DNAME at a wildcard",
		"RFC 6672 3.3: such a DNAME is discouraged and undefined but for names that match it literally. We and NSD rewrite names below the asterisk itself, Knot takes them for names that do not exist",
		wildcardDNAME,
	},
	{
		"a DNAME that makes too long a name",
		"RFC 6672 3.2 step 3C: YXDOMAIN. Knot says NXDOMAIN where nothing else stands at the name, BIND and NSD are with us",
		tooLong,
	},
	{
		"names that only the file of the zone above has",
		"RFC 1034 4.2.1: what stands there is glue, not data of the zone below. NSD keeps one tree for all zones and takes glue's names for existing, with NODATA for NXDOMAIN",
		onlyAbove,
	},
	{
		"a chain without an end",
		"RFC 1034 5.2.2 leaves loops to the client, RFC 6672 2.2 a DNAME into itself. We end at 16 links or the first repeated owner, the others elsewhere or with SERVFAIL",
		endless,
	},
	{
		"DS beside a delegation, in a zone without signatures",
		"RFC 4035 3.1.4.1: a client that sets DO gets the DS with the NS. NSD and Knot send it from signed zones only",
		dsInReferral,
	},
	{
		"ANY below a DNAME",
		"RFC 1034 4.3.2 step 3a: an alias is followed if QTYPE does not match CNAME; ANY does. NSD follows",
		anyBelowDNAME,
	},
}

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
				return ok && target == r.owner
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

// chainLeaves cuts our answer where theirs ends: at an alias whose target is in another zone that we serve.
func chainLeaves(p *pair) bool {
	n := len(p.theirs.chain)
	if p.peer != "Knot" || n == 0 || n > len(p.ours.chain) || p.theirs.rcode != dns.RcodeSuccess || !slices.Equal(p.ours.chain[:n], p.theirs.chain) ||
		slices.ContainsFunc(p.theirs.authority, func(r record) bool { return r.typ != zone.TypeNS || p.zoneOf(r.owner).apex != r.owner }) {
		return false
	}
	for _, r := range p.theirs.answer {
		if r.typ != zone.TypeCNAME || !slices.Contains(p.ours.answer, r) {
			continue
		}
		target, _ := zone.Target(r.typ, r.data)
		from, to := p.zoneOf(r.owner), p.zoneOf(target)
		if to != nil && from != to && !slices.ContainsFunc(p.theirs.answer, func(a record) bool { return a.owner == target }) {
			*p.ours = *p.theirs
			return true
		}
	}
	return false
}

// bothTruncated drops the sections of both, if ours holds nothing that our whole answer does not.
func bothTruncated(p *pair) bool {
	if !p.ours.tc || !p.theirs.tc || p.whole == nil || p.whole.tc {
		return false
	}
	for _, s := range [][2][]record{{p.ours.answer, p.whole.answer}, {p.ours.authority, p.whole.authority}, {p.ours.additional, p.whole.additional}} {
		for _, r := range s[0] {
			if !slices.Contains(s[1], r) {
				return false
			}
		}
	}
	if p.ours.rcode != p.theirs.rcode && p.whole.rcode == p.theirs.rcode {
		p.ours.rcode = p.theirs.rcode // we stop where there is no room
	}
	for _, r := range []*response{p.ours, p.theirs} {
		r.answer, r.authority, r.additional, r.chain = nil, nil, nil, nil
	}
	return true
}

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

func anyBelowDNAME(p *pair) bool {
	n := len(p.ours.chain)
	if uint16(p.q.typ) != dns.TypeANY || p.peer != "NSD" || n < 2 || len(p.theirs.chain) < n || !slices.Equal(p.ours.chain, p.theirs.chain[:n]) ||
		!slices.ContainsFunc(p.ours.answer, func(r record) bool { return r.typ == zone.TypeDNAME }) {
		return false
	}
	*p.ours = *p.theirs
	return true
}

// limit gives the octets that an answer over UDP may have.
func (q *query) limit() int {
	if !q.edns {
		return 512
	}
	return min(max(int(q.size), 512), 1232)
}

// room takes the answer that was truncated for the other, if that server's whole answer does not fit, and the other's is whole.
func room(p *pair) bool {
	if p.whole == nil || p.ours.tc == p.theirs.tc {
		return false
	}
	cut, whole, rest := p.whole, p.theirWhole, p.theirs
	const options = 6 // we keep room for an extended error
	size := cut.octets + options
	if p.theirs.tc {
		cut, whole, rest = p.theirWhole, p.whole, p.ours
		size = cut.octets
	}
	if size <= p.q.limit() || len(rest.differences(whole)) > 0 {
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

func noRoomForSOA(p *pair) bool {
	if p.peer != "Knot" || !p.ours.tc || p.theirs.tc || p.whole == nil || !p.whole.negative() || p.whole.octets <= p.q.limit()-6 ||
		len(p.theirs.authority) > 0 || p.theirs.rcode != p.ours.rcode || !slices.Equal(p.theirs.chain, p.whole.chain) {
		return false
	}
	*p.ours = *p.theirs
	return true
}

func noRoomForGlue(p *pair) bool {
	if !p.ours.tc || p.theirs.tc || p.whole == nil || p.whole.octets <= p.q.limit()-6 || p.theirs.rcode != p.ours.rcode ||
		!slices.Equal(p.theirs.chain, p.whole.chain) || len(p.theirs.authority) == 0 || p.theirs.authority[0].typ != zone.TypeNS {
		return false
	}
	cut := p.theirs.authority[0].owner
	for _, r := range p.theirWhole.additional {
		if r.owner.Under(cut) && !slices.Contains(p.theirs.additional, r) {
			*p.ours = *p.theirs
			return true
		}
	}
	return false
}

// missing takes those addresses out of their referral that we have not and that a test holds for.
func (p *pair) missing(test func(record) bool) (found bool) {
	at := slices.IndexFunc(p.theirs.authority, func(r record) bool { return r.typ == zone.TypeNS })
	if at < 0 {
		return false
	}
	cut := p.theirs.authority[at].owner
	p.theirs.additional = slices.DeleteFunc(slices.Clone(p.theirs.additional), func(r record) bool {
		extra := (r.typ == zone.TypeA || r.typ == zone.TypeAAAA) && !slices.Contains(p.ours.additional, r) && !r.owner.Under(cut) && test(r)
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
	return !p.q.tcp && size > p.q.limit() && p.missing(func(record) bool { return true })
}

func wildcardServer(p *pair) bool {
	return p.missing(func(r record) bool {
		z := p.zoneOf(r.owner)
		return z != nil && !z.exists(r.owner) && p.lives(r.owner, r.typ) != nil
	})
}

func tooLong(p *pair) bool {
	if p.peer != "Knot" || p.ours.rcode != dns.RcodeYXDomain || p.theirs.rcode != dns.RcodeNameError || !p.theirs.negative() ||
		!slices.Equal(p.ours.chain, p.theirs.chain) {
		return false
	}
	p.theirs.rcode, p.theirs.authority = p.ours.rcode, p.ours.authority
	return true
}
