package table

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"zonecast/internal/store"
)

// Options of a writer.
type Options struct {
	Instance string // who writes, for Head.Writer
	Shards   int    // at first; 0 is 4,096. A power of two
	KeepLog  int    // commits kept in the log; 0 is 1,000, 5,000 at most

	// Fenced, if any, is told of each commit that failed with ErrFenced, by the committing goroutine: such an error may
	// come after the end of the context, when nobody looks at errors any more.
	Fenced func(error)

	keepBytes int64 // of the log; 0 is defaultKeepBytes
	growAt    int64 // mean size of a shard that doubles them; 0 is defaultGrowAt
	maxMulti  int   // 0 is store.MaxMulti
	bulkFrom  int   // changes from which a commit may skip the log; 0 is defaultBulkFrom

	firstPause time.Duration // before a write is tried again; 0 is defaultPause
}

// Defaults, in octets where they are sizes.
const (
	defaultShards    = 4096
	defaultKeepLog   = 1000
	maxKeepLog       = 5000 // a folder has 10,000 children at most, and trimming may lag
	defaultKeepBytes = 32 << 20
	defaultGrowAt    = 16 << 10
	defaultBulkFrom  = 1 << 20
	defaultPause     = 10 * time.Millisecond
)

func (o *Options) fill() error {
	set := func(v *int, def int) {
		if *v == 0 {
			*v = def
		}
	}
	set(&o.Shards, defaultShards)
	set(&o.KeepLog, defaultKeepLog)
	set(&o.maxMulti, store.MaxMulti)
	set(&o.bulkFrom, defaultBulkFrom)
	if o.keepBytes == 0 {
		o.keepBytes = defaultKeepBytes
	}
	if o.growAt == 0 {
		o.growAt = defaultGrowAt
	}
	if o.firstPause == 0 {
		o.firstPause = defaultPause
	}
	if !validShards(o.Shards) {
		return fmt.Errorf("shards %d: a power of two up to %d", o.Shards, maxShards)
	}
	if o.KeepLog < 1 || o.KeepLog > maxKeepLog {
		return fmt.Errorf("log of %d commits: 1 to %d", o.KeepLog, maxKeepLog)
	}
	return nil
}

// Writer is the one writer of a table. It belongs to one goroutine.
type Writer struct {
	st      store.Store
	name    string
	opt     Options
	head    Head
	version int64 // of the head's node
	img     *image
	log     []logNode // nodes in the log, oldest first; those before head.LogFrom wait for deletion
	tx      *Tx       // the one that may be committed
	broken  error     // why the store may hold something else than we think; nothing works after that
}

type logNode struct {
	seq  uint64
	size int
}

var errLost = errors.New("this writer lost track of its table and must be opened anew")

// Name of the table.
func (w *Writer) Name() string { return w.name }

// Head as last committed.
func (w *Writer) Head() Head { return w.head.clone() }

// Get reads a committed value. The caller must not change it.
func (w *Writer) Get(key string) ([]byte, bool) { return w.img.get(key) }

// All walks all rows, shard by shard, keys in order inside a shard. The caller must not change the values, nor
// commit while it walks.
func (w *Writer) All() iter.Seq2[string, []byte] { return w.img.all() }

// Begin starts a transaction. At most one is open at a time; an unused one may be dropped.
func (w *Writer) Begin() *Tx {
	w.tx = &Tx{w: w, changes: map[string][]byte{}}
	return w.tx
}

// errCopy is a commit to a copy.
var errCopy = errors.New("a copy of a table cannot be committed to")

// Copy gives a writer of the table as it was last committed, to work out what changes would come to. It commits nothing. It costs a
// few octets for each shard, and does not see later commits.
func (w *Writer) Copy() *Writer {
	v := w.View()
	return &Writer{st: w.st, name: w.name, opt: w.opt, head: v.Head, version: w.version, img: v.img, broken: errCopy}
}

// lose notes that the store may differ from what the writer has in memory.
func (w *Writer) lose(err error) { w.broken = err }

// usable fails when an earlier commit ended in doubt.
func (w *Writer) usable() error {
	switch {
	case w.broken == nil:
		return nil
	case errors.Is(w.broken, ErrFenced):
		return fmt.Errorf("table %s: %w", w.name, ErrFenced)
	default:
		return fmt.Errorf("table %s: %w: %w", w.name, errLost, w.broken)
	}
}

// fencedBy explains a head that is not the one this writer wrote last.
func (w *Writer) fencedBy(ctx context.Context) error {
	h, v, err := readHead(ctx, w.st, w.name)
	switch {
	case err != nil:
		return err
	case h.Fence > w.head.Fence:
		return fmt.Errorf("table %s: %w: fence %d of %q, ours is %d", w.name, ErrFenced, h.Fence, h.Writer, w.head.Fence)
	default:
		return fmt.Errorf("table %s: somebody else wrote the head: version %d, ours is %d", w.name, v, w.version)
	}
}
