package snapshot

import (
	"encoding/binary"
	"iter"

	"zonecast/internal/zone"
)

// Ref is a node as it lies in the file or overlay: reading it copies and allocates nothing. It is valid until the
// Snapshot is closed or the View that gave it is collected. Whatever the file holds, reading stays within the node.
type Ref struct{ body []byte }

// Empty tells that the node is an empty non-terminal.
func (r Ref) Empty() bool { return len(r.body) == 0 }

// Flags tells which of the steering types the node has.
func (r Ref) Flags() Flags {
	if len(r.body) == 0 {
		return 0
	}
	return Flags(r.body[0])
}

func (r Ref) sets() []byte {
	if len(r.body) == 0 {
		return nil
	}
	return r.body[1:]
}

// Set finds the set of one type.
func (r Ref) Set(t zone.Type) (Raw, bool) {
	rest := r.sets()
	for len(rest) >= 2 && rest[0]|rest[1] < 0x80 { // small sets without rotation: nearly all, and nextRaw in line
		count, size := int(rest[0]), int(rest[1])
		if 2+size > len(rest) || count == 0 || count*recordHeader > size {
			return Raw{}, false
		}
		wire := rest[2 : 2+size : 2+size]
		if typ := zone.Type(binary.BigEndian.Uint16(wire)); typ >= t {
			return Raw{Type: typ, Count: count, Wire: wire}, typ == t
		}
		rest = rest[2+size:]
	}
	for {
		raw, next, ok := nextRaw(rest)
		if !ok || raw.Type > t {
			return Raw{}, false
		}
		if raw.Type == t {
			return raw, true
		}
		rest = next
	}
}

// Sets gives all sets by type.
func (r Ref) Sets() iter.Seq[Raw] {
	return func(yield func(Raw) bool) {
		for rest := r.sets(); ; {
			raw, next, ok := nextRaw(rest)
			if !ok || !yield(raw) {
				return
			}
			rest = next
		}
	}
}

// Raw is one RRset in wire form: records of type, class, TTL, length and data each, ready to be copied behind an
// owner name. Count is what the file says; count what Records gives when the file may lie.
type Raw struct {
	Type   zone.Type
	Rotate zone.Rotation
	Count  int
	Wire   []byte
}

// TTL of the set, in seconds.
func (r Raw) TTL() uint32 {
	if len(r.Wire) < recordHeader {
		return 0
	}
	return binary.BigEndian.Uint32(r.Wire[4:])
}

// Records gives each record's octets, without the owner name: at least 10.
func (r Raw) Records() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for rest := r.Wire; len(rest) >= recordHeader; {
			end := recordHeader + int(binary.BigEndian.Uint16(rest[8:]))
			if end > len(rest) || !yield(rest[:end:end]) {
				return
			}
			rest = rest[end:]
		}
	}
}

func nextRaw(b []byte) (raw Raw, rest []byte, ok bool) {
	count, n := uvarint(b)
	if n <= 0 || count>>rotateShift > uint64(zone.RotateRandom) {
		return Raw{}, nil, false
	}
	rotate := zone.Rotation(count >> rotateShift)
	count &= countMask
	size, m := uvarint(b[n:])
	b = b[n+m:]
	if m <= 0 || size > uint64(len(b)) || count == 0 || count > size/recordHeader {
		return Raw{}, nil, false
	}
	wire := b[:size:size]
	return Raw{Type: zone.Type(binary.BigEndian.Uint16(wire)), Rotate: rotate, Count: int(count), Wire: wire}, b[size:], true
}

// uvarint is binary.Uvarint with the short cases first and never a negative size.
func uvarint(b []byte) (uint64, int) {
	if len(b) > 0 && b[0] < 0x80 {
		return uint64(b[0]), 1
	}
	return longUvarint(b)
}

// longUvarint has two and three octets in line: offsets of suffixes and the sizes of larger bodies.
func longUvarint(b []byte) (uint64, int) {
	if len(b) >= 3 {
		v := uint64(b[0]&0x7f) | uint64(b[1]&0x7f)<<7
		if b[1] < 0x80 {
			return v, 2
		}
		if b[2] < 0x80 {
			return v | uint64(b[2])<<14, 3
		}
	}
	v, n := binary.Uvarint(b)
	return v, max(n, 0)
}
