package answer

import (
	"math/rand/v2"
	"sync/atomic"

	"zonecast/internal/zone"
)

// turns counts the answers from sets of cyclic rotation, so that each begins one record further, whichever goroutine
// gives it. Owner and type choose the counter: with one for all, a client that asks for A and AAAA in turn would get
// the same A for ever. Two sets that share one still rotate, in larger steps.
var turns [1024]atomic.Uint32

// turn gives an RRset's counter (FNV-1a: a name is short, and only sets that rotate pay for it).
func turn(owner zone.Name, t zone.Type) *atomic.Uint32 {
	hash := uint32(2166136261) ^ uint32(t)
	for i := range len(owner) {
		hash = (hash ^ uint32(owner[i])) * 16777619
	}
	return &turns[(hash>>16^hash)%uint32(len(turns))]
}

// rotated splits a set into what an answer begins with and what follows; tail is empty when the set keeps its order.
func (s rrset) rotated(owner zone.Name) (head, tail rrset) {
	if s.count < 2 {
		return s, rrset{}
	}
	var first uint32
	if s.rotate == zone.RotateRandom {
		first = rand.Uint32N(uint32(s.count))
	} else {
		first = (turn(owner, s.typ).Add(1) - 1) % uint32(s.count)
	}
	head, tail = s, s
	for range first {
		if _, ok := head.record(); !ok {
			return s, rrset{} // fewer records than the file says
		}
	}
	tail.wire = s.wire[:len(s.wire)-len(head.wire)]
	return head, tail
}
