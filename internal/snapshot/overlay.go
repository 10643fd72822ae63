package snapshot

import (
	"encoding/binary"
	"runtime"
	"sync"
	"sync/atomic"
)

// overlay holds the names that deltas changed, in memory that the garbage collector does not see: a hash table of
// records that are only ever added to. A record of a name points to the one before it, so that every view finds what
// was there at its moment while the next version is being written: one writes at a time (mu), readers take no lock.
//
// A table that is full, of live records or of ones that newer ones replaced, is not extended: the view's next
// version begins another one with its live records and as much room again. The old one goes when the garbage collector
// has found the last view over it dead, so whoever reads must hold the view meanwhile (runtime.KeepAlive).
type overlay struct {
	slots []uint64 // open addressing, a power of two: 24 bits of the hash over 40 of the newest record's place; 0 is free
	bloom []uint64 // a word for eight slots: four bits for each name with its home among them
	arena []byte   // records, each at a multiple of 8

	mu     sync.Mutex
	newest uint32 // version begun last
	names  int    // slots used
	end    int    // of the records in the arena
}

const (
	slotPlace = 1<<40 - 1
	slotTag   = ^uint64(slotPlace)

	minSlots = 256
	minArena = 32 << 10
	maxLoad  = 0.75 // of the slots
)

// newOverlay has room for twice the octets, and half as many names again, as it is to begin with.
func newOverlay(names, octets int) *overlay {
	slots := minSlots
	for slots < 2*names {
		slots *= 2
	}
	arena := max(minArena, alignWord(2*octets))
	words, free := offHeap(8*slots + slots + arena)
	o := &overlay{slots: words[:slots:slots], bloom: words[slots : slots+slots/8 : slots+slots/8], arena: asOctets(words[slots+slots/8:])}
	o.end = recordHead // place 0 is none
	runtime.AddCleanup(o, func(free func()) { free() }, free)
	return o
}

func alignWord(n int) int { return (n + 7) &^ 7 }

// fits tells whether so many more names and octets have room.
func (o *overlay) fits(names, octets int) bool {
	return float64(o.names+names) <= maxLoad*float64(len(o.slots)) && octets <= len(o.arena)-o.end
}

// bloomBits are the four bits of a name in its word. They are of other bits of the hash than the word.
func bloomBits(hash uint64) uint64 {
	return 1<<(hash>>40&63) | 1<<(hash>>46&63) | 1<<(hash>>52&63) | 1<<(hash>>58)
}

// find gives the record of a name at a moment, or none.
func (o *overlay) find(at *moment, hash uint64, wire []byte) record {
	if !o.touched(hash) {
		return nil
	}
	r, _ := o.head(hash, wire)
	return o.seen(at, r)
}

// touched tells whether the filter lets a name through: a name that no delta touched costs this word.
func (o *overlay) touched(hash uint64) bool {
	bits := bloomBits(hash)
	return atomic.LoadUint64(&o.bloom[hash&uint64(len(o.slots)-1)/8])&bits == bits
}

// warm reads the slots and records that find begins with, as Snapshot.warm does in a base.
//
//go:noinline
func (o *overlay) warm(hashes []uint64) (read byte) {
	mask := uint64(len(o.slots) - 1)
	for _, hash := range hashes {
		if o.touched(hash) {
			read ^= byte(atomic.LoadUint64(&o.slots[hash&mask]))
		}
	}
	for _, hash := range hashes {
		if o.touched(hash) {
			read ^= o.arena[atomic.LoadUint64(&o.slots[hash&mask])&slotPlace]
		}
	}
	return read
}

// head gives the newest record of a name, and its slot or the free one where it belongs.
func (o *overlay) head(hash uint64, wire []byte) (r record, slot uint64) {
	mask := uint64(len(o.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		v := atomic.LoadUint64(&o.slots[i])
		if v == 0 {
			return nil, i
		}
		if (v^hash)&slotTag == 0 {
			if r := o.record(v & slotPlace); string(r.name()) == string(wire) {
				return r, i
			}
		}
	}
}

// seen gives the newest record at or before r that a view sees.
func (o *overlay) seen(at *moment, r record) record {
	for r != nil && !at.sees(r.version()) {
		r = o.record(r.older())
	}
	return r
}

// all gives the records that a view sees, in no order that means anything.
func (o *overlay) all(at *moment, yield func(place uint64, r record) bool) {
	for i := range o.slots {
		if v := atomic.LoadUint64(&o.slots[i]); v != 0 {
			r, place := o.record(v&slotPlace), v&slotPlace
			for r != nil && !at.sees(r.version()) {
				place = r.older()
				r = o.record(place)
			}
			if r != nil && !yield(place, r) {
				return
			}
		}
	}
}

// put adds a record and gives it with the one that it replaces at this moment. There is room; mu is held.
func (o *overlay) put(at *moment, hash uint64, c change) (added, replaced record) {
	head, slot := o.head(hash, c.name)
	older := uint64(0)
	if head != nil {
		older = o.slots[slot] & slotPlace
	} else {
		o.names++
		word := &o.bloom[hash&uint64(len(o.slots)-1)/8]
		atomic.StoreUint64(word, *word|bloomBits(hash))
	}
	place := o.end
	o.end += c.write(o.arena[place:], at.version, older)
	// Whoever sees the slot sees the record: sync/atomic orders the two.
	atomic.StoreUint64(&o.slots[slot], hash&slotTag|uint64(place))
	return o.record(uint64(place)), o.seen(at, head)
}

// A record is a head of 16 octets (version, length of the body; place of the older record in 40 bits, state, whether
// the name was hidden, length of the name), name and body.
type record []byte

const recordHead = 16

// change is a record to be.
type change struct {
	name, body []byte
	state      State
	hidden     bool
}

func (c *change) size() int { return alignWord(recordHead + len(c.name) + len(c.body)) }

func (c *change) write(b []byte, version uint32, older uint64) int {
	flags := uint64(c.state)
	if c.hidden {
		flags |= 1 << 7
	}
	binary.LittleEndian.PutUint32(b, version)
	binary.LittleEndian.PutUint32(b[4:], uint32(len(c.body))) //nolint:gosec // zone.MaxRRset for each of 65,536 types
	binary.LittleEndian.PutUint64(b[8:], older|flags<<40|uint64(len(c.name))<<48)
	copy(b[recordHead:], c.name)
	copy(b[recordHead+len(c.name):], c.body)
	return c.size()
}

// record at a place; none at 0.
func (o *overlay) record(place uint64) record {
	if place == 0 {
		return nil
	}
	return o.arena[place:]
}

func (r record) word() uint64    { return binary.LittleEndian.Uint64(r[8:]) }
func (r record) version() uint32 { return binary.LittleEndian.Uint32(r) }
func (r record) older() uint64   { return r.word() & slotPlace }
func (r record) state() State    { return State(r.word() >> 40 & 3) }
func (r record) hidden() bool    { return r.word()>>47&1 != 0 }
func (r record) name() []byte    { return r[recordHead:][:r.word()>>48&0xff] }

func (r record) body() []byte {
	start, size := recordHead+int(r.word()>>48&0xff), int(binary.LittleEndian.Uint32(r[4:]))
	return r[start : start+size : start+size]
}

func (r record) change() change {
	return change{name: r.name(), body: r.body(), state: r.state(), hidden: r.hidden()}
}
