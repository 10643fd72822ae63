package table

import (
	"encoding/binary"
	"fmt"
)

// A log entry holds changes one after the other: key with its length before it, then 0 for a deletion, or the
// value's length and one more, and the value.

func encodeLog(changes []Change) ([]byte, error) {
	size := 0
	for _, c := range changes {
		size += c.size()
	}
	raw := make([]byte, 0, size)
	for _, c := range changes {
		raw = binary.AppendUvarint(raw, uint64(len(c.Key)))
		raw = append(raw, c.Key...)
		if c.Value == nil {
			raw = append(raw, 0)
			continue
		}
		raw = binary.AppendUvarint(raw, uint64(len(c.Value))+1)
		raw = append(raw, c.Value...)
	}
	return pack(frameLog, len(changes), raw)
}

func decodeLog(data []byte) ([]Change, error) {
	n, raw, err := unpack(frameLog, data)
	if err != nil {
		return nil, err
	}
	if n > len(raw)/minRow {
		return nil, fmt.Errorf("%w: %d changes in %d octets", errCorrupt, n, len(raw))
	}
	changes := make([]Change, 0, n)
	for pos := 0; pos < len(raw); {
		key, next := field(raw, pos)
		if next < 0 || len(key) == 0 || len(key) > MaxKey || len(changes) == n {
			return nil, fmt.Errorf("%w: bad key of change %d", errCorrupt, len(changes))
		}
		size, used := binary.Uvarint(raw[next:])
		if used <= 0 || size > MaxValue+1 || size > uint64(len(raw)-next-used)+1 {
			return nil, fmt.Errorf("%w: bad value of change %d", errCorrupt, len(changes))
		}
		pos = next + used
		c := Change{Key: string(key)}
		if size > 0 {
			end := pos + int(size) - 1
			c.Value, pos = raw[pos:end:end], end
		}
		changes = append(changes, c)
	}
	if len(changes) != n {
		return nil, fmt.Errorf("%w: %d changes, %d announced", errCorrupt, len(changes), n)
	}
	return changes, nil
}
