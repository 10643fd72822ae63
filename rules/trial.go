package rules

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"zonecast/internal/checkout"
	"zonecast/internal/inventory"
	"zonecast/rules/maker"
	"zonecast/rules/process"
	"zonecast/rules/ruleset"
)

// trial is a set of rules that is tried on the whole inventory before anything of it is in force (P2): a module that
// was edited so that it gives nothing must not get as far as that. It is driven from beside the loop and takes it for a
// stretch at a time, so that events go on. What changes meanwhile is small beside what the guard looks for.
type trial struct {
	engine   *engine // in force when it began: with another one the trial is void
	compiled compiled
	subjects []*subject
	keys     []string
	stored   bool   // what is tried is loaded already
	released string // the module that somebody released: it is not tried
}

// subject is a module that a set of rules changes.
type subject struct {
	module *ruleset.Module
	was    string          // the module's name before: its file may give it another
	before int             // entities that it gave records for
	after  int             // entities that it would give records for
	cause  string          // why the guard stops it; "": it passes
	lost   map[string]bool // those that would have none any more; as many as are shown
	gone   int             // how many those are
	names  int             // and their names
	unseen int             // entities that its program was not got to answer for
}

// errStale is a trial of rules that were overtaken by others.
var errStale = errors.New("other rules were loaded meanwhile")

const (
	trialAtOnce = 2000 // entities looked at while events wait: some 30 ms
	trialRounds = 5    // a trial that others overtake is begun again
)

// look runs in the loop and changes nothing.
func (l *lead) look(ctx context.Context, do func() error) error {
	if l.rehearsal != nil { // nobody else has it
		if err := ctx.Err(); err != nil {
			return err
		}
		return do()
	}
	return l.insist(ctx, &job{look: do})
}

// try compiles a set of rules and tries what it changes. accept, in the loop, tells whether there is anything to try.
func (l *lead) try(ctx context.Context, set checkout.Set, accept func() (bool, error)) (*trial, error) {
	var t *trial
	var in intake
	err := l.look(ctx, func() (err error) {
		if ok, err := accept(); err != nil || !ok {
			return err
		}
		t = &trial{engine: l.engine}
		in, err = l.intake(set, nil)
		return err
	})
	if err != nil || t == nil {
		return nil, err
	}
	t.compiled = l.compile(in.files, in.good, set.Prefix) // beside the loop: a module's own tests may take their time
	if err := l.look(ctx, func() error { l.choose(t); return nil }); err != nil {
		return nil, err
	}
	return t, l.run(ctx, t)
}

// choose finds the modules that are to be tried, and the entities to try them on.
func (l *lead) choose(t *trial) {
	was := l.readRulesRow()
	kinds := map[string]bool{}
	for path, f := range t.compiled.rs.Files {
		if f.Module == nil {
			continue
		}
		s := &subject{module: f.Module, was: f.Module.Name, lost: map[string]bool{}}
		kind := f.Module.Kind
		if old := l.engine.set.Files[path]; old != nil && old.Module != nil {
			s.was, kind = old.Module.Name, old.Module.Kind
		}
		before, known := was[s.was]
		switch y := l.yields[s.was]; {
		case known && s.was == f.Module.Name && l.passes(before, f.Module):
			continue
		case known:
		case y == nil || y.giving == 0:
			continue // it is new
		default:
			before.Kind = kind // its first evaluation is under way
		}
		t.subjects = append(t.subjects, s)
		kinds[before.Kind] = true
	}
	if len(t.subjects) > 0 {
		t.keys = l.keysOf(kinds)
	}
}

func (l *lead) keysOf(kinds map[string]bool) []string {
	var keys []string
	for key := range l.inv.All() {
		if kind, _, ok := inventory.SplitKey(key); ok && kinds[kind] {
			keys = append(keys, key)
		}
	}
	return keys
}

// run tries the modules, a stretch of entities at a time. What programs make is asked of them beside the loop.
func (l *lead) run(ctx context.Context, t *trial) error {
	for keys := range slices.Chunk(t.keys, trialAtOnce) {
		looks := make([]look, len(keys))
		if err := l.look(ctx, func() error { return l.stretch(t, keys, looks) }); err != nil {
			return err
		}
		for i, s := range t.subjects {
			if program := l.programs[s.module.Process]; program != nil {
				s.unseen += askTrial(ctx, program, looks, i)
			}
			for _, seen := range looks {
				if seen.live {
					s.count(seen.key, seen.given, seen.gives[i])
				}
			}
		}
	}
	for _, s := range t.subjects {
		s.cause = s.judge(l.cfg.ModuleGuard)
	}
	return nil
}

// look is what a trial sees of an entity.
type look struct {
	key   string
	live  bool
	given []inventory.Given
	gives []bool           // by subject
	asks  []*maker.Request // by subject: what is left to ask its program
}

func (l *lead) stretch(t *trial, keys []string, looks []look) error {
	if l.engine != t.engine {
		return errStale
	}
	b := l.begin()
	for _, key := range keys {
		b.entity(key)
	}
	l.parallel(len(keys), func(w *worker, i int) {
		if e := b.entities[keys[i]]; e.ok && !e.row.Gone() {
			looks[i] = t.look(w, e, l.numbers)
		}
	})
	return nil
}

// look tells which subjects would have records for an entity. A fault counts as records: the last good ones stay.
func (t *trial) look(w *worker, e *entityState, numbers *inventory.Numbers) look {
	seen := look{key: e.key, live: true, given: e.row.Given, gives: make([]bool, len(t.subjects)), asks: make([]*maker.Request, len(t.subjects))}
	kind, id, _ := inventory.SplitKey(e.key)
	attrs, err := inventory.Attrs(e.row.Attrs)
	var c *checked
	if err == nil {
		c, err = t.compiled.rs.Entity(kind, id, attrs)
	}
	for i, s := range t.subjects {
		if err != nil {
			seen.gives[i] = true
			continue
		}
		if s.module.Process != "" {
			request, ok, fault := s.module.Request(w, c)
			if seen.gives[i] = fault != nil; ok {
				seen.asks[i] = &request
			}
			continue
		}
		asks := c.Demand(w, e.key, []*module{s.module})
		list, fault := s.module.EvalNumbered(w, c, numbers.Tried(e.key, asks.Claims))
		seen.gives[i] = fault != nil || len(list) > 0
	}
	return seen
}

// askTrial asks a program for what is left of a stretch. What it does not come to counts as records, and is
// counted: the guard looks at the answers when they come (engine.blind).
func askTrial(ctx context.Context, program *process.Pool, looks []look, subject int) (unseen int) {
	var requests []maker.Request
	var of []int
	for i := range looks {
		if looks[i].live && looks[i].asks[subject] != nil {
			requests, of = append(requests, *looks[i].asks[subject]), append(of, i)
		}
	}
	for i, a := range program.Ask(ctx, requests) {
		looks[of[i]].gives[subject] = a.Err != nil || len(a.Records) > 0
		if errors.Is(a.Err, maker.ErrUnanswered) || errors.Is(a.Err, maker.ErrBlamed) {
			unseen++
		}
	}
	return unseen
}

func (s *subject) count(key string, given []inventory.Given, gives bool) {
	if gives {
		s.after++
	}
	i := slices.IndexFunc(given, func(g inventory.Given) bool { return g.Module == s.was })
	if i < 0 || len(given[i].Names) == 0 {
		return
	}
	s.before++
	if !gives {
		s.gone++
		s.names += len(given[i].Names)
		if len(s.lost) < 100 {
			s.lost[key] = true
		}
	}
}

// judge says why the guard stops a module; "" when it does not.
func (s *subject) judge(guard ModuleGuard) string {
	limit := guard.limits().Limit(s.before)
	switch {
	case s.gone == 0:
		return ""
	case s.after == 0:
		return fmt.Sprintf("the changed module gives nothing at all: %s would lose their records", manyEntities(s.gone))
	case s.gone > limit:
		return fmt.Sprintf("with the changed module %d of %d entities would lose their records; at most %d may", s.gone, s.before, limit)
	}
	return ""
}

// blinds tells the rules in force of which modules the trial did not see all.
func (t *trial) blinds(e *engine) {
	for _, s := range t.subjects {
		if e.blind[s.module.Name] = s.unseen > 0; s.unseen == 0 {
			delete(e.blind, s.module.Name)
		}
	}
	delete(e.blind, t.released) // somebody has said what is to become of it
	delete(e.thawed, t.released)
}

// passed tells whether a module was tried and may be in force.
func (t *trial) passed(module string) bool {
	return slices.ContainsFunc(t.subjects, func(s *subject) bool { return s.module.Name == module && s.cause == "" })
}

func manyEntities(n int) string {
	if n == 1 {
		return "1 entity"
	}
	return fmt.Sprintf("%d entities", n)
}

// tryStored tries, at the start of a term, what changed without the files: vars, kinds' meaning, a newer zonecast.
func (l *lead) tryStored(ctx context.Context) error {
	return l.tryInForce(ctx, func() bool { return len(l.engine.untried) > 0 })
}

// tryInForce tries what changed about the modules that are loaded, where needed says so in the loop.
func (l *lead) tryInForce(ctx context.Context, needed func() bool) error {
	var t *trial
	err := l.look(ctx, func() error {
		if needed() {
			t = &trial{engine: l.engine, compiled: compiled{rs: l.engine.set}, stored: true}
			l.choose(t)
		}
		return nil
	})
	if err == nil && t != nil {
		err = l.run(ctx, t)
	}
	if err == nil && t != nil {
		err = l.insist(ctx, &job{run: func(_ context.Context, b *batch) error {
			if l.engine != t.engine {
				return errStale
			}
			frozen, _ := b.stop(t, nil, "", "") // not edited: there is no other text
			l.adopt(l.engine.set, l.engine.faulty, frozen)
			t.blinds(l.engine)
			b.recordAdopted()
			return nil
		}})
	}
	if errors.Is(err, errStale) {
		return nil // what was loaded meanwhile was tried itself
	}
	return err
}
