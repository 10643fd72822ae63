package row

import (
	"encoding/binary"
	"iter"
)

// Authors stand after everything else of a row, one for each of its claims or records, and only where there is one: a row
// without them, also of a program that knew none, has the octets it always had.

func appendAuthors(b []byte, authors iter.Seq[string]) []byte {
	some := false
	for a := range authors {
		some = some || a != ""
	}
	if !some {
		return b
	}
	last := ""
	for a := range authors { // mostly the same: 0 stands for the one before
		if a == last {
			b = append(b, 0)
			continue
		}
		b = binary.AppendUvarint(b, uint64(len(a))+1)
		b = append(b, a...)
		last = a
	}
	return b
}

// authors reads what appendAuthors wrote of n, if anything is left.
func (r *reader) authors(n int, set func(i int, author string)) {
	if len(r.b) == 0 {
		return
	}
	last, some := "", false
	for i := range n {
		if size := r.uint(); size > uint64(len(r.b))+1 {
			r.fail()
		} else if size > 0 {
			last = string(r.b[:size-1])
			r.b = r.b[size-1:]
		}
		if r.err != nil {
			return
		}
		some = some || last != ""
		set(i, last)
	}
	if !some {
		r.fail() // written by nobody
	}
}
