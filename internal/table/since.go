package table

import (
	"context"
	"errors"

	"zonecast/internal/store"
)

// Since gives the keys that a table's log says were changed after a position, up to a head; ok is false when the log
// does not reach back, or not to this table's past. It is a short cut for who compares everything afterwards.
func Since(ctx context.Context, st store.Store, name string, from Position, to Head) (keys []string, ok bool, err error) {
	s := source{st: st, name: name}
	changes, err := s.between(ctx, Head{Fence: from.Fence, Seq: from.Seq}, to)
	if errors.Is(err, errGap) || errors.Is(err, errCorrupt) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	for _, c := range changes {
		keys = append(keys, c.Key)
	}
	return keys, true, nil
}
