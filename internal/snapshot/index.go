package snapshot

import (
	"encoding/binary"
	"math/bits"
)

// A bucket is one cache line: nine 16-bit tags, nine 40-bit node offsets, and an octet with the number of entries
// in use (low four bits) and whether some name that belongs here stands in a later bucket (high bit). The highest bit
// of an offset says that a zone cut or a DNAME may hide the node (offsetHidden): a node without it is what a walk from
// its zone's apex down ends at, and one lookup stands for the four or five of that walk.
const (
	bucketEntries  = 9
	bucketOffsets  = 2 * bucketEntries
	bucketControl  = bucketSize - 1
	bucketOverflow = 0x80
	offsetSize     = 5
	offsetHidden   = 1 << (8*offsetSize - 1)
	maxOffset      = offsetHidden - 1
)

// bucketLoad is the mean of entries per bucket: at 6.5 of 9 one bucket in nine overflows, and a name costs ten
// octets of index.
const bucketLoad = 6.5

// maxProbe bounds the buckets that one lookup reads, whatever the file says. With bucketLoad the longest run
// seen at ten million names is 12.
const maxProbe = 64

// split gives the home bucket, from the hash's high bits, and the tag, from its low ones.
func split(hash, buckets uint64) (home uint64, tag uint16) {
	home, _ = bits.Mul64(hash, buckets)
	return home, uint16(hash)
}

// filler fills the buckets of an index in the order of put.
type filler struct {
	index   []byte
	buckets uint64
	full    bool // a name found no place

	wait    [64]struct{ hash, entry uint64 } // put, and not in the index yet
	waiting int
	read    byte
}

// put adds a node's entry: its offset, with offsetHidden. Several go into the index together, because then the reads of their
// buckets from memory do not wait for each other.
func (f *filler) put(hash, entry uint64) {
	f.wait[f.waiting].hash, f.wait[f.waiting].entry = hash, entry
	if f.waiting++; f.waiting == len(f.wait) {
		f.flush()
	}
}

func (f *filler) flush() {
	for _, e := range f.wait[:f.waiting] {
		home, _ := split(e.hash, f.buckets)
		f.read ^= f.index[home*bucketSize]
	}
	for _, e := range f.wait[:f.waiting] {
		f.place(e.hash, e.entry)
	}
	f.waiting = 0
}

func (f *filler) place(hash, entry uint64) {
	at, tag := split(hash, f.buckets)
	for range maxProbe {
		bucket := (*[bucketSize]byte)(f.index[at*bucketSize:])
		used := int(bucket[bucketControl] & 0xf)
		if used < bucketEntries {
			binary.LittleEndian.PutUint16(bucket[2*used:], tag)
			putOffset(bucket[bucketOffsets+offsetSize*used:], entry)
			bucket[bucketControl]++
			return
		}
		bucket[bucketControl] |= bucketOverflow
		if at++; at == f.buckets {
			at = 0
		}
	}
	f.full = true
}

func putOffset(b []byte, v uint64) {
	binary.LittleEndian.PutUint32(b, uint32(v))
	b[4] = byte(v >> 32)
}

func getOffset(b []byte) uint64 {
	return uint64(binary.LittleEndian.Uint32(b)) | uint64(b[4])<<32
}

// find gives the body of the node with this lower-case wire name, whose hash is given, and its entry in the index: its
// offset, and offsetHidden.
func (s *Snapshot) find(hash uint64, wire []byte) (body []byte, entry uint64, ok bool) {
	at, tag := split(hash, s.buckets)
	for range maxProbe {
		if (at+1)*bucketSize > uint64(len(s.index)) {
			return nil, 0, false // closed
		}
		bucket := (*[bucketSize]byte)(s.index[at*bucketSize:])
		for m := matches(bucket, tag); m != 0; m &= m - 1 {
			entry := entryAt(bucket, m)
			if body, ok := s.bodyOf(entry&maxOffset, wire); ok {
				return body, entry, true
			}
		}
		if bucket[bucketControl]&bucketOverflow == 0 {
			return nil, 0, false
		}
		if at++; at == s.buckets {
			at = 0
		}
	}
	return nil, 0, false
}

// matches gives a bit for each entry of a bucket that may have the tag: all nine compared at once (an unused
// entry has tag 0). entryAt knows which bit is whose.
func matches(bucket *[bucketSize]byte, tag uint16) uint64 {
	const lanes = 0x0001_0001_0001_0001
	low := zeroLanes(binary.LittleEndian.Uint64(bucket[:]) ^ uint64(tag)*lanes)
	high := zeroLanes(binary.LittleEndian.Uint64(bucket[8:]) ^ uint64(tag)*lanes)
	m := low>>15 | high>>11
	if binary.LittleEndian.Uint16(bucket[16:]) == tag {
		m |= 1 << 8
	}
	return m
}

// zeroLanes sets the highest bit of each of the four 16-bit lanes that is zero, and no other.
func zeroLanes(v uint64) uint64 {
	const low = 0x7fff_7fff_7fff_7fff
	return ^((v&low + low) | v | low)
}

// entryAt gives the entry that the lowest bit of matches stands for: bits 0, 16, 32 and 48 are the entries 0 to 3,
// bits 4, 20, 36 and 52 the entries 4 to 7, bit 8 is the last.
func entryAt(bucket *[bucketSize]byte, m uint64) uint64 {
	bit := bits.TrailingZeros64(m)
	return getOffset(bucket[bucketOffsets+offsetSize*(bit>>4+bit&12):])
}

// findAt is find for those who want to know where the node stands.
func (s *Snapshot) findAt(hash uint64, wire []byte) (body []byte, at uint64, ok bool) {
	body, entry, ok := s.find(hash, wire)
	return body, entry & maxOffset, ok
}

// Find looks a name up by its wire form, which must be in lower case. It allocates nothing.
func (s *Snapshot) Find(wire []byte) (Ref, bool) {
	body, _, ok := s.find(s.hash.sum(wire), wire)
	return Ref{body}, ok
}

// warm reads the cache lines that find begins with: first all buckets, then the nodes that they lead to. The reads of
// one round do not wait for each other, as those of lookups one after another do. What it gives means nothing.
//
//go:noinline
func (s *Snapshot) warm(hashes []uint64) (read byte) {
	for _, hash := range hashes {
		if at, _ := split(hash, s.buckets); (at+1)*bucketSize <= uint64(len(s.index)) {
			read ^= s.index[at*bucketSize]
		}
	}
	for _, hash := range hashes {
		at, tag := split(hash, s.buckets)
		if (at+1)*bucketSize > uint64(len(s.index)) {
			continue
		}
		bucket := (*[bucketSize]byte)(s.index[at*bucketSize:])
		for m := matches(bucket, tag); m != 0; m &= m - 1 {
			if node := entryAt(bucket, m) & maxOffset; node < uint64(len(s.nodes)) {
				read ^= s.nodes[node] ^ s.nodes[min(node+bucketSize, uint64(len(s.nodes)-1))]
			}
		}
	}
	return read
}
