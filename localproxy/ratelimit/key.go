package ratelimit

import (
	"crypto/rand"
	"encoding/binary"
	"math/bits"
	"net/netip"

	"zonecast/internal/zone"
)

// keyed makes a bucket's key of what like responses share. The hash is a chain of folded 128-bit products under random
// secrets, as Go's maps use where there are no AES instructions: clients choose the names, but see no hash, so they
// cannot choose names that collide.
type keyed struct {
	secret          [4]uint64
	four, high, low uint64 // masks of networks
}

func newKeyed(four, six int) (keyed, error) {
	var seed [32]byte
	if _, err := rand.Read(seed[:]); err != nil {
		return keyed{}, err
	}
	k := keyed{four: ^uint64(0) << (32 - four), high: ^uint64(0), low: ^uint64(0)}
	if six <= 64 {
		k.high, k.low = k.high<<(64-six), 0
	} else {
		k.low <<= 128 - six
	}
	for i := range k.secret {
		k.secret[i] = binary.LittleEndian.Uint64(seed[8*i:]) | 1 // a product with 0 would forget the rest
	}
	return k, nil
}

// lower folds eight octets at once: letters to lower case, some others together, which does no harm.
const lower = 0x2020202020202020

func (k *keyed) hash(client netip.Addr, kind Kind, name zone.Name) uint64 {
	var high, low uint64
	if client.Is4() || client.Is4In6() {
		b := client.As4()
		high, low = ^uint64(0), uint64(binary.BigEndian.Uint32(b[:]))&k.four
	} else {
		b := client.As16()
		high, low = binary.BigEndian.Uint64(b[:8])&k.high, binary.BigEndian.Uint64(b[8:])&k.low
	}
	h := fold(high^k.secret[0], low^k.secret[1]) ^ uint64(kind)
	for ; len(name) >= 8; name = name[8:] {
		h = fold(h^(word(name)|lower), k.secret[2])
	}
	last := uint64(len(name)) << 56
	for i := range len(name) {
		last |= uint64(name[i]) << (8 * i)
	}
	return fold(h^(last|lower), k.secret[3])
}

// word gives the first eight octets: one load, which the compiler sees.
func word(n zone.Name) uint64 {
	return uint64(n[0]) | uint64(n[1])<<8 | uint64(n[2])<<16 | uint64(n[3])<<24 |
		uint64(n[4])<<32 | uint64(n[5])<<40 | uint64(n[6])<<48 | uint64(n[7])<<56
}

func fold(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	return high ^ low
}
