package table

import "errors"

// Errors that callers decide on.
var (
	ErrFenced   = errors.New("fenced: another writer has taken over the table")
	ErrNotFound = errors.New("no such table")
	ErrTooLarge = errors.New("too large for a table")
)

// Bounds, in octets.
const (
	MaxValue = 128 << 10
	MaxKey   = 4 << 10 // an owner name in presentation form is 1,004 at most
)

// Change is one key's new value; a nil Value is a deletion.
type Change struct {
	Key   string
	Value []byte
}

// size bounds what the change takes in a log entry or a shard, in octets.
func (c Change) size() int { return len(c.Key) + len(c.Value) + 8 }

// Position is a place in a table's history. It never goes back.
type Position struct {
	Fence uint64 `json:"fence"`
	Seq   uint64 `json:"seq"`
}

// Before tells whether p lies earlier in the history than q.
func (p Position) Before(q Position) bool {
	return p.Fence < q.Fence || p.Fence == q.Fence && p.Seq < q.Seq
}
