package answer

import (
	"encoding/binary"

	"github.com/miekg/dns"

	"zonecast/internal/zone"
)

const (
	headerSize = 12
	flagQR     = 1 << 15
	flagAA     = 1 << 10
	flagTC     = 1 << 9
	flagRD     = 1 << 8
	opcodeMask = 0xf << 11
	doBit      = 1 << 15 // in the OPT record's flags (RFC 3225)
)

// question is what the engine needs of a query.
type question struct {
	asked
	folded [foldedSize]byte // memory of name
}

// asked is the part of a question that each query begins anew.
type asked struct {
	id    uint16
	flags uint16 // as received
	name  zone.Name
	typ   zone.Type
	class uint16
	end   int // of the question section in the query; 0 when it is not to be echoed
	edns  bool
	size  int // UDP payload size offered, as received
	do    bool
	vers  uint8

	nsid, keepAlive bool // options that the client sent
}

// parse reads a query. The rcode is NOERROR when it can be resolved, else what it gets for an answer; silent when it
// gets none. known is what was read of it before, if anything was. What was read up to the fault stays in q, so that the answer can echo it.
func (q *question) parse(msg []byte, known *foreseen) (rcode int, silent bool) {
	q.asked = asked{}
	if len(msg) < headerSize {
		return 0, true
	}
	q.id = binary.BigEndian.Uint16(msg)
	q.flags = binary.BigEndian.Uint16(msg[2:])
	if q.flags&flagQR != 0 {
		return 0, true // two servers must not answer each other for ever
	}
	if q.flags&opcodeMask != 0 {
		return dns.RcodeNotImplemented, false // RFC 8906 8.1.4: unknown opcodes too; the body may have any form
	}
	if binary.BigEndian.Uint16(msg[4:]) != 1 {
		return dns.RcodeFormatError, false // RFC 9619: exactly one question
	}
	at, ok := q.readName(msg, known)
	if !ok || at+4 > len(msg) {
		return dns.RcodeFormatError, false
	}
	q.typ = zone.Type(binary.BigEndian.Uint16(msg[at:]))
	q.class = binary.BigEndian.Uint16(msg[at+2:])
	q.end = at + 4
	if !q.readRecords(msg) {
		return dns.RcodeFormatError, false
	}
	if q.edns && q.vers > 0 {
		return dns.RcodeBadVers, false // RFC 6891 6.1.3
	}
	return q.refusal(), false
}

// foldedSize leaves room for the last word of a name of 255 octets.
const foldedSize = zone.MaxName + 1

// readName folds the name of the question into q.folded, unless that was done ahead.
func (q *question) readName(msg []byte, known *foreseen) (end int, ok bool) {
	if known != nil {
		q.name = known.name
		return known.end, true
	}
	if end, ok = fold(&q.folded, msg); ok {
		q.name = text(q.folded[:end-headerSize]) // folded does not change any more
	}
	return end, ok
}

// fold puts the name behind the header into lower case. Compression has nothing to point to there.
func fold(to *[foldedSize]byte, msg []byte) (end int, ok bool) {
	at := headerSize
	for {
		if at >= len(msg) || msg[at] > zone.MaxLabel {
			return 0, false
		}
		size := int(msg[at])
		at += 1 + size
		if at-headerSize > zone.MaxName {
			return 0, false
		}
		if size == 0 {
			break
		}
	}
	wire := msg[headerSize:at]
	n := 0
	for ; len(wire)-n >= 8; n += 8 {
		binary.LittleEndian.PutUint64(to[n:], lower(binary.LittleEndian.Uint64(wire[n:])))
	}
	if n < len(wire) {
		var last uint64
		for i, c := range wire[n:] {
			last |= uint64(c) << (8 * i)
		}
		binary.LittleEndian.PutUint64(to[n:], lower(last))
	}
	return at, true
}

// lower folds the upper-case letters among eight octets. Lengths of labels are below 'A' and stay as they are.
func lower(x uint64) uint64 {
	const ones = 0x0101010101010101
	low := x &^ (0x80 * ones)
	from, above := low+(0x80-'A')*ones, low+(0x7f-'Z')*ones // their high bits: at least 'A', more than 'Z'
	return x | (from&^above&^x&(0x80*ones))>>2
}

// readRecords walks what follows the question, for the OPT record. A query has next to nothing there (IXFR a SOA,
// TSIG its signature); all of it must be well-formed.
func (q *question) readRecords(msg []byte) bool {
	before := int(binary.BigEndian.Uint16(msg[6:])) + int(binary.BigEndian.Uint16(msg[8:]))
	total := before + int(binary.BigEndian.Uint16(msg[10:]))
	at := q.end
	for i := range total {
		owner := at
		end, ok := skipName(msg, at)
		if !ok || end+10 > len(msg) {
			return false
		}
		size := int(binary.BigEndian.Uint16(msg[end+8:]))
		at = end + 10 + size
		if at > len(msg) {
			return false
		}
		if zone.Type(binary.BigEndian.Uint16(msg[end:])) != typeOPT {
			continue
		}
		if q.edns || msg[owner] != 0 || i < before {
			return false // RFC 6891 6.1.1: one OPT at most, its owner is the root, in the additional section
		}
		q.edns = true
		q.size = int(binary.BigEndian.Uint16(msg[end+2:]))
		q.vers = msg[end+5]
		q.do = binary.BigEndian.Uint16(msg[end+6:])&doBit != 0
		if q.vers == 0 && !q.readOptions(msg[end+10:at]) {
			return false
		}
	}
	return true
}

// skipName steps over a name that may end in a pointer, without following it.
func skipName(msg []byte, at int) (end int, ok bool) {
	for at < len(msg) {
		switch size := int(msg[at]); {
		case size == 0:
			return at + 1, true
		case size >= 0xc0:
			return at + 2, at+2 <= len(msg)
		case size > zone.MaxLabel:
			return 0, false
		default:
			at += 1 + size
		}
	}
	return 0, false
}

const (
	typeOPT = zone.Type(dns.TypeOPT)
	typeANY = zone.Type(dns.TypeANY)
)

// refusal gives the rcode of questions that no zone is asked for.
func (q *question) refusal() int {
	switch uint16(q.typ) {
	case dns.TypeAXFR, dns.TypeIXFR:
		return dns.RcodeRefused // zones leave by the publisher's bases, not from a host's proxy (RFC 5936 5)
	case dns.TypeOPT, dns.TypeTSIG:
		return dns.RcodeFormatError // pseudo-records that cannot be asked for
	case dns.TypeTKEY, dns.TypeMAILA, dns.TypeMAILB:
		return dns.RcodeNotImplemented
	}
	if q.class != dns.ClassINET {
		return dns.RcodeRefused // CH, HS and class ANY: nothing is served there
	}
	return dns.RcodeSuccess
}
