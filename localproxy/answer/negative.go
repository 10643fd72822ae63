package answer

import (
	"encoding/binary"

	"github.com/miekg/dns"

	"zonecast/internal/snapshot"
	"zonecast/internal/zone"
)

// negative adds the SOA that says how long an absence may be remembered: the smaller of its TTL and its last field
// (RFC 2308 3 and 5).
func (r *resolver) negative() {
	node, _ := r.find(r.zone.Apex)
	soa, ok := set(node, zone.TypeSOA)
	record, whole := soa.record()
	if !ok || !whole || len(record) < recordHeader+20 {
		r.m.rcode = dns.RcodeServerFailure
		return
	}
	copied := r.keep(record)
	ttl := min(binary.BigEndian.Uint32(record[4:]), binary.BigEndian.Uint32(record[len(record)-4:]))
	binary.BigEndian.PutUint32(copied[4:], ttl)
	r.m.must(sectionAuthority, r.zone.Apex, rrset{typ: zone.TypeSOA, wire: copied})
}

// referral sends the client to the servers of a delegated zone: their names without authority, the addresses that the
// cut holds itself (RFC 9471: all of them or TC), then others that happen to fit. After a CNAME the AA bit stays: it
// speaks of the first owner in the answer (RFC 1035 4.1.1).
func (r *resolver) referral(cut zone.Name, node snapshot.Ref) {
	r.share(cut)
	if r.linked == 0 {
		r.m.flags &^= flagAA
	}
	ns, _ := set(node, zone.TypeNS)
	r.m.must(sectionAuthority, cut, ns)
	if ds, ok := set(node, zone.TypeDS); ok && r.q.do {
		r.m.must(sectionAuthority, cut, ds) // a validating client needs it with the referral (RFC 4035 3.1.4.1)
	}
	for _, within := range [...]bool{true, false} {
		rest := ns
		for record, ok := rest.record(); ok; record, ok = rest.record() {
			host, named := target(record)
			if named && host.Under(cut) == within && host.Under(r.zone.Apex) {
				r.glue(host, within)
			}
		}
	}
}

func (r *resolver) glue(host zone.Name, required bool) {
	node, ok := r.find(host)
	if !ok {
		return
	}
	for _, t := range [...]zone.Type{zone.TypeA, zone.TypeAAAA} {
		addresses, ok := set(node, t)
		switch {
		case !ok:
		case required:
			r.m.must(sectionAdditional, host, addresses)
		default:
			r.m.add(sectionAdditional, host, addresses)
		}
	}
}
