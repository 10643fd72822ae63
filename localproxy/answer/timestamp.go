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
		r.share(apex)
		r.m.rcode = dns.RcodeNameError
		r.negative()
	case r.q.typ != zone.TypeTXT && r.q.typ != typeANY:
		r.negative()
	default:
		// TTL 0, so that no cache makes an old answer of a fresh one.
		var data [maxTXT]byte
		at := len(r.made)
		r.made = appendRecord(r.made, zone.TypeTXT, 0, r.facts.appendTXT(data[:0]))
		r.m.must(sectionAnswer, name, rrset{typ: zone.TypeTXT, wire: r.made[at:]})
	}
	return true
}

// maxTXT holds the five strings with numbers of twenty digits.
const maxTXT = 160

// appendTXT gives the facts as character-strings.
func (f *Facts) appendTXT(b []byte) []byte {
	b = appendFact(b, "epoch=", f.Epoch)
	b = appendFact(b, "version=", f.Version)
	b = appendFact(b, "released=", f.Released)
	b = appendFact(b, "signed=", f.Signed)
	return appendFact(b, "as-of=", f.AsOf)
}

// appendFact appends a character-string (RFC 1035 3.3): its length and "key=value".
func appendFact[N int64 | uint64](b []byte, key string, value N) []byte {
	at := len(b)
	b = append(append(b, 0), key...)
	if value < 0 {
		b = strconv.AppendInt(b, int64(value), 10)
	} else {
		b = strconv.AppendUint(b, uint64(value), 10)
	}
	b[at] = byte(len(b) - at - 1)
	return b
}
