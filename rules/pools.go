package rules

import (
	"bytes"
	"math"
	"slices"
	"strings"

	"zonecast/internal/row"
	"zonecast/internal/table"
	"zonecast/internal/zone"
	"zonecast/rules/pool"
)

// leave notes that events may take a module's contribution of an entity out of a pool with limits. Whether they did is
// seen once all are worked off.
func (n *nameState) leave(module, entity string) {
	if !n.limited {
		return
	}
	i, found := slices.BinarySearchFunc(n.list, [2]string{module, entity}, compareContribution)
	if found && pool.Limited(n.list[i]) {
		n.left = append(n.left, n.list[i])
	}
}

// settlePools marks who of the pools at a name is served, and brings the row of what does not follow from the members up to date.
func (b *batch) settlePools(owner string, n *nameState) {
	key := row.PrefixPool + owner
	in := pool.Input{Owner: owner, Present: n.list, Left: n.left, Keeps: func(module string, t zone.Type) int { return b.l.engine.keeps(module, owner, t) }}
	value, ok := b.inv.Get(key)
	if ok {
		var err error
		if in.Old, err = row.DecodePools(bytes.Clone(value)); err != nil {
			b.l.log.Error("row of pools", "key", key, "error", err)
		}
	}
	list, pools := pool.Settle(in)
	for most := 200; keptIn(pools) > 0 && (len(row.EncodeContributions(list)) > table.MaxValue || len(row.EncodePools(pools)) > table.MaxValue); most -= 1 + most/8 {
		keeps := in.Keeps // a row that is too large would fail the commit, and with it everybody's
		in.Keeps = func(module string, t zone.Type) int { return min(keeps(module, t), most) }
		list, pools = pool.Settle(in)
	}
	if len(row.EncodePools(pools)) > table.MaxValue { // choices alone: thousands of very long ids
		b.l.log.Error("the choices at a name are larger than a row: nothing sticks there", "name", owner)
		pools = nil
	}
	n.list = list
	b.l.kept += keptIn(pools) - keptIn(in.Old)
	switch next := row.EncodePools(pools); {
	case len(pools) == 0 && ok:
		b.inv.Delete(key)
	case len(pools) > 0 && !bytes.Equal(value, next):
		b.inv.Put(key, next)
	}
}

func keptIn(pools []row.Pool) (n int) {
	for _, p := range pools {
		n += len(p.Kept)
	}
	return n
}

// keeps gives how many last members a module keeps of its pool. What a module that does not load now kept stays (P3).
func (e *engine) keeps(module, owner string, t zone.Type) int {
	if e.frozen[module] {
		return math.MaxInt
	}
	for _, m := range e.set.Modules() {
		if m.Name == module {
			return m.Keeps(owner, t)
		}
	}
	return 0
}

// touchPools has the pools settled again of which something is kept, or known, that does not follow from the members:
// rules have changed, and with them perhaps what is to be kept.
func (b *batch) touchPools() {
	for key := range b.inv.All() {
		if owner, ok := strings.CutPrefix(key, row.PrefixPool); ok {
			n := b.name(owner)
			n.dirty, n.limited = true, true
		}
	}
}
