package snapshot

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"slices"
)

// contentSum derives a seed from a file's content: whoever has the same content makes the same bytes without
// having agreed on anything (P1), and whoever wants names to collide would have to find them under a hash that every
// name of the file changes.
type contentSum struct {
	hash.Hash
	size [8]byte
}

func newContentSum(zones []Zone) *contentSum {
	s := &contentSum{Hash: sha256.New()}
	s.Write([]byte("zonecast seed 1\n"))
	zones = slices.SortedFunc(slices.Values(zones), func(a, b Zone) int { return a.Apex.Compare(b.Apex) })
	for _, z := range zones {
		s.add([]byte(z.describe()), nil)
	}
	return s
}

// add takes the nodes with records in canonical order.
func (s *contentSum) add(key, body []byte) {
	for _, b := range [][]byte{key, body} {
		binary.BigEndian.PutUint64(s.size[:], uint64(len(b)))
		s.Write(s.size[:])
		s.Write(b)
	}
}

func (s *contentSum) seed() (seed Seed) {
	copy(seed[:], s.Sum(nil))
	return seed
}

// contentSeed of what the view holds.
func (v *View) contentSeed() (Seed, error) {
	sum := newContentSum(v.zones.list)
	err := v.scan(nil, func(key, body []byte) bool {
		if len(body) > 0 {
			sum.add(key, body)
		}
		return true
	})
	return sum.seed(), err
}

// contentSeed of what was added; the items are sorted then.
func (b *Builder) contentSeed() Seed {
	b.sort()
	sum := newContentSum(b.zones)
	for _, item := range b.items {
		sum.add(b.arena.key(item), b.arena.body(item))
	}
	return sum.seed()
}

func (b *Builder) sort() {
	if b.order {
		return
	}
	slices.SortFunc(b.items, func(x, y uint64) int { return bytes.Compare(b.arena.key(x), b.arena.key(y)) })
	b.order = true
}
