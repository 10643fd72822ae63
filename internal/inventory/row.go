package inventory

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
)

// Row is the value of an entity's row in a table inventory.<source> (key: Key).
type Row struct {
	Rev      uint64
	Feed     string  // that owns it, or that deleted it
	Born     uint64  // revision of the reborn put that began this life, plus one; 0: none
	Deleted  int64   // Unix seconds; 0: it lives. A tombstone is kept for TombstoneAge
	Numbered bool    // a tombstone's delete came with its own revision
	Attrs    []byte  // canonical, as they were sent; nil in a tombstone
	Given    []Given // by module, sorted: what it gave, so that a change touches those names only
}

// Given is the owner names at which a module contributes records for an entity.
type Given struct {
	Module  string
	Held    bool     // its newest evaluation failed: the names are of the last good one
	Guarded bool     // it gives nothing any more, as too many others of the module do: the names stay until somebody releases them
	Waiting bool     // it is to be asked again of a program of its own: the names are those of before
	Names   []string // owner names in presentation form, sorted
}

// TombstoneAge is how long a delete is remembered, in seconds (DESIGN): a late put of an older revision within it is ignored.
const TombstoneAge = 7 * 24 * 3600

// Gone tells whether the row is a tombstone.
func (r Row) Gone() bool { return r.Deleted != 0 }

// ErrCorrupt is a row that cannot be decoded.
var ErrCorrupt = errors.New("corrupt inventory row")

const rowFormat = 1

const (
	flagNumbered = 1 << iota
	flagHeld
	flagGuarded
	flagWaiting
)

// Encode makes the row's value.
func (r Row) Encode() []byte {
	b := make([]byte, 0, len(r.Attrs)+256)
	flags := byte(0)
	if r.Numbered {
		flags |= flagNumbered
	}
	b = append(b, rowFormat, flags)
	b = binary.AppendUvarint(b, r.Rev)
	b = binary.AppendUvarint(b, r.Born)
	b = binary.AppendUvarint(b, uint64(r.Deleted))
	b = appendBytes(b, r.Feed)
	b = appendBytes(b, r.Attrs)
	b = binary.AppendUvarint(b, uint64(len(r.Given)))
	for _, g := range r.Given {
		b = appendBytes(b, g.Module)
		flags := byte(0)
		if g.Held {
			flags |= flagHeld
		}
		if g.Guarded {
			flags |= flagGuarded
		}
		if g.Waiting {
			flags |= flagWaiting
		}
		b = append(b, flags)
		b = binary.AppendUvarint(b, uint64(len(g.Names)))
		for _, n := range g.Names {
			b = appendBytes(b, n)
		}
	}
	return b
}

func appendBytes[T string | []byte](b []byte, s T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// DecodeRow reads what Encode made. Attrs points into b.
func DecodeRow(b []byte) (r Row, err error) {
	d := decoder{b: b}
	if v := d.byte(); v != rowFormat {
		return r, fmt.Errorf("%w: format %d", ErrCorrupt, v)
	}
	r.Numbered = d.byte()&flagNumbered != 0
	r.Rev, r.Born, r.Deleted = d.uint(), d.uint(), int64(d.uint())
	r.Feed = string(d.bytes())
	if attrs := d.bytes(); len(attrs) > 0 {
		r.Attrs = attrs
	}
	if n := d.count(); n > 0 {
		r.Given = make([]Given, n)
		for i := range r.Given {
			g := Given{Module: string(d.bytes())}
			flags := d.byte()
			g.Held, g.Guarded, g.Waiting = flags&flagHeld != 0, flags&flagGuarded != 0, flags&flagWaiting != 0
			if n := d.count(); n > 0 {
				g.Names = make([]string, n)
				for j := range g.Names {
					g.Names[j] = string(d.bytes())
				}
			}
			r.Given[i] = g
		}
	}
	if d.bad || len(d.b) > 0 {
		return Row{}, ErrCorrupt
	}
	return r, nil
}

type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) byte() byte {
	if len(d.b) == 0 {
		d.bad = true
		return 0
	}
	c := d.b[0]
	d.b = d.b[1:]
	return c
}

func (d *decoder) uint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.bad, d.b = true, nil
		return 0
	}
	d.b = d.b[n:]
	return v
}

// count reads the number of items that follow, each an octet long at least.
func (d *decoder) count() int {
	n := d.uint()
	if n > uint64(len(d.b)) {
		d.bad, d.b = true, nil
		return 0
	}
	return int(n)
}

func (d *decoder) bytes() []byte {
	n := d.count()
	s := d.b[:n:n]
	d.b = d.b[n:]
	return s
}

func utoa(n uint64) string { return strconv.FormatUint(n, 10) }

// Peek reads the owner feed alone, for walks over all rows; live is false for a tombstone.
func Peek(b []byte) (feed string, live bool, err error) {
	d := decoder{b: b}
	if v := d.byte(); v != rowFormat {
		return "", false, fmt.Errorf("%w: format %d", ErrCorrupt, v)
	}
	d.byte()
	d.uint()
	d.uint()
	live = d.uint() == 0
	feed = string(d.bytes())
	if d.bad {
		return "", false, ErrCorrupt
	}
	return feed, live, nil
}
