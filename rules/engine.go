package rules

import (
	"slices"

	"zonecast/internal/inventory"
	"zonecast/internal/row"
	"zonecast/rules/ruleset"
)

// checked is an entity whose attributes fit its kind.
type checked = ruleset.Entity

// module is a compiled rule module.
type module = ruleset.Module

// worker is what one goroutine evaluates with.
type worker = ruleset.Worker

// engine is the rules in force. It is replaced as a whole when rules are loaded.
type engine struct {
	set     *ruleset.Ruleset
	modules map[string][]*ruleset.Module // by kind, sorted by name
	workers []*worker
	// numbered are the kinds of which a module uses numbers of numbered roles.
	numbered map[string]bool
	// frozen are modules that gave records once and do not load now though their file is loaded: a newer program may
	// be stricter. What they gave stays until the file is mended (P3).
	frozen map[string]bool
	// untried are those of them that load, and changed: the guard has not let them pass (trial.go).
	untried map[string]bool
	// blind are modules of which a trial could not see all, since their program did not answer: what they lose is not known.
	blind map[string]bool
	// thawed are modules that were frozen until now: entities that changed meanwhile leave pools only now.
	thawed map[string]bool
	// still are modules that give what they gave: a rehearsal need not evaluate them.
	still  map[string]bool
	faulty bool // files of the set are broken: a module that is not in it need not be gone
}

func newEngine(set *ruleset.Ruleset, untried map[string]bool) *engine {
	e := &engine{set: set, modules: map[string][]*ruleset.Module{}, numbered: map[string]bool{}, frozen: map[string]bool{}, untried: map[string]bool{}, blind: map[string]bool{}, thawed: map[string]bool{}}
	for _, m := range set.Modules() {
		if untried[m.Name] {
			e.frozen[m.Name], e.untried[m.Name] = true, true
			continue
		}
		e.modules[m.Kind] = append(e.modules[m.Kind], m)
		if m.Numbered {
			e.numbered[m.Kind] = true
		}
	}
	for range workerCount() {
		e.workers = append(e.workers, ruleset.NewWorker())
	}
	return e
}

// numbers tells whether a module's records for an entity use numbers.
func (e *engine) numbers(key, module string) bool {
	kind, _, _ := inventory.SplitKey(key)
	return slices.ContainsFunc(e.modules[kind], func(m *ruleset.Module) bool { return m.Name == module && m.Numbered })
}

func (e *engine) check(kind, id string, attrs map[string]any) (*checked, error) {
	return e.set.Entity(kind, id, attrs)
}

// evaluate runs every module of the entity's kind. Attributes that do not fit the kind (any more: kinds may have
// changed since they were stored) fail all of them, so that what they gave stays.
func (e *engine) evaluate(w *worker, s *entityState) []result {
	c, err := e.checked(s)
	if err != nil {
		results := make([]result, 0, len(s.row.Given))
		for _, g := range s.row.Given {
			if !e.frozen[g.Module] {
				results = append(results, result{module: g.Module, err: err})
			}
		}
		if len(results) == 0 { // it gave nothing yet: held all the same, to be seen
			results = append(results, result{module: checkModule, err: err})
		}
		return results
	}
	modules := e.modules[c.Kind]
	results := make([]result, len(modules))
	for i, m := range modules {
		if e.still[m.Name] && settled(s.row.Given, m.Name) {
			results[i] = result{module: m.Name, keep: true}
			continue
		}
		if m.Process != "" {
			if r, final := ask(w, m, c, s); final {
				results[i] = r
				continue
			}
		}
		list, err := evaluateOne(w, m, c, s)
		r := result{module: m.Name, err: err, gives: make(map[string]row.Contribution, len(list))}
		for _, g := range list {
			r.gives[g.Owner.String()] = row.Contribution{Module: m.Name, Entity: s.key, Shared: g.Shared, Sets: g.Sets, Standings: g.Standings}
		}
		results[i] = r
	}
	return results
}

func evaluateOne(w *worker, m *module, c *checked, s *entityState) ([]ruleset.Contribution, error) {
	if m.Process != "" {
		return m.Finish(w, c, s.answers[m.Name])
	}
	return m.EvalNumbered(w, c, s.numbers)
}

// ask decides what becomes of a module that a program makes the records of; final is false where its answer is there.
func ask(w *worker, m *module, c *checked, s *entityState) (r result, final bool) {
	_, answered := s.answers[m.Name]
	switch wanted, err := m.Wants(w, c); {
	case err != nil:
		return result{module: m.Name, err: err}, true
	case !wanted:
		return result{module: m.Name}, true
	case answered:
		return r, false
	case s.answers != nil: // another program's turn
		return result{module: m.Name, keep: true}, true
	}
	return result{module: m.Name, wait: m.Process}, true
}

// checked gives an entity's checked attributes: those of the event, when it was checked by these very kinds.
func (e *engine) checked(s *entityState) (*checked, error) {
	if s.item != nil && s.item.checked != nil {
		return s.item.checked, nil
	}
	if s.checked != nil {
		return s.checked, nil
	}
	attrs, err := inventory.Attrs(s.row.Attrs)
	if err != nil {
		return nil, err
	}
	kind, id, _ := inventory.SplitKey(s.key)
	return e.check(kind, id, attrs)
}
