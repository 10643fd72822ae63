package answer

import (
	"encoding/binary"

	"github.com/miekg/dns"

	"zonecast/internal/zone"
)

// negative adds the SOA that says how long an absence may be remembered: the smaller of its TTL and its last field
// (RFC 2308 3 and 5).
func (r *resolver) negative() {
	node, _ := r.view.Lookup(r.zone.Apex)
	soa, ok := zone.FindSet(node.Sets, zone.TypeSOA)
	if !ok || len(soa.Data) == 0 {
		r.m.rcode = dns.RcodeServerFailure
		return
	}
	if data := soa.Data[0]; len(data) > 20 {
		soa.TTL = min(soa.TTL, binary.BigEndian.Uint32([]byte(data[len(data)-4:])))
	}
	r.m.must(sectionAuthority, r.zone.Apex, soa)
}

// referral sends the client to the servers of a delegated zone: their names without authority, the addresses that the
// cut holds itself (RFC 9471: all of them or TC), then others that happen to fit. After a CNAME the AA bit stays: it
// speaks of the first owner in the answer (RFC 1035 4.1.1).
func (r *resolver) referral(cut zone.Name, ns zone.RRset) {
	if r.linked == 0 {
		r.m.flags &^= flagAA
	}
	r.m.must(sectionAuthority, cut, ns)
	if ds, ok := r.dsOf(cut); ok && r.q.do {
		r.m.must(sectionAuthority, cut, ds)
	}
	for _, within := range []bool{true, false} {
		for _, data := range ns.Data {
			if host := zone.Name(data); host.Under(cut) == within && host.Under(r.zone.Apex) {
				r.glue(host, within)
			}
		}
	}
}

// dsOf gives the DS set at a cut, which a validating client needs to see with the referral (RFC 4035 3.1.4.1).
func (r *resolver) dsOf(cut zone.Name) (zone.RRset, bool) {
	node, _ := r.view.Lookup(cut)
	return zone.FindSet(node.Sets, zone.TypeDS)
}

func (r *resolver) glue(host zone.Name, required bool) {
	node, ok := r.view.Lookup(host)
	if !ok {
		return
	}
	for _, t := range []zone.Type{zone.TypeA, zone.TypeAAAA} {
		set, ok := zone.FindSet(node.Sets, t)
		switch {
		case !ok:
		case required:
			r.m.must(sectionAdditional, host, set)
		default:
			r.m.add(sectionAdditional, host, set)
		}
	}
}
