package rules

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"zonecast/internal/inventory"
	"zonecast/internal/row"
	"zonecast/internal/table"
	"zonecast/rules/maker"
	"zonecast/rules/pool"
)

// batch is what one commit changes. Rows are decoded once, changed in memory and encoded once, however many events
// touch them: ten thousand members of one pool in one list would else decode its row ten thousand times.
type batch struct {
	l                  *lead
	now                time.Time
	taken              time.Time // when the oldest job in it was asked for; zero: none was
	inv, gen, rul, hld *table.Tx
	items              []*item
	entities           map[string]*entityState // by key
	names              map[string]*nameState   // by owner name
	order              []*entityState          // that were changed, in order of their first change
	feeds              map[string]bool         // whose rows are to be written
	byEvents           bool                    // entities changed, not rules: who leaves a pool may be kept
}

// entityState is an entity's row in a batch.
type entityState struct {
	key     string
	row     inventory.Row
	ok      bool // there is a row
	changed bool
	item    *item   // the last accepted one: its attributes are checked already
	items   []*item // accepted ones, to be told of held contributions
	results []result

	tried   bool                        // what modules lose here was looked at as a whole before (trial.go)
	answers map[string]maker.Answer     // of a program, by module; nil: none was asked
	checked *checked                    // its attributes, where they were looked at before it is evaluated
	numbers map[string]inventory.Number // of numbered roles, by role
	demand  inventory.Demand
}

// nameState is a row of table generated in a batch.
type nameState struct {
	list    []row.Contribution // sorted by module, entity; without what a pool keeps
	left    []row.Contribution // that events took out of a pool with limits
	size    int                // of the row, about
	had     []byte
	dirty   bool
	limited bool // there is, or was, a pool with limits
}

func (l *lead) begin() *batch {
	b := &batch{l: l, now: time.Now(), entities: map[string]*entityState{}, names: map[string]*nameState{}, feeds: map[string]bool{}}
	if r := l.rehearsal; r != nil {
		b.inv, b.gen, b.rul, b.hld = r.inv, r.gen, r.rul, r.hld
	} else {
		b.inv, b.gen, b.rul, b.hld = l.inv.Begin(), l.gen.Begin(), l.rul.Begin(), l.hld.Begin()
	}
	return b
}

// wideFrom is how many entities make a batch that reads much of the tables.
const wideFrom = 1000

// expect prepares for so many entities.
func (b *batch) expect(entities int) {
	if entities >= wideFrom {
		b.inv.Wide()
		b.gen.Wide()
	}
}

// takenAt notes a job's time.
func (b *batch) takenAt(at time.Time) {
	if b.taken.IsZero() || at.Before(b.taken) {
		b.taken = at
	}
}

// entity gives an entity's row. A row that cannot be read counts as none: the next put mends it.
func (b *batch) entity(key string) *entityState {
	if e := b.entities[key]; e != nil {
		return e
	}
	e := &entityState{key: key}
	if value, ok := b.inv.Get(key); ok {
		r, err := inventory.DecodeRow(bytes.Clone(value)) // a row left in its decompressed shard would keep all of that
		if err != nil {
			b.l.log.Error("inventory row", "key", key, "error", err)
		} else {
			e.row, e.ok = r, true
		}
	}
	b.entities[key] = e
	return e
}

// change replaces an entity's row and keeps the counts right.
func (b *batch) change(e *entityState, next inventory.Row) {
	b.count(e, -1)
	e.row, e.ok = next, true
	b.count(e, +1)
	if !e.changed {
		e.changed = true
		b.order = append(b.order, e)
	}
	if next.Gone() {
		b.l.tombs = append(b.l.tombs, tomb{e.key, next.Deleted})
	}
}

func (b *batch) count(e *entityState, by int) {
	if e.ok && !e.row.Gone() {
		b.l.entities += by
		b.feed(e.row.Feed).Owned += by
	}
}

// name gives a row of generated.
func (b *batch) name(owner string) *nameState {
	if n := b.names[owner]; n != nil {
		return n
	}
	n := &nameState{}
	if value, ok := b.gen.Get(owner); ok {
		value = bytes.Clone(value) // as above
		list, err := row.DecodeContributions(value)
		if err != nil {
			b.l.log.Error("generated row", "name", owner, "error", err)
		}
		n.limited = slices.ContainsFunc(list, pool.Limited)
		n.list, n.had, n.size = pool.Present(list), value, len(value)
	}
	b.names[owner] = n
	return n
}

func compareContribution(c row.Contribution, key [2]string) int {
	if d := strings.Compare(c.Module, key[0]); d != 0 {
		return d
	}
	return strings.Compare(c.Entity, key[1])
}

// set replaces the contribution of a module and entity; one without sets is taken away.
func (n *nameState) set(c row.Contribution) {
	i, found := slices.BinarySearchFunc(n.list, [2]string{c.Module, c.Entity}, compareContribution)
	switch {
	case len(c.Sets) == 0 && !found:
		return
	case len(c.Sets) == 0:
		n.size -= sizeOf(n.list[i])
		n.list = slices.Delete(n.list, i, i+1)
	case found:
		n.size += sizeOf(c) - sizeOf(n.list[i])
		n.list[i] = c
	default:
		n.size += sizeOf(c)
		n.list = slices.Insert(n.list, i, c)
	}
	n.dirty = true
	n.limited = n.limited || pool.Limited(c)
}

// sizeOf is about a contribution's share of its row, in octets; never less.
func sizeOf(c row.Contribution) int {
	size := len(c.Module) + len(c.Entity) + 6
	for _, s := range c.Sets {
		size += 10 + s.Size() + len(s.Data)
	}
	for _, s := range c.Standings {
		size += 8 + len(s.OrderBy) + len(s.Role)
		if s.Order != 0 || s.OrderBy != "" {
			size += 12
		}
		if s.Role != "" {
			size += 3
		}
	}
	return size
}

// write puts the rows that changed into the transactions.
func (b *batch) write() {
	for _, e := range b.order {
		if value := e.row.Encode(); !same(b.inv, e.key, value) {
			b.inv.Put(e.key, value)
		}
	}
	for owner, n := range b.names { // the table sorts
		if !n.dirty {
			continue
		}
		if n.limited {
			b.settlePools(owner, n)
		}
		if len(n.list) == 0 {
			b.gen.Delete(owner)
		} else if value := row.EncodeContributions(n.list); !bytes.Equal(value, n.had) {
			b.gen.Put(owner, value)
		}
	}
	b.writeNumbers()
	b.writeFeeds()
}

// commit writes what changed: inventory and generated always together, with as-of in their heads (P8).
func (b *batch) commit(ctx context.Context) error {
	b.write()
	if b.l.rehearsal != nil {
		return nil // the next batch goes on from there
	}
	asOf := b.l.asOf(b.now)
	b.inv.SetAsOf(asOf)
	b.gen.SetAsOf(asOf)
	if !b.taken.IsZero() {
		b.gen.SetTaken(b.taken)
	}
	txs := []*table.Tx{b.inv, b.gen}
	for _, tx := range []*table.Tx{b.rul, b.hld} {
		if tx.Changed() {
			tx.SetAsOf(asOf)
			txs = append(txs, tx)
		}
	}
	started := time.Now()
	if err := table.Commit(ctx, txs...); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	b.l.metrics.committed(b, started)
	return nil
}

func same(tx *table.Tx, key string, value []byte) bool {
	old, ok := tx.Get(key)
	return ok && bytes.Equal(old, value)
}
