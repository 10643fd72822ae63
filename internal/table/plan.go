package table

import (
	"context"
	"fmt"

	"zonecast/internal/store"
)

// plan is what one commit does to one table.
type plan struct {
	w     *Writer
	tx    *Tx
	edits []edit
	bulk  bool // too much for the log: followers read all again
}

// maxTrim bounds how many log entries one multi deletes. More than one, so that a backlog shrinks.
const maxTrim = 16

// newPlan works a transaction out. It doubles the shards first where they would become too large: that changes
// no row. What cannot be stored is refused here, before anything is written.
func newPlan(ctx context.Context, t *Tx) (*plan, error) {
	p := &plan{w: t.w, tx: t}
	for grown := false; ; grown = true {
		var err error
		if p.edits, err = t.w.img.edits(t.changes); err != nil {
			return nil, fmt.Errorf("table %s: %w", t.w.name, err)
		}
		_, bytes := p.totals(p.edits)
		count := wantedShards(bytes, t.w.head.Shards, t.w.opt.growAt)
		if grown || count == t.w.head.Shards {
			break
		}
		if err := t.w.grow(ctx, count); err != nil {
			return nil, err
		}
	}
	raw := 0
	for _, e := range p.edits {
		if len(e.data) > store.MaxNode {
			return nil, fmt.Errorf("table %s: %w: shard %d would have %d octets, %d at most (key %.80q)",
				t.w.name, ErrTooLarge, e.index, len(e.data), store.MaxNode, e.changes[0].Key)
		}
		raw += e.logSize()
		p.bulk = p.bulk || e.logSize() > min(store.MaxNode, t.w.opt.maxMulti)/3
	}
	p.bulk = p.bulk || int64(raw) > t.w.opt.keepBytes || raw > t.w.opt.bulkFrom && int64(raw) > t.w.img.bytes
	return p, nil
}

// wantedShards doubles count until the mean size is at most growAt.
func wantedShards(bytes int64, count int, growAt int64) int {
	for bytes/int64(count) > growAt && count < maxShards {
		count *= 2
	}
	return count
}

// logSize bounds what the edit's changes take in a log entry.
func (e edit) logSize() int {
	n := 0
	for _, c := range e.changes {
		n += c.size()
	}
	return n
}

// totals gives the table's rows and octets after these edits.
func (p *plan) totals(edits []edit) (rows, bytes int64) {
	rows, bytes = p.w.img.rows, p.w.img.bytes
	for _, e := range edits {
		rows += int64(len(e.shard.at))
		bytes += int64(len(e.data))
		if old := p.w.img.shards[e.index]; old != nil {
			rows -= int64(frameCount(old))
			bytes -= int64(len(old))
		}
	}
	return rows, bytes
}

// reserve bounds what each multi carries for this table besides shards and changes.
func (p *plan) reserve() (int, error) {
	head, err := p.final(p.w.head).encode()
	entry := store.Delete(logPath(p.w.name, 0), store.AnyVersion).Size()
	return len(head) + 512 + store.ACLOverhead + (maxTrim+2)*entry, err
}

// final is the head with what only the last multi of a group writes.
func (p *plan) final(h Head) Head {
	h = h.clone()
	if p.tx.asOf != nil {
		h.AsOf = *p.tx.asOf
	}
	if len(p.edits) > 0 {
		h.Taken = p.tx.taken
	}
	for name, pos := range p.tx.inputs {
		if h.Inputs == nil {
			h.Inputs = map[string]Position{}
		}
		h.Inputs[name] = pos
	}
	return h
}

// split spreads the edits of all tables over as few multis as they fit in. part[i] belongs to plans[i].
func split(plans []*plan) (parts [][][]edit, err error) {
	budget, also := store.MaxMulti, 0
	for _, p := range plans {
		n, err := p.reserve()
		if err != nil {
			return nil, err
		}
		budget = min(budget, p.w.opt.maxMulti)
		also += n
		for _, op := range p.tx.also {
			also += op.Size()
		}
	}
	// Kept free in each multi, though only the last one carries the caller's operations: they are small.
	budget -= also
	part, size := make([][]edit, len(plans)), 0
	for i, p := range plans {
		logged := 0
		for _, e := range p.edits {
			cost := store.Set(shardPath(p.w.name, p.w.head.Shards, e.index), e.data, 0).Size()
			if e.fresh {
				cost += store.ACLOverhead
			}
			if !p.bulk {
				cost += e.logSize()
				logged += e.logSize()
			}
			if cost > budget {
				return nil, fmt.Errorf("table %s: %w: shard %d and its changes take %d octets, heads and other operations leave %d",
					p.w.name, ErrTooLarge, e.index, cost, budget)
			}
			if size > 0 && (size+cost > budget || logged > store.MaxNode*9/10) {
				parts = append(parts, part)
				part, size, logged = make([][]edit, len(plans)), 0, e.logSize()
			}
			part[i] = append(part[i], e)
			size += cost
		}
	}
	return append(parts, part), nil
}
