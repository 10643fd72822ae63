package snapshot

import (
	"crypto/sha256"
	"hash"
)

// newContentSum begins to derive a seed from a file's content: whoever has the same content makes the same bytes without
// having agreed on anything (P1), and whoever wants names to collide would have to find them under a hash that every
// name of the file changes. It takes the sections before the index, which do not depend on the seed.
func newContentSum() hash.Hash {
	sum := sha256.New()
	sum.Write([]byte("zonecast seed 2\n"))
	return sum
}

func contentSeed(sum hash.Hash) (seed Seed) {
	copy(seed[:], sum.Sum(nil))
	return seed
}
