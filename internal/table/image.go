package table

import (
	"iter"
	"math/bits"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"
)

// image is a table in memory: the shards as they are stored, a tenth of what a map of rows would take, and a few
// of them decompressed. Reading is safe for concurrent use; changing is not.
type image struct {
	shards [][]byte // nil where there is no node; every other one has been decoded once without a fault
	rows   int64
	bytes  int64
	cache  [cacheSlots]atomic.Pointer[cached]
}

// cacheSlots bounds the shards kept decompressed, 50 KB each on the average before shards are doubled. An event
// reads a row and soon writes it: the cache saves the second decoding, it need not hold more.
const cacheSlots = 64

type cached struct {
	index int
	shard *shard
}

func newImage(count int) *image { return &image{shards: make([][]byte, count)} }

func shardOf(key string, count int) int { return int(xxhash.Sum64String(key) & uint64(count-1)) }

// shard gives a shard decompressed.
func (m *image) shard(index int) *shard {
	slot := &m.cache[index%cacheSlots]
	if c := slot.Load(); c != nil && c.index == index {
		return c.shard
	}
	s := m.decode(index)
	slot.Store(&cached{index, s})
	return s
}

func (m *image) decode(index int) *shard {
	s, err := decodeShard(m.shards[index])
	if err != nil {
		panic("table: a verified shard in memory has changed: " + err.Error()) // broken memory, or a caller wrote to a value
	}
	return s
}

// put replaces a shard by its encoded and decoded form.
func (m *image) put(index int, data []byte, s *shard) {
	if old := m.shards[index]; old != nil {
		m.bytes -= int64(len(old))
		m.rows -= int64(frameCount(old))
	}
	m.shards[index] = data
	m.bytes += int64(len(data))
	m.rows += int64(len(s.at))
	m.cache[index%cacheSlots].Store(&cached{index, s})
}

func (m *image) get(key string) ([]byte, bool) {
	i := shardOf(key, len(m.shards))
	if m.shards[i] == nil {
		return nil, false
	}
	return m.shard(i).get(key)
}

func (m *image) all() iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for i, data := range m.shards {
			if data == nil {
				continue
			}
			for k, v := range m.decode(i).all() {
				if !yield(k, v) {
					return
				}
			}
		}
	}
}

// resized gives the same rows in count shards, a larger power of two: shard i goes to i, i+n, i+2n, ...
func (m *image) resized(count int) (*image, error) {
	n := len(m.shards)
	big := newImage(count)
	shift := bits.TrailingZeros(uint(n))
	for i, data := range m.shards {
		if data == nil {
			continue
		}
		parts := make([]*shard, count/n)
		for k, v := range m.decode(i).all() {
			p := shardOf(k, count) >> shift
			if parts[p] == nil {
				parts[p] = &shard{}
			}
			parts[p].add(k, v)
		}
		for p, s := range parts {
			if s == nil {
				continue
			}
			data, err := s.encode()
			if err != nil {
				return nil, err
			}
			big.put(p<<shift|i, data, s)
		}
	}
	return big, nil
}
