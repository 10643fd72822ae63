package table

import (
	"bytes"
	"fmt"
)

// effective drops the changes that change nothing, in place. Changes are sorted by key, each key once.
func (s *shard) effective(changes []Change) []Change {
	kept := changes[:0]
	for _, c := range changes {
		old, ok := s.get(c.Key)
		if differs(old, ok, c.Value) {
			kept = append(kept, c)
		}
	}
	return kept
}

// differs tells whether value, nil for a deletion, would change what is there.
func differs(old []byte, ok bool, value []byte) bool {
	return (value != nil) != ok || !bytes.Equal(old, value)
}

// merge gives the shard with changes, which are sorted by key, each key once.
func (s *shard) merge(changes []Change) (*shard, error) {
	size := len(s.raw)
	for _, c := range changes {
		size += c.size()
	}
	if size > 2*maxRaw {
		return nil, fmt.Errorf("%w: %d octets in one shard", ErrTooLarge, size)
	}
	m := &shard{raw: make([]byte, 0, size), at: make([]uint32, 0, len(s.at)+len(changes))}
	from := 0
	for _, c := range changes {
		i, ok := s.find(c.Key)
		m.copy(s, from, i)
		if from = i; ok {
			from++
		}
		if c.Value != nil {
			m.add(c.Key, c.Value)
		}
	}
	m.copy(s, from, len(s.at))
	return m, nil
}

// copy appends rows from (included) to to (excluded) of another shard.
func (s *shard) copy(o *shard, from, to int) {
	if from >= to {
		return
	}
	start, end := o.at[from], uint32(len(o.raw))
	if to < len(o.at) {
		end = o.at[to]
	}
	shift := uint32(len(s.raw)) - start // wraps, and wraps back below
	for _, at := range o.at[from:to] {
		s.at = append(s.at, at+shift)
	}
	s.raw = append(s.raw, o.raw[start:end]...)
}
