package rules

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"zonecast/internal/inventory"
	"zonecast/internal/row"
)

// errGuarded is a contribution that is kept since too many others of its module have become empty (P2).
var errGuarded = errors.New("module-guard: the module has stopped giving records for many entities")

// yield is what the guard knows of one module. It looks at entities that are there: deletes have guards of their own.
type yield struct {
	giving int             // entities that it has records for, kept ones included
	recent []int64         // when, in Unix seconds, entities lost theirs: within the window, the oldest first
	kept   map[string]bool // entities that it gives nothing for any more and whose records stay
	names  int             // of those
	faulty int             // entities whose newest evaluation failed
	shown  int             // how many of them its held thing tells of
}

func (l *lead) yield(module string) *yield {
	y := l.yields[module]
	if y == nil {
		y = &yield{kept: map[string]bool{}}
		l.yields[module] = y
	}
	return y
}

// lossesID is the held thing of a module's losses: one for all of them, for as long as there are any.
func (l *lead) lossesID(module string) string {
	return row.HeldID(l.name, unitModule, module, "losses")
}

// loses decides whether a module may stop giving records for an entity. What a change of its file does was tried
// before (trial.go), so it does not count.
func (b *batch) loses(e *entityState, old, g inventory.Given) error {
	if len(g.Names) > 0 || len(old.Names) == 0 {
		return nil
	}
	y := b.l.yield(old.Module)
	_, standing := b.l.heldBy[b.l.lossesID(old.Module)]
	switch {
	case old.Guarded && !standing: // it was released
		return nil
	case e.tried && !old.Guarded:
		return nil
	case standing:
		return errGuarded
	}
	since := b.now.Add(-b.l.cfg.ModuleGuard.Window).Unix()
	for len(y.recent) > 0 && y.recent[0] <= since {
		y.recent = y.recent[1:]
	}
	if len(y.recent) >= b.l.cfg.ModuleGuard.limits().Limit(y.giving+len(y.recent)) {
		return errGuarded
	}
	y.recent = append(y.recent, b.now.Unix())
	return nil
}

// track keeps count of what modules give, and lists those of which something is kept.
func (b *batch) track(entity string, old, g inventory.Given) {
	y := b.l.yield(g.Module)
	if len(old.Names) > 0 {
		y.giving--
	}
	if len(g.Names) > 0 {
		y.giving++
	}
	if old.Held {
		y.faulty--
	}
	if g.Held {
		y.faulty++
	}
	if old.Guarded == g.Guarded {
		return
	}
	if g.Guarded {
		y.kept[entity] = true
		y.names += len(g.Names)
		if _, standing := b.l.heldBy[b.l.lossesID(g.Module)]; !standing {
			b.showLosses(g.Module, y)
		}
		return
	}
	delete(y.kept, entity)
	if y.names -= len(old.Names); len(y.kept) == 0 {
		b.dropHeld(b.l.lossesID(g.Module))
	}
}

// countLosses brings the listed numbers up to date, with each beat.
func (b *batch) countLosses() {
	for name, y := range b.l.yields {
		if len(y.kept) > 0 && len(y.kept) != y.shown {
			if _, standing := b.l.heldBy[b.l.lossesID(name)]; standing {
				b.showLosses(name, y)
			}
		}
	}
}

func (b *batch) showLosses(module string, y *yield) {
	y.shown = len(y.kept)
	limit := b.l.cfg.ModuleGuard
	b.putHeld(row.Held{Unit: unitModule, Subject: module, Check: checkModuleGuard, CanFree: true,
		Cause:  fmt.Sprintf("it gives nothing any more for more than %d of %d entities that are still there, within %s", limit.limits().Limit(y.giving), y.giving, limit.Window),
		Effect: fmt.Sprintf("%d more keep their last good records, %d names; a release takes these away: %s", len(y.kept), y.names, someOf(y.kept))}, "losses")
}

// someOf names a few of many.
func someOf(set map[string]bool) string {
	const most = 5
	list := slices.Sorted(maps.Keys(set))
	text := strings.Join(list[:min(len(list), most)], ", ")
	if len(list) > most {
		text += ", …"
	}
	return text
}

// recallYield counts what an entity's row says, at the start of a term.
func (l *lead) recallYield(key string, g inventory.Given) {
	y := l.yield(g.Module)
	if g.Held {
		y.faulty++
	}
	if len(g.Names) == 0 {
		return
	}
	y.giving++
	if g.Guarded {
		y.kept[key] = true
		y.names += len(g.Names)
	}
}

// resumeLosses takes up what a leader before was told to release.
func (l *lead) resumeLosses() {
	for name, y := range l.yields {
		if _, standing := l.heldBy[l.lossesID(name)]; !standing && len(y.kept) > 0 {
			l.backlog = append(l.backlog, slices.Collect(maps.Keys(y.kept))...)
		}
	}
}

// freeLosses lets a module's losses go: its entities are evaluated again, and the guard counts afresh.
func (b *batch) freeLosses(h row.Held) {
	y := b.l.yield(h.Subject)
	y.recent = nil
	b.dropHeld(h.ID)
	b.l.backlog = append(b.l.backlog, slices.Sorted(maps.Keys(y.kept))...)
}

// ModuleGuard bounds for how many entities that are still there one module may stop giving records: a lookup that
// answers nothing, an attribute that changes everywhere, an edit that went wrong. Zero fields take the defaults.
type ModuleGuard struct {
	AtLeast int           `yaml:"at_least"` // so many always may; default 10
	Share   float64       `yaml:"share"`    // of those it gives for; default 0.2
	AtMost  int           `yaml:"at_most"`  // but never more than so many by share; default 500
	Window  time.Duration `yaml:"window"`   // losses within it count together; default 10m, 1s to 24h
}

func (g ModuleGuard) limits() inventory.Guard {
	return inventory.Guard{AtLeast: g.AtLeast, Share: g.Share, AtMost: g.AtMost}
}

func (g *ModuleGuard) check() error {
	if g.Window == 0 {
		g.Window = 10 * time.Minute
	}
	if g.AtLeast < 0 || g.AtMost < 0 || g.Share < 0 || g.Share > 1 {
		return errors.New("module_guard: at_least and at_most from 0, share from 0 to 1")
	}
	if g.Window < time.Second || g.Window > 24*time.Hour {
		return fmt.Errorf("module_guard: window %s: from 1s to 24h", g.Window)
	}
	return nil
}
