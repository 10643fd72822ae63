package pool

import "github.com/cespare/xxhash/v2"

// score is a member's place in a pool without other order: rendezvous hashing (Thaler and Ravishankar, 1998), so that a member that comes or
// goes moves nobody else. A weight of w is w tickets, of which the best counts: exactly in proportion, and whole numbers on every machine.
func score(owner, entity string, weight uint32) uint64 {
	var h xxhash.Digest
	h.Reset()
	_, _ = h.WriteString(owner)
	_, _ = h.WriteString("\x00")
	_, _ = h.WriteString(entity)
	seed, best := h.Sum64(), uint64(0)
	for i := range max(uint64(weight), 1) {
		best = max(best, mix(seed+i*0x9e3779b97f4a7c15))
	}
	return best
}

// mix is the finalizer of SplitMix64 (Steele, Lea and Flood, 2014).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
