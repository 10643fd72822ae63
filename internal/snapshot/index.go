package snapshot

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

// A bucket is one cache line: nine 16-bit tags, nine 40-bit node offsets, and an octet with the number of entries
// in use (low four bits) and whether some name that belongs here stands in a later bucket (high bit).
const (
	bucketEntries  = 9
	bucketOffsets  = 2 * bucketEntries
	bucketControl  = bucketSize - 1
	bucketOverflow = 0x80
	offsetSize     = 5
	maxOffset      = 1<<(8*offsetSize) - 1
)

// bucketLoad is the mean of entries per bucket: at 6.5 of 9 one bucket in nine overflows, and a name costs ten
// octets of index.
const bucketLoad = 6.5

// maxProbe bounds the buckets that one lookup reads, whatever the file says. With bucketLoad the longest run
// seen at ten million names is 12.
const maxProbe = 64

type indexEntry struct{ hash, offset uint64 }

// split gives the home bucket, from the hash's high bits, and the tag, from its low ones.
func split(hash, buckets uint64) (home uint64, tag uint16) {
	home, _ = bits.Mul64(hash, buckets)
	return home, uint16(hash)
}

// buildIndex fills the buckets in the order of entries, so that the same entries give the same octets.
func buildIndex(entries []indexEntry) ([]byte, error) {
	for buckets := uint64(float64(len(entries))/bucketLoad) + 1; buckets <= 4*uint64(len(entries))+4; buckets += buckets/4 + 1 {
		index := make([]byte, buckets*bucketSize)
		if fillIndex(index, buckets, entries) {
			return index, nil
		}
	}
	return nil, errors.New("index: too many names with one hash")
}

func fillIndex(index []byte, buckets uint64, entries []indexEntry) bool {
	for _, e := range entries {
		at, tag := split(e.hash, buckets)
		for probe := 0; ; probe++ {
			if probe == maxProbe {
				return false
			}
			bucket := index[at*bucketSize:][:bucketSize]
			used := int(bucket[bucketControl] & 0xf)
			if used < bucketEntries {
				binary.LittleEndian.PutUint16(bucket[2*used:], tag)
				putOffset(bucket[bucketOffsets+offsetSize*used:], e.offset)
				bucket[bucketControl]++
				break
			}
			bucket[bucketControl] |= bucketOverflow
			if at++; at == buckets {
				at = 0
			}
		}
	}
	return true
}

func putOffset(b []byte, v uint64) {
	binary.LittleEndian.PutUint32(b, uint32(v))
	b[4] = byte(v >> 32)
}

func getOffset(b []byte) uint64 {
	return uint64(binary.LittleEndian.Uint32(b)) | uint64(b[4])<<32
}

// find gives the node with this lower-case wire name, whose hash is given, and where it stands.
func (s *Snapshot) find(hash uint64, wire []byte) (rawNode, uint64, bool) {
	at, tag := split(hash, s.buckets)
	for range maxProbe {
		if (at+1)*bucketSize > uint64(len(s.index)) {
			return rawNode{}, 0, false // closed
		}
		bucket := s.index[at*bucketSize:][:bucketSize:bucketSize]
		for i := range min(int(bucket[bucketControl]&0xf), bucketEntries) {
			if binary.LittleEndian.Uint16(bucket[2*i:]) != tag {
				continue
			}
			off := getOffset(bucket[bucketOffsets+offsetSize*i:])
			if n, ok := s.nodeAt(off); ok && n.is(wire) {
				return n, off, true
			}
		}
		if bucket[bucketControl]&bucketOverflow == 0 {
			return rawNode{}, 0, false
		}
		if at++; at == s.buckets {
			at = 0
		}
	}
	return rawNode{}, 0, false
}

// Find looks a name up by its wire form, which must be in lower case. It allocates nothing.
func (s *Snapshot) Find(wire []byte) (Ref, bool) {
	n, _, ok := s.find(s.hash.sum(wire), wire)
	return Ref{n.body}, ok
}
