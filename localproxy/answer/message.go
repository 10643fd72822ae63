package answer

import (
	"encoding/binary"
	"unsafe"

	"github.com/miekg/dns"

	"zonecast/internal/zone"
)

// section of a response, as an index of its count in the header.
type section int

const (
	sectionAnswer section = iota
	sectionAuthority
	sectionAdditional
)

// maxAnchors bounds the names that owners are compressed against. Eight cover a question, its chain and a referral's
// first servers; what comes later is written in full.
const maxAnchors = 8

// maxPointed is the first offset that no pointer can reach (RFC 1035 4.1.4).
const maxPointed = 1 << 14

// anchor is a name that stands in the message, uncompressed, at an offset that a pointer can reach.
type anchor struct {
	name zone.Name
	at   int
}

// message is a response under construction.
type message struct {
	reply
	anchors [maxAnchors]anchor // those beyond reply.anchored are of no meaning
}

// reply is the part of a message that each query begins anew.
type reply struct {
	buf       []byte
	limit     int // octets that header, question and records may take; the OPT record has its place beside
	flags     uint16
	rcode     int
	ede       int
	counts    [3]uint16
	truncated bool
	anchored  int
	shared    int    // where in the question's name that begins which responses like this one share
	serial    uint32 // of zones without a literal one
	fill      bool   // whether the zone that is being copied from wants it
}

// start writes the header's place and the question as it was asked: its case is the client's check against forgery
// (draft-vixie-dnsext-dns0x20).
func (m *message) start(buf []byte, query []byte, q *question) {
	m.reply = reply{buf: append(buf[:0], query[:max(q.end, headerSize)]...), ede: edeNone}
	if q.end > 0 {
		m.anchor(q.name, headerSize)
	}
}

// anchor notes where a name stands.
func (m *message) anchor(n zone.Name, at int) {
	if m.anchored < maxAnchors && at < maxPointed {
		m.anchors[m.anchored] = anchor{n, at}
		m.anchored++
	}
}

// owner appends a name, with a pointer for the longest tail of it that stands in the message already. It gives the
// pointer to the whole of it for records that follow, 0 if none can reach it.
func (m *message) owner(n zone.Name) (pointer uint16) {
	const compressed = 0xc000 // RFC 1035 4.1.4
	for i := range m.anchored {
		if a := &m.anchors[i]; a.name == n { // mostly the question's
			pointer = compressed | uint16(a.at)
			m.buf = append(m.buf, byte(pointer>>8), byte(pointer))
			return pointer
		}
	}
	at := len(m.buf)
	if at < maxPointed {
		pointer = compressed | uint16(at)
	}
	for rest := n; len(rest) > 1; rest = rest.Parent() {
		for _, a := range m.anchors[:m.anchored] {
			if off := len(a.name) - len(rest); off >= 0 && a.name[off:] == rest && boundary(a.name, off) {
				m.buf = append(m.buf, n[:len(n)-len(rest)]...)
				m.buf = binary.BigEndian.AppendUint16(m.buf, compressed|uint16(a.at+off))
				if len(rest) == len(n) {
					return compressed | uint16(a.at+off)
				}
				m.anchor(n, at)
				return pointer
			}
		}
	}
	m.buf = append(m.buf, n...)
	m.anchor(n, at)
	return pointer
}

// boundary tells whether a label begins at off.
func boundary(n zone.Name, off int) bool {
	i := 0
	for i < off {
		i += 1 + int(n[i])
	}
	return i == off
}

// rrset is a set as it lies in the file: records of type, class, TTL, length and data, without their owner.
type rrset struct {
	typ    zone.Type
	rotate zone.Rotation
	count  int // of records, as the file says
	wire   []byte
}

const recordHeader = 10

// record splits one record off; nothing is left when the rest is no whole one.
func (s *rrset) record() (record []byte, ok bool) {
	if len(s.wire) < recordHeader {
		return nil, false
	}
	end := recordHeader + int(binary.BigEndian.Uint16(s.wire[8:]))
	if end > len(s.wire) {
		return nil, false
	}
	record, s.wire = s.wire[:end:end], s.wire[end:]
	return record, true
}

// target is the name that a CNAME, DNAME or NS record points to; false when its octets are none. Data is copied as it
// is, but what is not a name must not be followed as one.
func target(record []byte) (zone.Name, bool) {
	data := record[recordHeader:]
	for at := 0; at < len(data) && len(data) <= zone.MaxName && data[at] <= zone.MaxLabel; at += 1 + int(data[at]) {
		if data[at] == 0 {
			return text(data), at == len(data)-1
		}
	}
	return "", false
}

// text is memory as a name, without a copy: what it points to must not change while the answer is made.
func text(b []byte) zone.Name { return zone.Name(unsafe.String(unsafe.SliceData(b), len(b))) }

// octets is the way back; nobody writes there.
func octets(n zone.Name) []byte { return unsafe.Slice(unsafe.StringData(string(n)), len(n)) }

// add copies a whole RRset (RFC 2181 9: a part of one is never sent), or nothing when it does not fit.
func (m *message) add(sec section, owner zone.Name, set rrset) bool {
	if m.truncated {
		return false
	}
	var tail rrset
	if sec == sectionAnswer && set.rotate != zone.RotateNone {
		set, tail = set.rotated(owner)
	}
	mark, anchored, count := len(m.buf), m.anchored, uint16(0)
	pointer := uint16(0)
	for {
		record, ok := set.record()
		if !ok {
			if len(tail.wire) == 0 {
				break
			}
			set, tail = tail, rrset{}
			continue
		}
		if pointer != 0 {
			m.buf = append(m.buf, byte(pointer>>8), byte(pointer))
		} else {
			pointer = m.owner(owner)
		}
		if len(m.buf)+len(record) > m.limit { // before it is copied: 64 KiB would need other memory than the answer's
			clear(m.anchors[anchored:m.anchored])
			m.buf, m.anchored = m.buf[:mark], anchored
			return false
		}
		at := len(m.buf) + recordHeader
		m.buf = append(m.buf, record...)
		switch set.typ {
		case zone.TypeSOA:
			if m.fill && len(record) > recordHeader+20 {
				binary.BigEndian.PutUint32(m.buf[len(m.buf)-20:], m.serial)
			}
		case zone.TypeCNAME, zone.TypeNS:
			if name, ok := target(record); ok {
				m.anchor(name, at) // the next link's owner, or the glue's
			}
		}
		count++
	}
	m.counts[sec] += count
	return true
}

// must adds a set without which the response says something else: if it does not fit, the response is truncated there.
func (m *message) must(sec section, owner zone.Name, set rrset) {
	if !m.add(sec, owner, set) {
		m.truncated = true
	}
}

// appendRecord makes a record that stands in no file.
func appendRecord(b []byte, t zone.Type, ttl uint32, data ...[]byte) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(t))
	b = binary.BigEndian.AppendUint16(b, dns.ClassINET)
	b = binary.BigEndian.AppendUint32(b, ttl)
	at := len(b)
	b = append(b, 0, 0)
	for _, d := range data {
		b = append(b, d...)
	}
	binary.BigEndian.PutUint16(b[at:], uint16(len(b)-at-2))
	return b
}

// finish writes the OPT record and the header.
func (m *message) finish(q *question, o *options) []byte {
	if q.edns {
		m.opt(q, o)
	}
	flags := flagQR | q.flags&(opcodeMask|flagRD) | m.flags | uint16(m.rcode&0xf)
	if m.truncated {
		flags |= flagTC
	}
	b := m.buf
	binary.BigEndian.PutUint16(b, q.id)
	binary.BigEndian.PutUint16(b[2:], flags)
	questions := uint16(0)
	if q.end > 0 {
		questions = 1
	}
	binary.BigEndian.PutUint16(b[4:], questions)
	for i, n := range m.counts {
		binary.BigEndian.PutUint16(b[6+2*i:], n)
	}
	m.buf = nil
	clear(m.anchors[:m.anchored])
	return b
}
