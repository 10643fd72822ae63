package snapshot

import (
	"encoding/binary"
	"fmt"

	"zonecast/internal/zone"
)

// reader decodes octets from outside; the first fault sticks and empties the rest.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail(what string) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s", ErrCorrupt, what)
	}
	r.b = nil
}

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.fail("cut short")
		return 0
	}
	v := r.b[0]
	r.b = r.b[1:]
	return v
}

// uint reads a uvarint in its shortest form: one value, one encoding (P1).
func (r *reader) uint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 || (n > 1 && r.b[n-1] == 0) {
		r.fail("bad number")
		return 0
	}
	r.b = r.b[n:]
	return v
}

// count reads the number of items to come, each at least one octet.
func (r *reader) count() int {
	n := r.uint()
	if n > uint64(len(r.b)) {
		r.fail("cut short")
		return 0
	}
	return int(n)
}

func (r *reader) bytes(n uint64) []byte {
	if n > uint64(len(r.b)) {
		r.fail("cut short")
		return nil
	}
	v := r.b[:n]
	r.b = r.b[n:]
	return v
}

// name reads a name of size octets that must be in lower case already.
func (r *reader) name(size int) zone.Name {
	wire := r.bytes(uint64(size))
	if r.err != nil {
		return ""
	}
	n, used, err := zone.NameFromWire(wire)
	if err != nil || used != size || string(n) != string(wire) {
		r.fail("bad name")
		return ""
	}
	return n
}

func (r *reader) end() error {
	if r.err == nil && len(r.b) > 0 {
		r.fail(fmt.Sprintf("%d octets too many", len(r.b)))
	}
	return r.err
}
