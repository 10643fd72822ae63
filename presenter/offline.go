package presenter

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"time"

	"zonecast/internal/checkout"
	"zonecast/internal/load"
	"zonecast/internal/plan"
	"zonecast/internal/row"
	"zonecast/internal/snapshot"
	"zonecast/internal/zone"
	"zonecast/presenter/zonefile"
)

// Inputs are reviewed files and what rules make of an inventory, as a command has read them.
type Inputs struct {
	Zones     checkout.Set
	Generated Generated
}

// Effect says what loading after would do where before is loaded, without a store: as a presenter answers POST
// /v1/zones/plan. Where both sides give the same, only zones whose files differ are read, with those above and below
// them. Changes come sorted by zone and name.
func Effect(ctx context.Context, cfg Config, before, after Inputs, now time.Time) ([]plan.Change, plan.End, error) {
	if cfg.memo == nil {
		cfg.memo = &zonefile.Memo{} // what is before the change is read by its own, and as the other side of the change
	}
	over := difference(cfg.Sources, before.Generated, after.Generated)
	g, o := newFolders(cfg, before, after, len(over) > 0, now)
	question := ask(after)
	question.Generated = over
	p := newPlanner(o, g, cfg, slog.New(slog.DiscardHandler))
	p.unread = g.unread
	changes, end, err := effect(ctx, p, question)
	if err == nil {
		end.Names = g.sizes(changes)
	}
	return changes, end, err
}

// EffectOn says how what after gives differs from what a snapshot serves. A snapshot does not say who gives a record,
// so nothing is told of what was shadowed.
func EffectOn(ctx context.Context, cfg Config, before *snapshot.View, after Inputs, now time.Time) ([]plan.Change, plan.End, error) {
	g := &folders{cfg: cfg, generated: after.Generated, rows: map[string][]byte{}}
	o := outset{files: map[string]row.FileInfo{}, links: map[string]bool{}, world: newWorld(), sources: sourcesOf(cfg), at: now}
	p := newPlanner(o, g, cfg, slog.New(slog.DiscardHandler))
	p.served = map[zone.Name]row.ZoneFacts{}
	for _, z := range before.Zones() {
		p.served[z.Apex] = row.ZoneFacts{SerialLiteral: z.SerialLiteral, Timestamp: z.Timestamp}
		for node, err := range before.Walk(z.Apex) {
			if err != nil {
				return nil, plan.End{}, fmt.Errorf("zone %s: %w", z.Apex, err)
			}
			if len(node.Sets) > 0 { // else an empty non-terminal
				g.rows[node.Name.String()] = row.Presented{Zone: z.Apex, Sets: node.Sets}.Encode()
				p.faulty = append(p.faulty, node.Name)
			}
		}
	}
	for _, names := range after.Generated {
		p.faulty = slices.AppendSeq(p.faulty, maps.Keys(names))
	}
	return effect(ctx, p, ask(after))
}

func effect(ctx context.Context, p *planner, question plan.Ask) (changes []plan.Change, end plan.End, err error) {
	if err := p.run(ctx, question); err != nil {
		return nil, end, err
	}
	err = p.each(func(c plan.Change) error { changes = append(changes, c); return nil })
	return changes, p.end(), err
}

func ask(after Inputs) plan.Ask {
	q := plan.Ask{Commit: after.Zones.Commit, Author: after.Zones.Author, Prefix: after.Zones.Prefix}
	for _, f := range after.Zones.Files {
		q.Files = append(q.Files, plan.File{Path: f.Path, SHA256: load.Hash(f.Data), Data: f.Data})
	}
	return q
}

// difference gives what sources give otherwise after than before.
func difference(sources []string, before, after Generated) (list []plan.Generated) {
	for _, source := range sources {
		was, is := before[source], after[source]
		if reflect.ValueOf(was).Pointer() == reflect.ValueOf(is).Pointer() {
			continue
		}
		for n, now := range is {
			if value := row.EncodeContributions(now); !bytes.Equal(value, row.EncodeContributions(was[n])) {
				list = append(list, plan.Generated{Source: source, Name: n, Value: value})
			}
		}
		for n := range was {
			if _, ok := is[n]; !ok {
				list = append(list, plan.Generated{Source: source, Name: n})
			}
		}
	}
	return list
}

func sourcesOf(cfg Config) (list []sourceState) {
	for _, s := range cfg.Sources {
		list = append(list, sourceState{name: s})
	}
	return list
}
