// Package table keeps a sharded, single-writer map from key to value in the store, with atomic commits and
// change following; everything between the stages is one.
package table

import (
	"context"
	"errors"
	"iter"
	"time"

	"zonecast/internal/store"
)

// Errors that callers decide on.
var (
	ErrFenced   = errors.New("fenced: another writer has taken over the table")
	ErrNotFound = errors.New("no such table")
	ErrTooLarge = errors.New("value too large")
)

// MaxValue bounds one value, in octets.
const MaxValue = 128 << 10

// Change is one key's new value; a nil Value is a deletion.
type Change struct {
	Key   string
	Value []byte
}

// Position is a place in a table's history. It never goes back.
type Position struct {
	Fence uint64 `json:"fence"`
	Seq   uint64 `json:"seq"`
}

// Head is what a table's head node says.
type Head struct {
	Shards  int                 `json:"shards"`   // a power of two
	Fence   uint64              `json:"fence"`    // raised by each new writer
	Seq     uint64              `json:"seq"`      // commits with changes so far
	Commit  string              `json:"commit"`   // id of the last commit, hex
	Open    bool                `json:"open"`     // a group of commits is under way
	LogFrom uint64              `json:"log_from"` // first sequence still in the log
	Inputs  map[string]Position `json:"inputs"`   // table name -> how far this content takes it into account
	AsOf    int64               `json:"as_of"`    // how current the inputs were, Unix seconds
	Beat    int64               `json:"beat"`     // when the head was last written, Unix seconds
	Writer  string              `json:"writer"`   // instance id of the writer
	Rows    int64               `json:"rows"`
	Bytes   int64               `json:"bytes"` // of all shards, as stored
}

// Position of the head.
func (h Head) Position() Position { panic("stub") }

// Options of a writer.
type Options struct {
	Instance string // who writes, for Head.Writer
	Shards   int    // at first; 0 is 4,096. A power of two
	KeepLog  int    // commits kept in the log; 0 is 1,000
}

// Writer is the one writer of a table. It belongs to one goroutine.
type Writer struct{}

// OpenWriter takes the table over: it syncs, commits a raised fence (making the table if there is none), rolls
// an open group forward, and reads everything. Earlier writers get ErrFenced from then on.
func OpenWriter(ctx context.Context, st store.Store, name string, opt Options) (*Writer, error) {
	panic("stub")
}

// Name of the table.
func (w *Writer) Name() string { panic("stub") }

// Head as last committed.
func (w *Writer) Head() Head { panic("stub") }

// Get reads a committed value. The caller must not change it.
func (w *Writer) Get(key string) ([]byte, bool) { panic("stub") }

// All walks all rows, shard by shard, keys in order inside a shard.
func (w *Writer) All() iter.Seq2[string, []byte] { panic("stub") }

// Begin starts a transaction. At most one is open at a time; an unused one may be dropped.
func (w *Writer) Begin() *Tx { panic("stub") }

// Tx collects what one commit changes in one table.
type Tx struct{}

// Put sets a key. Values of MaxValue at most; larger ones fail the Commit with ErrTooLarge.
func (t *Tx) Put(key string, value []byte) { panic("stub") }

// Delete removes a key; an absent key is no change.
func (t *Tx) Delete(key string) { panic("stub") }

// Get reads through the transaction's own changes.
func (t *Tx) Get(key string) ([]byte, bool) { panic("stub") }

// SetInput records how far an input has been taken into account; a position that goes back fails the Commit.
func (t *Tx) SetInput(table string, p Position) { panic("stub") }

// SetAsOf records how current the inputs were (kept to the second).
func (t *Tx) SetAsOf(asOf time.Time) { panic("stub") }

// Also adds store operations of the caller's to the same multi (to the last one of a group).
func (t *Tx) Also(ops ...store.Op) { panic("stub") }

// Changed tells whether any row would change.
func (t *Tx) Changed() bool { panic("stub") }

// Commit applies the transactions of several tables atomically: all changed shards, log entries and heads in
// one multi, or, when that would be too large, a group of multis that followers see as one step. Without changed
// rows only the heads are written (heartbeat, as-of, inputs): no log entry, same Seq. After an ambiguous error
// Commit looks for its commit id and tries again until it knows or ctx ends. It fails with ErrFenced when
// another writer has taken one of the tables over; the writers are then of no more use.
func Commit(ctx context.Context, txs ...*Tx) error { panic("stub") }

// Batch is what Follower.Next brings.
type Batch struct {
	Reset   bool     // everything may have changed: compare with All; Changes is nil
	Changes []Change // in commit order, the last for a key counts
	Head    Head     // the state that Get and All now show
}

// Follower reads a table and follows its changes. It belongs to one goroutine.
type Follower struct{}

// Follow makes a follower. Nothing is read before Next.
func Follow(st store.Store, name string) *Follower { panic("stub") }

// Next waits for the table to exist and then for news: changed rows, or just a newer head (empty Changes). The
// first batch has Reset. Several commits may come as one batch. It never returns the middle of a group.
func (f *Follower) Next(ctx context.Context) (Batch, error) { panic("stub") }

// Get reads a value as of the last batch. The caller must not change it.
func (f *Follower) Get(key string) ([]byte, bool) { panic("stub") }

// All walks all rows as of the last batch, shard by shard, keys in order inside a shard.
func (f *Follower) All() iter.Seq2[string, []byte] { panic("stub") }

// Close releases the watch.
func (f *Follower) Close() { panic("stub") }

// ReadHead reads a table's head alone; ErrNotFound if there is no such table.
func ReadHead(ctx context.Context, st store.Store, name string) (Head, error) { panic("stub") }

// Lookup reads one row straight from the store, at the cost of one shard. The table may be absent: ErrNotFound.
func Lookup(ctx context.Context, st store.Store, name, key string) (value []byte, ok bool, err error) {
	panic("stub")
}

// Read reads a closed state of the whole table.
func Read(ctx context.Context, st store.Store, name string) (*View, error) { panic("stub") }

// View is a table's content at one head; it does not change.
type View struct{ Head Head }

// Get reads one row.
func (v *View) Get(key string) ([]byte, bool) { panic("stub") }

// All walks all rows, shard by shard, keys in order inside a shard.
func (v *View) All() iter.Seq2[string, []byte] { panic("stub") }

// List names the tables in the store, sorted.
func List(ctx context.Context, st store.Store) ([]string, error) { panic("stub") }
