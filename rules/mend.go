package rules

import (
	"context"
	"fmt"
	"slices"
	"time"

	"zonecast/internal/inventory"
	"zonecast/internal/load"
	"zonecast/internal/row"
	"zonecast/internal/table"
	"zonecast/rules/pool"
)

// mend brings generated into line with the inventory after a crash in the middle of a group of commits: rows of the
// one may be there without those of the other, and what an entity gave is no proof any more that it is written. All
// entities are evaluated and all contributions checked, in one commit, so that followers never see the half (P2).
func (l *lead) mend(ctx context.Context) error {
	started := time.Now()
	b := l.begin()
	for key := range l.inv.All() {
		if _, _, ok := inventory.SplitKey(key); !ok {
			continue
		}
		if e := b.entity(key); e.ok && !e.row.Gone() {
			e.changed, e.tried = true, true
			b.order = append(b.order, e)
		}
	}
	l.backlog = nil
	b.evaluate(b.order)
	if err := b.dropOrphans(); err != nil {
		return err
	}
	b.touchPools()
	b.putRulesRow()
	if err := b.commit(ctx); err != nil {
		return err
	}
	l.log.Warn("the last leader died in the middle of a commit: generated records were compared with the inventory", "entities", len(b.order), "took", time.Since(started))
	return nil
}

// mendRules makes the table of rules files readable again. Nobody acts on it but this stage. The modules of damaged
// files are not gone: what they gave stays until they are loaded again.
func (l *lead) mendRules(ctx context.Context) (damaged bool, err error) {
	tx := l.rul.Begin()
	files, err := load.Mend(l.rul, tx)
	if err != nil {
		return false, err
	}
	l.log.Warn("the last leader died in the middle of a load: the rules must be loaded again", "damaged", files)
	return len(files) > 0, table.Commit(ctx, tx)
}

// dropOrphans takes away contributions that no entity gives: what the group deleted from the inventory only.
func (b *batch) dropOrphans() error {
	for owner, value := range b.l.gen.All() {
		list, err := row.DecodeContributions(value)
		if err != nil {
			return fmt.Errorf("generated %s: %w", owner, err)
		}
		if slices.ContainsFunc(list, pool.Limited) {
			b.name(owner).dirty = true // its pools are settled again
		}
		for _, c := range list {
			if !b.gives(c, owner) {
				b.name(owner).set(row.Contribution{Module: c.Module, Entity: c.Entity})
			}
		}
	}
	return nil
}

func (b *batch) gives(c row.Contribution, owner string) bool {
	e := b.entity(c.Entity)
	i := slices.IndexFunc(e.row.Given, func(g inventory.Given) bool { return g.Module == c.Module })
	if !e.ok || i < 0 {
		return false
	}
	_, found := slices.BinarySearch(e.row.Given[i].Names, owner)
	return found
}
