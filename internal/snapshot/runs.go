package snapshot

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"runtime"
	"slices"
	"sync"
)

// runs sorts entries, each a key and a payload, that come in any order: they are laid into large pieces of memory
// without pointers; a piece that is full is sorted beside what goes on filling the next, by an index of four octets an
// entry, and merge gives all of them in order. Nothing is copied twice.
type runs struct {
	fill    run
	last    int // where the newest entry of fill begins; -1 is none
	done    []*run
	sorting sync.WaitGroup
	turn    chan []sortItem // as many sort at once as there are processors, each in memory used again
}

// run is a piece. An entry is the lengths of key (2 octets) and payload (4), the key and the payload.
type run struct {
	octets []byte
	at     []uint32 // where the entries begin; in order once it is sorted
}

// A run is small at first, for the many small files that are built, and at most of a size that stays in the
// processor's cache while it is sorted.
const (
	firstRun   = 64 << 10
	maxRun     = 8 << 20
	entryFront = 6
)

func newRuns() *runs {
	r := &runs{last: -1, turn: make(chan []sortItem, runtime.GOMAXPROCS(0))}
	for range cap(r.turn) {
		r.turn <- nil
	}
	return r
}

func (r *run) key(at uint32) []byte {
	b := r.octets[at:]
	end := entryFront + int(binary.LittleEndian.Uint16(b))
	return b[entryFront:end:end]
}

func (r *run) payload(at uint32) []byte {
	b := r.octets[at:]
	start := entryFront + int(binary.LittleEndian.Uint16(b))
	end := start + int(binary.LittleEndian.Uint32(b[2:]))
	return b[start:end:end]
}

// put adds an entry. Entries with equal keys stay in the order in which they came.
func (r *runs) put(key, payload []byte) {
	r.room(entryFront + len(key) + len(payload))
	r.last = len(r.fill.octets)
	r.fill.at = append(r.fill.at, uint32(r.last)) //nolint:gosec // a run is far smaller
	b := binary.LittleEndian.AppendUint16(r.fill.octets, uint16(len(key)))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(payload)))
	r.fill.octets = append(append(b, key...), payload...)
}

// extend adds to the payload of the newest entry, if its run has room; else the caller puts another one of the same key.
func (r *runs) extend(payload []byte) bool {
	if r.last < 0 || cap(r.fill.octets)-len(r.fill.octets) < len(payload) {
		return false
	}
	size := r.fill.octets[r.last+2:]
	binary.LittleEndian.PutUint32(size, binary.LittleEndian.Uint32(size)+uint32(len(payload)))
	r.fill.octets = append(r.fill.octets, payload...)
	return true
}

func (r *runs) room(need int) {
	if cap(r.fill.octets)-len(r.fill.octets) >= need {
		return
	}
	before := r.fill
	r.flush()
	r.fill.octets = make([]byte, 0, max(min(2*cap(before.octets), maxRun), firstRun, need))
	if cap(before.octets) == maxRun { // then the next holds about as many
		r.fill.at = make([]uint32, 0, len(before.at)+len(before.at)/32)
	}
}

// flush hands the run being filled to a goroutine that sorts it.
func (r *runs) flush() {
	if len(r.fill.at) == 0 {
		return
	}
	full := r.fill
	r.fill, r.last = run{}, -1
	r.done = append(r.done, &full)
	r.sorting.Go(func() {
		items := <-r.turn
		r.turn <- full.sort(items)
	})
}

// sortItem is an entry while its run is sorted: eight octets of its key are at hand.
type sortItem struct {
	octets uint64
	at     uint32
}

// sort is a caching multikey quicksort: eight octets of the keys are compared as a number, and those with the same
// eight by the next. What is in order already is only read. It takes and gives memory for items.
func (r *run) sort(items []sortItem) []sortItem {
	first, shared, sorted := r.key(r.at[0]), maxKey, true
	for i, last := 1, first; i < len(r.at); i++ {
		key := r.key(r.at[i])
		shared = min(shared, commonPrefix(first, key))
		sorted = sorted && bytes.Compare(last, key) <= 0
		last = key
	}
	if sorted {
		return items
	}
	items = slices.Grow(items[:0], len(r.at))[:len(r.at)]
	for i, at := range r.at {
		items[i].at = at
	}
	r.sortItems(items, shared)
	for i := range items {
		r.at[i] = items[i].at
	}
	return items
}

// sortItems sorts items whose keys are equal in the first depth octets.
func (r *run) sortItems(items []sortItem, depth int) {
	more := false
	for i := range items {
		key := r.key(items[i].at)
		items[i].octets = eight(key, depth)
		more = more || len(key) > depth+8
	}
	slices.SortFunc(items, func(a, b sortItem) int {
		if a.octets != b.octets {
			return cmp.Compare(a.octets, b.octets)
		}
		return cmp.Compare(a.at, b.at)
	})
	if !more {
		return
	}
	for start := 0; start < len(items); {
		end := start + 1
		for end < len(items) && items[end].octets == items[start].octets {
			end++
		}
		if end > start+1 {
			r.sortItems(items[start:end], depth+8)
		}
		start = end
	}
}

// eight gives the octets of a key from depth on, zeros behind its end: a key has no empty label, so that none but its own
// copies are equal to it then.
func eight(key []byte, depth int) uint64 {
	if depth+8 <= len(key) {
		return binary.BigEndian.Uint64(key[depth:])
	}
	var b [8]byte
	if depth < len(key) {
		copy(b[:], key[depth:])
	}
	return binary.BigEndian.Uint64(b[:])
}
