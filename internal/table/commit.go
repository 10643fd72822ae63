package table

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"zonecast/internal/store"
)

// Commit applies the transactions of several tables atomically: all changed shards, log entries and heads in
// one multi, or, when that would be too large, a group of multis that followers see as one step. Without changed
// rows only the heads are written (heartbeat, as-of, inputs): no log entry, same Seq. After an ambiguous error
// Commit looks for its commit id and tries again until it knows or ctx ends. What was sent before ctx ended it goes on
// looking for, for at most lastLook, so that whoever waits hears the truth; it sends nothing more then. It fails with
// ErrFenced when another writer has taken one of the tables over; the writers are then of no more use, nor are they
// after an error that leaves the outcome open. ErrTooLarge, an input that goes back and a failed operation of Tx.Also
// (outside a group) leave the tables as they were and the writers usable.
func Commit(ctx context.Context, txs ...*Tx) error {
	if len(txs) == 0 {
		return nil
	}
	err := commit(ctx, txs)
	if fenced := txs[0].w.opt.Fenced; fenced != nil && errors.Is(err, ErrFenced) {
		fenced(err)
	}
	return err
}

func commit(ctx context.Context, txs []*Tx) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for i, t := range txs {
		if t.w.st != txs[0].w.st {
			return fmt.Errorf("tables %s and %s are in different stores", t.w.name, txs[0].w.name)
		}
		for _, other := range txs[:i] {
			if other.w.name == t.w.name {
				return fmt.Errorf("table %s: twice in one commit", t.w.name)
			}
		}
		if err := t.check(); err != nil {
			return err
		}
	}
	plans := make([]*plan, len(txs))
	for i, t := range txs {
		var err error
		if plans[i], err = newPlan(ctx, t); err != nil {
			return err
		}
	}
	parts, err := split(plans)
	if err != nil {
		return err
	}
	for _, t := range txs {
		t.w.tx = nil
	}
	for i, part := range parts {
		s, err := newStep(plans, part, i+1 < len(parts))
		if err != nil {
			return abandon(plans, i > 0, err)
		}
		if untouched, err := s.apply(ctx); err != nil {
			return abandon(plans, i > 0 || !untouched, err)
		}
		s.install()
	}
	return nil
}

// abandon ends a commit that failed; lost says that the store may not be what the writers think.
func abandon(plans []*plan, lost bool, err error) error {
	if lost {
		for _, p := range plans {
			p.w.lose(err)
		}
	}
	return err
}

// step is one multi of a commit.
type step struct {
	id    string
	ops   []store.Op
	own   int // how many of ops are the tables' own; the caller's follow
	plans []*plan
	next  []tableStep
}

// tableStep is what a step leaves behind in one table.
type tableStep struct {
	head    Head
	edits   []edit
	log     []logNode
	deleted int // of the old log's nodes, from the oldest
}

// newStep makes the multi for the edits of one part. Heads come first: a writer that has been fenced must learn
// just that, and no detail of what else has changed since.
func newStep(plans []*plan, part [][]edit, open bool) (*step, error) {
	s := &step{id: newID(), plans: plans, next: make([]tableStep, len(plans))}
	var rest []store.Op
	for i, p := range plans {
		n, ops, err := p.step(part[i])
		if err != nil {
			return nil, err
		}
		if !open {
			n.head = p.final(n.head)
		}
		n.head.Commit, n.head.Open = s.id, open
		if len(n.head.Inputs) > maxInputs {
			return nil, fmt.Errorf("table %s: %w: %d inputs", p.w.name, ErrTooLarge, len(n.head.Inputs))
		}
		data, err := n.head.encode()
		if err != nil {
			return nil, err
		}
		s.ops = append(s.ops, store.Set(headPath(p.w.name), data, p.w.version))
		rest = append(rest, ops...)
		s.next[i] = n
	}
	s.ops = append(s.ops, rest...)
	s.own = len(s.ops)
	if !open {
		for _, p := range plans {
			s.ops = append(s.ops, p.tx.also...)
		}
	}
	return s, nil
}

// step works out the next head and the operations below it.
func (p *plan) step(edits []edit) (tableStep, []store.Op, error) {
	w := p.w
	n := tableStep{head: w.head.clone(), edits: edits, log: w.log}
	n.head.Beat, n.head.Writer = time.Now().Unix(), w.opt.Instance
	n.head.Rows, n.head.Bytes = p.totals(edits)
	var ops []store.Op
	for _, e := range edits {
		path := shardPath(w.name, w.head.Shards, e.index)
		if e.fresh {
			ops = append(ops, store.Create(path, e.data))
		} else {
			ops = append(ops, store.Set(path, e.data, store.AnyVersion))
		}
	}
	if len(edits) > 0 {
		n.head.Seq++
		if p.bulk {
			n.head.LogFrom = n.head.Seq + 1
		} else {
			var changes []Change
			for _, e := range edits {
				changes = append(changes, e.changes...)
			}
			data, err := encodeLog(changes)
			if err != nil {
				return n, nil, err
			}
			ops = append(ops, store.Create(logPath(w.name, n.head.Seq), data))
			n.log = append(n.log[:len(n.log):len(n.log)], logNode{n.head.Seq, len(data)})
		}
	}
	n.head.LogFrom, n.deleted = w.opt.trim(n.head.LogFrom, n.log)
	for _, l := range n.log[:n.deleted] {
		ops = append(ops, store.Delete(logPath(w.name, l.seq), store.AnyVersion))
	}
	return n, ops, nil
}

// trim gives where the log shall start, and how many of its oldest nodes to delete now. The newest entry stays.
func (o Options) trim(from uint64, log []logNode) (uint64, int) {
	live, bytes := 0, int64(0)
	for i := len(log) - 1; i >= 0 && log[i].seq >= from; i-- {
		live++
		bytes += int64(log[i].size)
		if live > 1 && (live > o.KeepLog || bytes > o.keepBytes) {
			from = log[i].seq + 1
		}
	}
	dead := 0
	for dead < len(log) && dead < maxTrim && log[dead].seq < from {
		dead++
	}
	return from, dead
}

// install makes the writers show what has been written.
func (s *step) install() {
	for i, n := range s.next {
		w := s.plans[i].w
		w.head, w.log = n.head, n.log[n.deleted:]
		w.version++
		w.img.apply(n.edits)
	}
}

func newID() string {
	var b [8]byte
	rand.Read(b[:]) // never fails (Go 1.24)
	return hex.EncodeToString(b[:])
}

// isDone tells apart errors that no repetition helps against.
func isDone(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, store.ErrClosed)
}
