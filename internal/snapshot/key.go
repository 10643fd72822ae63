package snapshot

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"zonecast/internal/zone"
)

// A key is a name turned round so that comparing octets gives the canonical order of RFC 4034 6.1, and a name's
// ancestors are prefixes of it: the labels from the root's side, each ended by a zero octet, with the octets 0 and
// 1 inside a label written as 1,1 and 1,2. The root's key is empty.
const keyEscape = 1

// maxKey is the longest key: every octet of a name escaped.
const maxKey = 2 * zone.MaxName

func appendKey[T ~string | ~[]byte](dst []byte, wire T) []byte {
	var at [zone.MaxName/2 + 1]uint8
	count := 0
	for i := 0; i < len(wire) && wire[i] != 0 && count < len(at); i += 1 + int(wire[i]) {
		at[count] = uint8(i)
		count++
	}
	for count--; count >= 0; count-- {
		start := int(at[count]) + 1
		for _, c := range []byte(wire[start : start+int(wire[start-1])]) {
			if c <= keyEscape {
				dst = append(dst, keyEscape, c+1)
			} else {
				dst = append(dst, c)
			}
		}
		dst = append(dst, 0)
	}
	return dst
}

// appendWire is the inverse of appendKey for the name whose key ends at the end of key and whose ancestor's key
// is the first from octets: it writes the labels below that ancestor, and the root's octet if from is 0.
func appendWire(dst, key []byte, from int) []byte {
	for end := len(key); end > from; {
		start := from + bytes.LastIndexByte(key[from:end-1], 0) + 1
		size := len(dst)
		dst = append(dst, 0)
		for i := start; i < end-1; i++ {
			c := key[i]
			if c == keyEscape {
				i++
				c = key[i] - 1
			}
			dst = append(dst, c)
		}
		dst[size] = byte(len(dst) - size - 1)
		end = start
	}
	if from == 0 {
		dst = append(dst, 0)
	}
	return dst
}

func nameOfKey(key []byte) zone.Name {
	var buf [zone.MaxName]byte
	return zone.Name(appendWire(buf[:0], key, 0))
}

// commonPrefix counts the leading octets that a and b share.
func commonPrefix(a, b []byte) int {
	n := min(len(a), len(b))
	i := 0
	for ; i+8 <= n; i += 8 {
		if x := binary.LittleEndian.Uint64(a[i:]) ^ binary.LittleEndian.Uint64(b[i:]); x != 0 {
			return i + bits.TrailingZeros64(x)/8
		}
	}
	for ; i < n && a[i] == b[i]; i++ {
	}
	return i
}
