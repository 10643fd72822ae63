package answer

import (
	"strconv"

	"github.com/miekg/dns"

	"zonecast/internal/zone"
)

// TimestampLabel is the label right below the apex of a zone with `timestamp: on` whose TXT record tells, end to end,
// which release a host serves and how current its inputs were.
const TimestampLabel = "_timestamp"

const timestampWire = "\x0a" + TimestampLabel

// timestamp answers at and below _timestamp.<apex>, whatever the zone itself has there (a wildcard, say). It tells
// whether name was there.
func (r *resolver) timestamp(name zone.Name) bool {
	apex := r.zone.Apex
	if len(name) < len(apex)+len(timestampWire) || name == apex || !name.Under(apex) {
		return false
	}
	node := ancestor(name, apex)
	switch {
	case node[:len(node)-len(apex)] != timestampWire:
		return false
	case node != name:
		r.m.rcode = dns.RcodeNameError
		r.negative()
	case r.q.typ != zone.TypeTXT && r.q.typ != typeANY:
		r.negative()
	default:
		// TTL 0, so that no cache makes an old answer of a fresh one.
		r.m.must(sectionAnswer, name, rrset{typ: zone.TypeTXT, wire: appendRecord(nil, zone.TypeTXT, 0, r.facts.txt())})
	}
	return true
}

// txt gives the facts as character-strings.
func (f Facts) txt() []byte {
	b := make([]byte, 0, 128)
	for _, text := range []string{
		"epoch=" + strconv.FormatUint(f.Epoch, 10),
		"version=" + strconv.FormatUint(f.Version, 10),
		"released=" + strconv.FormatInt(f.Released, 10),
		"signed=" + strconv.FormatInt(f.Signed, 10),
		"as-of=" + strconv.FormatInt(f.AsOf, 10),
	} {
		b = append(append(b, byte(len(text))), text...)
	}
	return b
}
