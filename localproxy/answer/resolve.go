package answer

import (
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
	links  [maxChain]zone.Name // owners of the CNAMEs in the answer, to see loops
	dnames [maxChain]zone.Name // owners of the DNAMEs in the answer, each goes in once
	linked int
	synths int
}

func (r *resolver) resolve() {
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
	if ok && r.q.typ == zone.TypeDS && z.Apex == n && n != zone.Root {
		if parent, served := r.view.FindZone(n.Parent()); served {
			z = parent
		}
	}
	r.zone = z
	r.m.fill = !z.SerialLiteral && r.facts.Version != 0
	return ok
}

// step answers for one name; more tells that the answer is an alias and goes on at next.
func (r *resolver) step(name zone.Name) (next zone.Name, more bool) {
	if r.zone.Timestamp && r.timestamp(name) {
		return "", false
	}
	apex, ok := r.view.Lookup(r.zone.Apex)
	if !ok {
		r.m.rcode = dns.RcodeServerFailure // a zone without an apex: the builder lets none through
		return "", false
	}
	// From the apex down: the first zone cut or DNAME hides everything below it.
	node, encloser := apex, r.zone.Apex
	for encloser != name {
		if set, ok := zone.FindSet(node.Sets, zone.TypeDNAME); ok {
			return r.dname(name, encloser, set)
		}
		child := ancestor(name, encloser)
		below, ok := r.view.Lookup(child)
		if !ok {
			return r.wildcard(name, encloser)
		}
		if ns, ok := zone.FindSet(below.Sets, zone.TypeNS); ok && !(child == name && r.q.typ == zone.TypeDS) {
			r.referral(child, ns)
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

// wildcard answers for a name that does not exist (RFC 4592 3.3.1): the asterisk right below the closest encloser
// stands for it, and for none further up.
func (r *resolver) wildcard(name, encloser zone.Name) (next zone.Name, more bool) {
	if len(encloser)+2 <= zone.MaxName {
		if node, ok := r.view.Lookup("\x01*" + encloser); ok {
			if ns, cut := zone.FindSet(node.Sets, zone.TypeNS); cut && r.q.typ != zone.TypeDS {
				r.referral(name, ns) // RFC 4592 4.2 leaves it open; the common servers refer
				return "", false
			}
			return r.found(name, node)
		}
	}
	r.m.rcode = dns.RcodeNameError
	r.negative()
	return "", false
}

// found answers from a node, under the name that was asked.
func (r *resolver) found(name zone.Name, node snapshot.Node) (next zone.Name, more bool) {
	if r.q.typ == typeANY {
		if len(node.Sets) > 0 {
			r.m.must(sectionAnswer, name, node.Sets[0]) // RFC 8482 4.1: one RRset is enough
			return "", false
		}
		r.negative()
		return "", false
	}
	if set, ok := zone.FindSet(node.Sets, r.q.typ); ok {
		r.m.must(sectionAnswer, name, set)
		return "", false
	}
	if set, ok := zone.FindSet(node.Sets, zone.TypeCNAME); ok && len(set.Data) > 0 {
		return r.follow(name, set)
	}
	r.negative()
	return "", false
}

// follow adds a CNAME and gives its target, unless the chain loops or grows too long: then the answer ends there, as
// RFC 1034 5.2.2 leaves it to the client to notice.
func (r *resolver) follow(owner zone.Name, set zone.RRset) (next zone.Name, more bool) {
	for _, seen := range r.links[:r.linked] {
		if seen == owner {
			return "", false
		}
	}
	r.m.must(sectionAnswer, owner, set)
	target := zone.Name(set.Data[0])
	if r.linked == maxChain-1 {
		return "", false
	}
	r.links[r.linked] = owner
	r.linked++
	return target, true
}

// dname rewrites a name below a DNAME (RFC 6672 3.1): the DNAME itself, and the CNAME it means for this name.
func (r *resolver) dname(name, owner zone.Name, set zone.RRset) (next zone.Name, more bool) {
	if len(set.Data) == 0 {
		r.negative()
		return "", false
	}
	first := true
	for _, seen := range r.dnames[:r.synths] {
		first = first && seen != owner
	}
	if first {
		r.m.must(sectionAnswer, owner, set)
		if r.synths < maxChain {
			r.dnames[r.synths] = owner
			r.synths++
		}
	}
	prefix := name[:len(name)-len(owner)]
	target := prefix + zone.Name(set.Data[0])
	if len(target) > zone.MaxName {
		r.m.rcode = dns.RcodeYXDomain
		return "", false
	}
	next, more = r.follow(name, zone.RRset{Type: zone.TypeCNAME, TTL: set.TTL, Data: []zone.Rdata{zone.Rdata(target)}})
	if r.q.typ == zone.TypeCNAME || r.q.typ == typeANY {
		more = false // the synthesised CNAME is what was asked for
	}
	return next, more
}
