// Package row defines what the tables hold: the typed rows through which the stages meet, and their compact,
// deterministic encodings. The first octet of every binary row is its format version.
package row

import (
	"encoding/binary"
	"errors"
	"fmt"

	"zonecast/internal/zone"
)

// ErrCorrupt is a row that cannot be decoded.
var ErrCorrupt = errors.New("corrupt row")

const format = 1

// maxItems bounds counts read from a row, against hostile lengths.
const maxItems = 1 << 20

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// rotateShift is where the rotation stands in the number that holds the TTL in its low 32 bits.
const rotateShift = 32

func appendSet(b []byte, s zone.RRset) []byte {
	b = binary.AppendUvarint(b, uint64(s.Type))
	b = binary.AppendUvarint(b, uint64(s.TTL)|uint64(s.Rotate)<<rotateShift)
	b = binary.AppendUvarint(b, uint64(len(s.Data)))
	for _, d := range s.Data {
		b = appendString(b, string(d))
	}
	return b
}

func appendSets(b []byte, sets []zone.RRset) []byte {
	b = binary.AppendUvarint(b, uint64(len(sets)))
	for _, s := range sets {
		b = appendSet(b, s)
	}
	return b
}

// reader decodes; the first fault sticks and empties the rest.
type reader struct {
	b   []byte
	err error
}

func open(b []byte) *reader {
	r := &reader{b: b}
	if v := r.byte(); r.err == nil && v != format {
		r.err = fmt.Errorf("%w: format %d, this program reads %d", ErrCorrupt, v, format)
	}
	return r
}

func (r *reader) fail() {
	if r.err == nil {
		r.err = ErrCorrupt
	}
	r.b = nil
}

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.fail()
		return 0
	}
	v := r.b[0]
	r.b = r.b[1:]
	return v
}

func (r *reader) uint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) int() int64 { // zig-zag is not needed: times before 1970 do not occur
	return int64(r.uint())
}

func (r *reader) count() int {
	n := r.uint()
	if n > maxItems || n > uint64(len(r.b)) {
		r.fail()
		return 0
	}
	return int(n)
}

func (r *reader) string() string {
	n := r.uint()
	if n > uint64(len(r.b)) {
		r.fail()
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}

func (r *reader) name() zone.Name {
	s := r.string()
	if s == "" {
		return ""
	}
	n, used, err := zone.NameFromWire([]byte(s))
	if err != nil || used != len(s) {
		r.fail()
		return ""
	}
	return n
}

func (r *reader) set() zone.RRset {
	s := zone.RRset{Type: zone.Type(r.uint())}
	ttl := r.uint()
	s.TTL, s.Rotate = uint32(ttl), zone.Rotation(ttl>>rotateShift)
	if !s.Rotate.Valid() || ttl>>rotateShift != uint64(s.Rotate) {
		r.fail()
	}
	if n := r.count(); n > 0 {
		s.Data = make([]zone.Rdata, n)
		for i := range s.Data {
			s.Data[i] = zone.Rdata(r.string())
		}
	}
	return s
}

func (r *reader) sets() []zone.RRset {
	n := r.count()
	if n == 0 {
		return nil
	}
	sets := make([]zone.RRset, n)
	for i := range sets {
		sets[i] = r.set()
	}
	return sets
}

func (r *reader) end() error {
	if r.err == nil && len(r.b) > 0 {
		r.err = fmt.Errorf("%w: %d octets too many", ErrCorrupt, len(r.b))
	}
	return r.err
}
