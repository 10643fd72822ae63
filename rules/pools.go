package rules

import (
	"bytes"
	"math"
	"slices"
	"strings"

	"zonecast/internal/row"
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
	for key := range b.l.inv.All() {
		if owner, ok := strings.CutPrefix(key, row.PrefixPool); ok {
			n := b.name(owner)
			n.dirty, n.limited = true, true
		}
	}
}
