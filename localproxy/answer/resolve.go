package answer

import (
	"encoding/binary"

	"github.com/miekg/dns"

	"zonecast/internal/snapshot"
	"zonecast/internal/zone"
)

// maxChain bounds the CNAME and DNAME links followed for one question. BIND follows 16 and nobody needs more.
const maxChain = 16

// resolver answers one question from one view (RFC 1034 4.3.2, with RFC 4592 and RFC 6672).
type resolver struct {
	view   View
	facts  Facts
	q      *question
	m      *message
	zone   snapshot.Zone
	above  bool                // zone is the one above the cut at the name, whose own zone is served too
	links  [maxChain]zone.Name // owners of the CNAMEs in the answer, to see loops
	dnames [maxChain]zone.Name // owners of the DNAMEs in the answer, each goes in once
	linked int
	synths int
	ahead  ahead
	made   []byte // records and names made for this answer: never reused within it
}

// release lets go of the view: whatever it is about may be unmapped after the answer.
func (r *resolver) release() {
	clear(r.links[:r.linked])
	clear(r.dnames[:r.synths])
	r.view, r.zone = nil, snapshot.Zone{}
}

// find looks a name up.
func (r *resolver) find(n zone.Name) (snapshot.Ref, bool) { return r.view.Find(octets(n)) }

// set takes one type's records out of a node.
func set(node snapshot.Ref, t zone.Type) (rrset, bool) {
	raw, ok := node.Set(t)
	return rrset{t, raw.Rotate, raw.Count, raw.Wire}, ok
}

// keep puts octets into the answer's own memory; what it gave before stays valid when that grows.
func (r *resolver) keep(parts ...[]byte) []byte {
	at := len(r.made)
	for _, p := range parts {
		r.made = append(r.made, p...)
	}
	return r.made[at:len(r.made):len(r.made)]
}

func (r *resolver) resolve() {
	r.linked, r.synths, r.made = 0, 0, r.made[:0]
	if !r.findZone(r.q.name) {
		r.m.rcode, r.m.ede = dns.RcodeRefused, edeNotAuthoritative
		return
	}
	r.m.flags |= flagAA
	for name := r.q.name; ; {
		next, more := r.step(name)
		if !more || r.m.truncated {
			return
		}
		if name = next; !r.findZone(name) {
			return // the chain leaves what is served: the client goes on elsewhere
		}
	}
}

// findZone picks the zone that answers for a name: the nearest one, and for DS the one above the cut (RFC 4035
// 3.1.4.1), if that is served too.
func (r *resolver) findZone(n zone.Name) bool {
	z, ok := r.view.FindZone(n)
	r.above = false
	if ok && r.q.typ == zone.TypeDS && z.Apex == n && n != zone.Root {
		if parent, served := r.view.FindZone(n.Parent()); served {
			z, r.above = parent, true
		}
	}
	r.zone = z
	r.m.fill = !z.SerialLiteral && r.facts.Version != 0
	return ok
}

// climb is how many ancestors of an absent name are asked for before the walk is taken instead: names that people and
// programs ask for in vain have an encloser near by, and a hundred labels of an attacker must not cost a hundred lookups.
const climb = 3

// step answers for one name; more tells that the answer is an alias and goes on at next. It gives what walk gives, in
// one lookup where the view knows that nothing hides the name, or hides the ancestor that ends the way to it.
func (r *resolver) step(name zone.Name) (next zone.Name, more bool) {
	if r.zone.Timestamp && r.timestamp(name) {
		return "", false
	}
	if r.above {
		return r.walk(name)
	}
	apex := r.zone.Apex
	node, reach := r.reach(name)
	if reach == snapshot.Reached {
		if node.Flags()&snapshot.HasNS != 0 && name != apex && r.q.typ != zone.TypeDS {
			r.referral(name, node)
			return "", false
		}
		return r.found(name, node)
	}
	encloser := name
	for up := 0; reach == snapshot.Absent && up < climb && encloser != apex; up++ {
		encloser = encloser.Parent()
		node, reach = r.reach(encloser)
	}
	if reach != snapshot.Reached {
		return r.walk(name)
	}
	return r.below(name, encloser, node)
}

func (r *resolver) reach(n zone.Name) (snapshot.Ref, snapshot.Reach) {
	wire := octets(n)
	return r.view.Reach(r.zone.Apex, wire, r.hash(n))
}

// below answers for a name that has no node, from its closest encloser.
func (r *resolver) below(name, encloser zone.Name, node snapshot.Ref) (next zone.Name, more bool) {
	switch flags := node.Flags(); {
	case flags&snapshot.HasNS != 0 && encloser != r.zone.Apex:
		r.referral(encloser, node)
		return "", false
	case flags&snapshot.HasDNAME != 0:
		dname, _ := set(node, zone.TypeDNAME)
		return r.dname(name, encloser, dname)
	}
	return r.wildcard(name, encloser)
}

// walk is step for any name: from the apex down, the first zone cut or DNAME hides everything below it.
func (r *resolver) walk(name zone.Name) (next zone.Name, more bool) {
	node, ok := r.find(r.zone.Apex)
	if !ok {
		r.m.rcode = dns.RcodeServerFailure // a zone without an apex: the builder lets none through
		return "", false
	}
	encloser := r.zone.Apex
	for encloser != name {
		if node.Flags()&snapshot.HasDNAME != 0 {
			return r.below(name, encloser, node)
		}
		child := ancestor(name, encloser)
		below, ok := r.find(child)
		if !ok {
			return r.wildcard(name, encloser)
		}
		if below.Flags()&snapshot.HasNS != 0 && !(child == name && r.q.typ == zone.TypeDS) {
			r.referral(child, below)
			return "", false
		}
		node, encloser = below, child
	}
	return r.found(name, node)
}

// ancestor gives the tail of name that is one label longer than parent.
func ancestor(name, parent zone.Name) zone.Name {
	at := 0
	for {
		next := at + 1 + int(name[at])
		if len(name)-next == len(parent) {
			return name[at:]
		}
		at = next
	}
}

var asterisk = []byte("\x01*")

// wildcard answers for a name that does not exist (RFC 4592 3.3.1): the asterisk right below the closest encloser
// stands for it, and for none further up.
func (r *resolver) wildcard(name, encloser zone.Name) (next zone.Name, more bool) {
	r.share(encloser)
	if len(encloser)+2 <= zone.MaxName {
		if node, ok := r.view.Find(r.keep(asterisk, octets(encloser))); ok {
			if node.Flags()&snapshot.HasNS != 0 && r.q.typ != zone.TypeDS {
				r.referral(name, node) // RFC 4592 4.2 leaves it open; the common servers refer
				return "", false
			}
			return r.found(name, node)
		}
	}
	r.share(r.zone.Apex)
	r.m.rcode = dns.RcodeNameError
	r.negative()
	return "", false
}

// found answers from a node, under the name that was asked.
func (r *resolver) found(name zone.Name, node snapshot.Ref) (next zone.Name, more bool) {
	if r.q.typ == typeANY {
		for raw := range node.Sets() {
			r.m.must(sectionAnswer, name, rrset{raw.Type, raw.Rotate, raw.Count, raw.Wire}) // RFC 8482 4.1: one RRset is enough
			return "", false
		}
		r.negative()
		return "", false
	}
	if answer, ok := set(node, r.q.typ); ok {
		r.m.must(sectionAnswer, name, answer)
		return "", false
	}
	if node.Flags()&snapshot.HasCNAME != 0 {
		cname, _ := set(node, zone.TypeCNAME)
		return r.follow(name, cname)
	}
	r.negative()
	return "", false
}

// follow adds a CNAME and gives its target, unless the chain loops or grows too long: then the answer ends there, as
// RFC 1034 5.2.2 leaves it to the client to notice.
func (r *resolver) follow(owner zone.Name, cname rrset) (next zone.Name, more bool) {
	for _, seen := range r.links[:r.linked] {
		if seen == owner {
			return "", false
		}
	}
	r.m.must(sectionAnswer, owner, cname)
	record, ok := cname.record()
	if !ok || r.linked == maxChain-1 {
		return "", false
	}
	r.links[r.linked] = owner
	r.linked++
	return target(record)
}

// dname rewrites a name below a DNAME (RFC 6672 3.1): the DNAME itself, and the CNAME it means for this name.
func (r *resolver) dname(name, owner zone.Name, dname rrset) (next zone.Name, more bool) {
	r.share(owner)
	first := true
	for _, seen := range r.dnames[:r.synths] {
		first = first && seen != owner
	}
	if first {
		r.m.must(sectionAnswer, owner, dname)
		if r.synths < maxChain {
			r.dnames[r.synths] = owner
			r.synths++
		}
	}
	record, whole := dname.record()
	if whole {
		_, whole = target(record)
	}
	if !whole {
		r.m.rcode = dns.RcodeServerFailure // no name to go on with: no file that was made by a Builder has that
		return "", false
	}
	prefix, suffix := octets(name[:len(name)-len(owner)]), record[recordHeader:]
	if len(prefix)+len(suffix) > zone.MaxName {
		r.m.rcode = dns.RcodeYXDomain
		return "", false
	}
	at := len(r.made)
	r.made = appendRecord(r.made, zone.TypeCNAME, binary.BigEndian.Uint32(record[4:]), prefix, suffix)
	next, more = r.follow(name, rrset{typ: zone.TypeCNAME, wire: r.made[at:]})
	if r.q.typ == zone.TypeCNAME || r.q.typ == typeANY {
		more = false // the synthesised CNAME is what was asked for
	}
	return next, more
}
