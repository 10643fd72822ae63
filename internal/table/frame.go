package table

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"sync"

	"github.com/cespare/xxhash/v2"
	"github.com/klauspost/compress/s2"
)

// errCorrupt is a node that cannot be decoded.
var errCorrupt = errors.New("corrupt node")

// The first octet of a node says what it holds, in which format.
const (
	frameShard byte = 0x11
	frameLog   byte = 0x12
)

// maxRaw bounds what a node may become when it is decompressed, in octets: sixteen times store.MaxNode.
const maxRaw = 8 << 20

// pack frames what a shard or a log entry holds: kind, number of entries (so that rows can be counted without
// decompressing), checksum, s2 block. s2 and not zstd: measured on rows of 150 octets a 14 KB shard costs 7 us
// against 41 to encode and 3 against 9 to decode, for nodes half as large again; every event pays that five times.
func pack(kind byte, count int, raw []byte) ([]byte, error) {
	if len(raw) > maxRaw {
		return nil, fmt.Errorf("%w: %d octets in one node, %d at most", ErrTooLarge, len(raw), maxRaw)
	}
	scratch := blocks.Get().(*[]byte)
	defer blocks.Put(scratch)
	if need := s2.MaxEncodedLen(len(raw)); cap(*scratch) < need {
		*scratch = make([]byte, need)
	}
	block := s2.Encode((*scratch)[:cap(*scratch)], raw)
	b := make([]byte, 0, 1+uvarintLen(count)+4+len(block)) // exactly: images keep it
	b = append(b, kind)
	b = binary.AppendUvarint(b, uint64(count))
	b = binary.LittleEndian.AppendUint32(b, uint32(xxhash.Sum64(raw)))
	return append(b, block...), nil
}

// blocks lends room to compress in.
var blocks = sync.Pool{New: func() any { return new([]byte) }}

func uvarintLen(n int) int { return (bits.Len(uint(n|1)) + 6) / 7 }

// unpack undoes pack. It allocates maxRaw octets at most.
func unpack(kind byte, data []byte) (count int, raw []byte, err error) {
	if len(data) == 0 || data[0] != kind {
		return 0, nil, fmt.Errorf("%w: no node of format %#x", errCorrupt, kind)
	}
	n, used := binary.Uvarint(data[1:])
	if used <= 0 || n > maxRaw || len(data) < 1+used+4 {
		return 0, nil, fmt.Errorf("%w: bad count", errCorrupt)
	}
	data = data[1+used:]
	sum, block := binary.LittleEndian.Uint32(data), data[4:]
	size, err := s2.DecodedLen(block)
	if err != nil || size > maxRaw {
		return 0, nil, fmt.Errorf("%w: %d octets decompressed", errCorrupt, size)
	}
	if raw, err = s2.Decode(nil, block); err != nil {
		return 0, nil, fmt.Errorf("%w: %w", errCorrupt, err)
	}
	if uint32(xxhash.Sum64(raw)) != sum {
		return 0, nil, fmt.Errorf("%w: checksum differs", errCorrupt)
	}
	return int(n), raw, nil
}

// frameCount gives the count of a node that has been unpacked before.
func frameCount(data []byte) int {
	n, _ := binary.Uvarint(data[1:])
	return int(n)
}
