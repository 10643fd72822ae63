package answer

import (
	"unsafe"

	"zonecast/internal/zone"
)

// MaxAhead is the most queries that Ahead looks at.
const MaxAhead = 32

// ahead is what is known of queries before they are answered: their names and the hashes of these, in order.
type ahead struct {
	view  View // whose hashes they are
	count int
	next  int // the one that is answered now
	names [MaxAhead]foreseen

	hashes [MaxAhead]uint64 // those of names, together
}

type foreseen struct {
	query  *byte // where the packet begins
	end    int   // of the name in it
	name   zone.Name
	hash   uint64
	folded [foldedSize]byte // memory of name
}

// Ahead reads what the answers to a batch of queries will read first, so that the batch waits for memory once instead of
// once a query: of ten million records hardly any is in the processor's cache. It does nothing where that is not worth
// its cost. The answers are the same without it. The queries must not change until they are answered; call Forget after
// the batch.
func (e *Engine) Ahead(view View, queries [][]byte) {
	e.Forget()
	if len(queries) < minAhead || view == nil || !view.Large() {
		return
	}
	for _, query := range queries[:min(len(queries), MaxAhead)] {
		f := &e.ahead.names[e.ahead.count]
		end, ok := fold(&f.folded, query)
		if !ok {
			continue
		}
		f.query, f.end = unsafe.SliceData(query), end
		f.name = text(f.folded[:end-headerSize])
		f.hash = view.Hash(octets(f.name))
		e.ahead.hashes[e.ahead.count] = f.hash
		e.ahead.count++
	}
	e.ahead.view = view
	view.Warm(e.ahead.hashes[:e.ahead.count])
}

// Forget lets go of the view that Ahead was given: nobody must ask it any more.
func (e *Engine) Forget() {
	a := &e.ahead
	for i := range a.names[:a.count] {
		a.names[i].query = nil
	}
	a.view, a.count, a.next = nil, 0, 0
}

// foresee gives what is known of the query that is answered now, or nil.
func (a *ahead) foresee(query []byte) *foreseen {
	for i := a.next; i < a.count; i++ {
		if f := &a.names[i]; f.query == unsafe.SliceData(query) {
			a.next = i
			return f
		}
	}
	return nil
}

// minAhead is from how many queries on waiting together wins time.
const minAhead = 3

// hash of a name: the one foreseen, if it is this name's, else made now. Those of the queries behind this one stay.
func (r *resolver) hash(n zone.Name) uint64 {
	if a := &r.ahead; a.next < a.count && a.view == r.view {
		if f := &a.names[a.next]; f.name == n {
			return f.hash
		}
	}
	return r.view.Hash(octets(n))
}
