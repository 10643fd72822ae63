package table

import (
	"encoding/binary"
	"fmt"
	"iter"
)

// shard is one shard, decompressed: rows sorted by key, each as key and value with their lengths before them.
// Rows are found by binary search in the octets; nothing is allocated for a row. It does not change.
type shard struct {
	raw []byte
	at  []uint32 // where each row starts
}

// minRow is the least a row takes: two lengths and a key of one octet.
const minRow = 3

func decodeShard(data []byte) (*shard, error) {
	if data == nil {
		return &shard{}, nil
	}
	n, raw, err := unpack(frameShard, data)
	if err != nil {
		return nil, err
	}
	if n > len(raw)/minRow {
		return nil, fmt.Errorf("%w: %d rows in %d octets", errCorrupt, n, len(raw))
	}
	s := &shard{raw: raw, at: make([]uint32, 0, n)}
	last := []byte(nil)
	for pos := 0; pos < len(raw); {
		key, next := field(raw, pos)
		if next < 0 || len(key) == 0 || len(key) > MaxKey || last != nil && string(key) <= string(last) {
			return nil, fmt.Errorf("%w: bad key of row %d", errCorrupt, len(s.at))
		}
		value, end := field(raw, next)
		if end < 0 || len(value) > MaxValue || len(s.at) == n {
			return nil, fmt.Errorf("%w: bad value of row %d", errCorrupt, len(s.at))
		}
		s.at = append(s.at, uint32(pos))
		pos, last = end, key
	}
	if len(s.at) != n {
		return nil, fmt.Errorf("%w: %d rows, %d announced", errCorrupt, len(s.at), n)
	}
	return s, nil
}

func (s *shard) encode() ([]byte, error) { return pack(frameShard, len(s.at), s.raw) }

// field reads one length and its octets; end is -1 when there is no such thing.
func field(raw []byte, pos int) (octets []byte, end int) {
	n, used := binary.Uvarint(raw[pos:])
	if used <= 0 || n > uint64(len(raw)-pos-used) {
		return nil, -1
	}
	pos += used
	end = pos + int(n)
	return raw[pos:end:end], end
}

// row gives row i.
func (s *shard) row(i int) (key, value []byte) {
	key, next := field(s.raw, int(s.at[i]))
	value, _ = field(s.raw, next)
	return key, value
}

// find gives the first row whose key is not below key, and whether it is key's own.
func (s *shard) find(key string) (int, bool) {
	lo, hi := 0, len(s.at)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		k, _ := field(s.raw, int(s.at[mid]))
		switch {
		case string(k) < key:
			lo = mid + 1
		case string(k) == key:
			return mid, true
		default:
			hi = mid
		}
	}
	return lo, false
}

func (s *shard) get(key string) ([]byte, bool) {
	i, ok := s.find(key)
	if !ok {
		return nil, false
	}
	_, value := s.row(i)
	return value, true
}

// all walks the rows in order of their keys; keys are copies, values are not.
func (s *shard) all() iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for i := range s.at {
			if k, v := s.row(i); !yield(string(k), v) {
				return
			}
		}
	}
}

// add appends a row whose key must be above all others.
func (s *shard) add(key string, value []byte) {
	s.at = append(s.at, uint32(len(s.raw)))
	s.raw = binary.AppendUvarint(s.raw, uint64(len(key)))
	s.raw = append(s.raw, key...)
	s.raw = binary.AppendUvarint(s.raw, uint64(len(value)))
	s.raw = append(s.raw, value...)
}

// size is what a shard takes unpacked, in octets.
func (s *shard) size() int { return len(s.raw) + 4*len(s.at) }
