package main

import (
	"slices"

	"zonecast/internal/zone"
)

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
	if p.ours.rcode != p.theirs.rcode && (p.whole.rcode == p.theirs.rcode || p.theirWhole.rcode == p.ours.rcode) {
		p.ours.rcode = p.theirs.rcode // one stopped on the way, where there was no room
	}
	for _, r := range []*response{p.ours, p.theirs} {
		r.answer, r.authority, r.additional, r.chain = nil, nil, nil, nil
	}
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
	got, all := *rest, *whole
	if len(got.answer) > 0 {
		got.additional, all.additional = nil, nil // not needed with an answer
	} else if len(all.authority) > 0 {
		beside := func(r record) bool { return !r.owner.Under(all.authority[0].owner) } // not needed in a referral
		got.additional = slices.DeleteFunc(slices.Clone(got.additional), beside)
		all.additional = slices.DeleteFunc(slices.Clone(all.additional), beside)
	}
	if size <= p.q.limit() || len(got.differences(&all)) > 0 {
		return false
	}
	*p.ours = *p.theirs
	return true
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
