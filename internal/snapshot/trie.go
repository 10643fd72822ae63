package snapshot

import (
	"iter"
	"math/bits"
	"slices"

	"zonecast/internal/zone"
)

// trie is a persistent hash trie (Bagwell's HAMT, 64 ways): the names that deltas changed. Adding to one makes
// a new one that shares all but a path of two or three nodes, so that a delta of one name costs a microsecond
// whatever came before it, and never the pause of a large merge.
type trie struct {
	present uint64 // bit i: a slot for hash digit i
	slots   []slot // in order of digit
	by      *edit  // the Apply that made the node and may still change it
}

// slot holds a leaf or a node below.
type slot struct {
	leaf *leaf
	node *trie
}

// leaf is one changed name. Names with equal hashes hang on each other.
type leaf struct {
	hash   uint64
	name   zone.Name
	state  State
	body   []byte // of Data
	hidden bool   // when it was put
	next   *leaf
}

// edit marks the nodes of one Apply; what it counts is names added.
type edit struct{ added int }

const (
	trieBits = 6
	trieMask = 1<<trieBits - 1
)

// find takes the wire form, so that looking up allocates nothing.
func (t *trie) find(hash uint64, wire []byte) *leaf {
	for digits := hash; t != nil; digits >>= trieBits {
		bit := uint64(1) << (digits & trieMask)
		if t.present&bit == 0 {
			return nil
		}
		s := t.slots[bits.OnesCount64(t.present&(bit-1))]
		for l := s.leaf; l != nil; l = l.next {
			if l.hash == hash && string(l.name) == string(wire) {
				return l
			}
		}
		t = s.node
	}
	return nil
}

// put gives the trie with a leaf added or replaced; shift is the depth times trieBits.
func (t *trie) put(e *edit, l *leaf, shift int) *trie {
	switch {
	case t == nil:
		t = &trie{by: e}
	case t.by != e:
		t = &trie{present: t.present, slots: slices.Clone(t.slots), by: e}
	}
	bit := uint64(1) << (l.hash >> shift & trieMask)
	at := bits.OnesCount64(t.present & (bit - 1))
	if t.present&bit == 0 {
		t.present |= bit
		t.slots = slices.Insert(t.slots, at, slot{leaf: l})
		e.added++
		return t
	}
	s := &t.slots[at]
	switch {
	case s.node != nil:
		s.node = s.node.put(e, l, shift+trieBits)
	case s.leaf.hash == l.hash:
		s.leaf = e.replace(s.leaf, l)
	default: // two leaves share this digit: push the old one down
		down := &trie{by: e}
		e.added--
		s.node = down.put(e, s.leaf, shift+trieBits).put(e, l, shift+trieBits)
		s.leaf = nil
	}
	return t
}

// replace gives the chain of equal hashes with l in it.
func (e *edit) replace(chain, l *leaf) *leaf {
	e.added++
	for old := chain; old != nil; old = old.next {
		if old.name == l.name {
			e.added--
		} else {
			kept := *old
			kept.next, l.next = l.next, &kept
		}
	}
	return l
}

// all gives the leaves in no order that means anything.
func (t *trie) all() iter.Seq[*leaf] {
	return func(yield func(*leaf) bool) { t.visit(yield) }
}

func (t *trie) visit(yield func(*leaf) bool) bool {
	if t == nil {
		return true
	}
	for _, s := range t.slots {
		for l := s.leaf; l != nil; l = l.next {
			if !yield(l) {
				return false
			}
		}
		if !s.node.visit(yield) {
			return false
		}
	}
	return true
}
