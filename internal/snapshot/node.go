package snapshot

import (
	"encoding/binary"
	"fmt"

	"zonecast/internal/zone"
)

// A node is: the offset of its suffix (uvarint; 0 is none), the length of its own first labels (one octet) and
// they, the length of its body (uvarint) and the body. A suffix is a length octet and a name in wire form.

type rawNode struct {
	prefix, suffix, body []byte
	next                 uint64 // offset of the node after
}

func appendNode(dst []byte, suffix uint64, prefix, body []byte) []byte {
	dst = binary.AppendUvarint(dst, suffix)
	dst = append(dst, byte(len(prefix)))
	dst = append(dst, prefix...)
	dst = binary.AppendUvarint(dst, uint64(len(body)))
	return append(dst, body...)
}

// nodeAt reads the node at an offset of the section; ok is false unless all of it lies inside.
func (s *Snapshot) nodeAt(off uint64) (n rawNode, ok bool) {
	if off >= uint64(len(s.nodes)) {
		return n, false
	}
	b := s.nodes[off:]
	suffix, used := uvarint(b)
	if used == 0 || suffix >= uint64(len(s.suffixes)) || used >= len(b) {
		return n, false
	}
	size := int(b[used])
	at := used + 1 + size
	if at > len(b) {
		return n, false
	}
	n.prefix = b[used+1 : at]
	bodySize, used := uvarint(b[at:])
	at += used
	if used == 0 || bodySize > uint64(len(b)-at) {
		return n, false
	}
	n.body = b[at : at+int(bodySize) : at+int(bodySize)]
	n.next = off + uint64(at) + bodySize
	tail := s.suffixes[suffix:]
	if int(tail[0]) >= len(tail) {
		return n, false
	}
	n.suffix = tail[1 : 1+int(tail[0])]
	return n, true
}

// bodyOf gives the body of the node at an offset if it has this name. It is nodeAt for lookups: it reads no further
// than it must, own labels first, since the suffix is another cache line.
func (s *Snapshot) bodyOf(off uint64, wire []byte) ([]byte, bool) {
	if off >= uint64(len(s.nodes)) {
		return nil, false
	}
	b := s.nodes[off:]
	suffix, at := uvarint(b)
	if at == 0 || at >= len(b) {
		return nil, false
	}
	size := int(b[at])
	b = b[at+1:]
	if size > len(wire) || size > len(b) || string(b[:size]) != string(wire[:size]) {
		return nil, false
	}
	wire, b = wire[size:], b[size:]
	if suffix >= uint64(len(s.suffixes)) {
		return nil, false
	}
	tail := s.suffixes[suffix:]
	if int(tail[0]) != len(wire) || len(wire) >= len(tail) || string(tail[1:1+len(wire)]) != string(wire) {
		return nil, false
	}
	length, at := uvarint(b)
	if at == 0 || length > uint64(len(b)-at) {
		return nil, false
	}
	return b[at : at+int(length) : at+int(length)], true
}

// name gives the node's name in wire form, in buf; it must be well formed.
func (n *rawNode) name(buf []byte) ([]byte, error) {
	wire := append(append(buf[:0], n.prefix...), n.suffix...)
	for i := 0; i < len(wire) && len(wire) <= zone.MaxName; {
		size := int(wire[i])
		if size == 0 && i == len(wire)-1 {
			return wire, nil
		}
		if size == 0 || size > zone.MaxLabel {
			break
		}
		for _, c := range wire[i+1 : min(i+1+size, len(wire))] {
			if 'A' <= c && c <= 'Z' {
				return nil, fmt.Errorf("%w: a name in upper case", ErrCorrupt)
			}
		}
		i += 1 + size
	}
	return nil, fmt.Errorf("%w: a malformed name", ErrCorrupt)
}
