package rules

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"zonecast/internal/checkout"
	"zonecast/internal/inventory"
	"zonecast/internal/table"
	"zonecast/internal/zone"
	"zonecast/rules/maker"
)

// rehearsal is what a load would write. A leader that rehearses is a copy of the one that leads, with tables as they
// were last committed: it loads and evaluates by the same code, in a goroutine of its own, and commits nothing. So a
// plan says what a push does, and events go on beside it.
type rehearsal struct {
	inv, gen, rul, hld *table.Tx
}

// rehearse copies the term, in the loop. It costs a pointer for each shard, held thing and number.
func (l *lead) rehearse() *lead {
	stage := &Stage{cfg: l.cfg, programs: l.programs, st: l.st, host: l.host, log: slog.New(slog.DiscardHandler),
		metrics: newMetrics(prometheus.NewRegistry(), l.cfg.Source), name: l.name}
	c := &lead{Stage: stage, inv: l.inv.Copy(), gen: l.gen.Copy(), rul: l.rul.Copy(), hld: l.hld.Copy(), engine: l.engine,
		entities: l.entities, heldBy: maps.Clone(l.heldBy), heldContributions: l.heldContributions, yields: make(map[string]*yield, len(l.yields)),
		numbers: l.numbers.Clone(), kept: l.kept, waits: make(map[string]*waiting, len(l.waits)), versions: maps.Clone(l.versions)}
	for name, y := range l.yields {
		own := *y
		own.recent, own.kept = slices.Clone(y.recent), maps.Clone(y.kept)
		c.yields[name] = &own
	}
	for name := range l.waits {
		c.waits[name] = newWaiting()
	}
	c.rehearsal = &rehearsal{c.inv.Begin(), c.gen.Begin(), c.rul.Begin(), c.hld.Begin()}
	return c
}

// perform loads a set and evaluates what it changes. It gives the problems of the files.
func (l *lead) perform(ctx context.Context, set checkout.Set) ([]zone.Problem, error) {
	t, err := l.try(ctx, set, func() (bool, error) { return true, nil })
	if err != nil {
		return nil, err
	}
	before := l.engine.set.Kinds
	b := l.begin()
	problems, err := b.loadRules(set, "push", nil, t)
	if err != nil {
		return nil, err
	}
	if err := b.commit(ctx); err != nil {
		return nil, err
	}
	l.engine.still = map[string]bool{}
	was := l.readRulesRow()
	for _, m := range l.engine.set.Modules() {
		kind, known := before[m.Kind], l.engine.set.Kinds[m.Kind]
		if h, ok := was[m.Name]; ok && l.same(h, m) && !m.Numbered && kind != nil && known != nil && sameKind(kind, known) {
			l.engine.still[m.Name] = true
		}
	}
	for len(l.backlog) > 0 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := l.reevaluate(ctx); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.programs)) {
		unseen, err := l.askRehearsing(ctx, name)
		if err != nil {
			return nil, err
		}
		if unseen > 0 {
			problems = append(problems, zone.Problem{Check: "process-down", Severity: zone.Warning, File: set.Prefix, Name: name,
				Text: fmt.Sprintf("program %s does not answer for %s: what it would give for them is not in the plan", name, manyEntities(unseen)), Fix: "look at its log lines; plan again when it runs"})
		}
	}
	return problems, nil
}

// settled tells whether a module's last evaluation for an entity ended well: only then another one gives the same.
func settled(given []inventory.Given, module string) bool {
	i := slices.IndexFunc(given, func(g inventory.Given) bool { return g.Module == module })
	return i < 0 || !given[i].Held && !given[i].Guarded && !given[i].Waiting
}

// askMisses is how often in a row a rehearsal takes no answer from a program.
const askMisses = 3

// askRehearsing asks a program for what waits for it, and tells for how many entities it gave no answer.
func (l *lead) askRehearsing(ctx context.Context, name string) (unseen int, err error) {
	program, w, misses := l.programs[name], l.waits[name], 0
	for len(w.keys) > 0 {
		if state, _ := program.State(); !state.Up || misses == askMisses {
			return len(w.keys), nil
		}
		r := l.takeWaiting(name)
		answers := program.Ask(ctx, r.requests)
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		b := l.begin()
		b.answered(name, r, answers)
		if err := b.commit(ctx); err != nil {
			return 0, err
		}
		if misses++; !slices.ContainsFunc(answers, func(a maker.Answer) bool {
			return errors.Is(a.Err, maker.ErrUnanswered) || errors.Is(a.Err, maker.ErrBlamed)
		}) {
			misses = 0
		}
	}
	return 0, nil
}
