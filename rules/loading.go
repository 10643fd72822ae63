package rules

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"zonecast/internal/checkout"
	"zonecast/internal/inventory"
	"zonecast/internal/load"
	"zonecast/internal/row"
	"zonecast/internal/zone"
	"zonecast/rules/ruleset"
)

// keyRules is the row of the inventory table that says which rules its generated records were made with.
const keyRules = "@ruleset"

// inForce is that row: module -> kind and hash. An entity of a kind is up to date when all of its modules are.
type inForce map[string]moduleHash

type moduleHash struct {
	Kind string `json:"kind"`
	Hash string `json:"hash"`
}

// putRulesRow records that everything was evaluated with the rules in force, except by frozen modules: theirs has no
// hash, so that their kinds are evaluated again when they are back.
func (b *batch) putRulesRow() {
	now := b.frozenRow()
	for name := range now {
		if !b.l.engine.frozen[name] {
			delete(now, name)
		}
	}
	for _, m := range b.l.engine.set.Modules() {
		now[m.Name] = moduleHash{m.Kind, m.Hash}
	}
	b.putInForce(now)
}

// frozenRow is the row as it stands, without the hashes of frozen modules.
func (b *batch) frozenRow() inForce {
	row := b.l.readRulesRow()
	for name := range b.l.engine.frozen {
		row[name] = moduleHash{Kind: row[name].Kind}
	}
	return row
}

func (b *batch) putInForce(now inForce) {
	value, err := json.Marshal(now)
	if err != nil {
		panic(err) // strings: cannot happen
	}
	if !same(b.inv, keyRules, value) {
		b.inv.Put(keyRules, value)
	}
}

func (l *lead) readRulesRow() inForce {
	was := inForce{}
	if value, ok := l.inv.Get(keyRules); ok {
		_ = json.Unmarshal(value, &was) // a damaged row: everything is evaluated again
	}
	return was
}

func (l *lead) options(prefix string, good map[string][]byte) ruleset.Options {
	return ruleset.Options{Prefix: prefix, Vars: l.cfg.Vars, DefaultTTL: l.cfg.TTL, LastGood: good}
}

// loadStored puts the rules of the table in force at the start of a term, and finds what is to be evaluated again.
func (l *lead) loadStored(ctx context.Context) error {
	damaged := false
	if l.rul.Head().Open {
		var err error
		if damaged, err = l.mendRules(ctx); err != nil {
			return err
		}
	}
	loaded, ok, err := load.Loaded(l.rul)
	if err != nil {
		return err
	}
	infos, err := load.Infos(l.rul)
	if err != nil {
		return err
	}
	files, err := load.Files(l.rul, infos)
	if err != nil {
		return err
	}
	set, problems := ruleset.Load(files, l.options(loaded.Prefix, nil))
	if ok {
		l.loaded.Store(&loaded)
		for _, p := range problems {
			l.log.Warn("loaded rules", "problem", p.Error())
		}
	}
	l.adopt(set, damaged || len(problems) > 0)
	if l.inv.Head().Open || l.gen.Head().Open {
		return l.mend(ctx)
	}
	if len(l.engine.frozen) == 0 {
		return nil
	}
	b := l.begin()
	b.putInForce(b.frozenRow())
	return b.commit(ctx)
}

// adopt puts a ruleset in force and plans what it changes: the entities of every kind that has a module which is
// new, changed or gone since the generated records were made.
func (l *lead) adopt(set *ruleset.Ruleset, faulty bool) {
	engine := newEngine(set)
	was := l.readRulesRow()
	kinds := map[string]bool{}
	present := map[string]bool{}
	for _, m := range set.Modules() {
		present[m.Name] = true
		old, ok := was[m.Name]
		if ok && old == (moduleHash{m.Kind, m.Hash}) {
			continue
		}
		kinds[m.Kind] = true
		if ok {
			kinds[old.Kind] = true
		}
	}
	for name, old := range was {
		if present[name] {
			continue
		}
		if faulty {
			engine.frozen[name] = true
			continue
		}
		kinds[old.Kind] = true
	}
	if l.engine != nil {
		for name, k := range set.Kinds {
			if old := l.engine.set.Kinds[name]; old == nil || !sameKind(old, k) {
				kinds[name] = true
			}
		}
		for name := range l.engine.set.Kinds {
			if set.Kinds[name] == nil {
				kinds[name] = true
			}
		}
	}
	l.engine = engine
	l.generation.Add(1)
	l.wakeFiles()
	l.plan(kinds)
}

func sameKind(a, b *ruleset.Kind) bool {
	x, _ := json.Marshal(a) // exported fields of plain types
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

// plan makes the backlog of entities to evaluate again.
func (l *lead) plan(kinds map[string]bool) {
	keep := map[string]bool{}
	for _, key := range l.backlog {
		keep[key] = true
	}
	for key := range l.inv.All() {
		if kind, _, ok := inventory.SplitKey(key); ok && kinds[kind] {
			keep[key] = true
		}
	}
	l.backlog = l.backlog[:0]
	for key := range keep {
		l.backlog = append(l.backlog, key)
	}
	slices.Sort(l.backlog)
	if len(l.backlog) > 0 {
		l.log.Info("rules changed", "entities to evaluate", len(l.backlog))
	}
}

// push takes a set of rules files, from PUT /v1/rules or the watched folder.
func (l *lead) push(ctx context.Context, p checkout.Push, by string) (load.Answer, error) {
	var a load.Answer
	if err := l.do(ctx, &job{run: func(_ context.Context, b *batch) (err error) {
		a, err = b.applyPush(p, by)
		return err
	}}); err != nil {
		return load.Answer{}, err // the job may be under way still: a is not ours to read
	}
	return a, nil
}

func (b *batch) applyPush(p checkout.Push, by string) (a load.Answer, err error) {
	current, ok, err := load.Loaded(b.l.rul)
	if err != nil {
		return a, err
	}
	switch a.Status, err = load.Decide(p, current, ok); {
	case errors.Is(err, load.ErrConflict):
		return a, &refusal{http.StatusConflict, err}
	case err != nil:
		return a, err
	case a.Status == load.StatusUnchanged:
		b.dropPush()
		return a, nil
	case a.Status == load.StatusHeld:
		a.HeldID = b.holdPush(p, current)
		return a, nil
	}
	a.Problems, err = b.loadRules(p.Set, by, nil)
	return a, err
}

func (b *batch) holdPush(p checkout.Push, current row.Load) string {
	load.PutPending(b.rul, p)
	h := row.Held{Unit: unitPush, Subject: "rules", Check: "not-descending", CanFree: true,
		Cause:  fmt.Sprintf("commit %.12s does not descend from the loaded %.12s", p.Commit, current.Commit),
		Effect: "the loaded rules stay; a release loads the pushed ones instead"}
	id := row.HeldID(b.l.name, unitPush, h.Subject, p.Commit)
	b.dropUnit(unitPush, h.Subject, id)
	return b.putHeld(h, p.Commit)
}

func (b *batch) dropPush() {
	load.DropPending(b.rul)
	b.dropUnit(unitPush, "rules", "")
}

// freePush loads a held push.
func (b *batch) freePush() error {
	p, ok, err := load.Pending(b.rul)
	if err != nil || !ok {
		return errors.Join(errors.New("the held push is damaged: push again"), err)
	}
	_, err = b.loadRules(p.Set, "push", nil)
	return err
}

// freeGone takes a file away that vanished from the rules folder.
func (b *batch) freeGone(h row.Held) error {
	current, _, err := load.Loaded(b.l.rul)
	if err != nil {
		return err
	}
	infos, err := load.Infos(b.l.rul)
	if err != nil {
		return err
	}
	delete(infos, h.Subject)
	files, err := load.Files(b.l.rul, infos)
	if err != nil {
		return err
	}
	set := checkout.Set{Commit: current.Commit, Head: current.Head, Prefix: current.Prefix, Files: files}
	_, err = b.loadRules(set, current.By, map[string]bool{h.Subject: true})
	return err
}

// loadRules makes a set of files the loaded rules: what loads is in force, what is broken keeps its last good text,
// what is gone stays until it is released (may says which are).
func (b *batch) loadRules(set checkout.Set, by string, may map[string]bool) ([]zone.Problem, error) {
	l := b.l
	infos, err := load.Infos(l.rul)
	if err != nil {
		return nil, err
	}
	stored, err := load.Files(l.rul, infos)
	if err != nil {
		return nil, err
	}
	good := make(map[string][]byte, len(stored))
	for _, f := range stored {
		good[f.Path] = f.Data
	}
	delta := load.Diff(infos, set.Files)
	files := slices.Clone(set.Files)
	for _, path := range delta.Gone {
		if may[path] {
			delete(good, path)
			continue
		}
		files = append(files, checkout.File{Path: path, Data: good[path]})
	}
	rs, problems := l.compile(files, good, set.Prefix)
	if may[ruleset.KindsFile] && len(rs.Kinds) == 0 {
		return nil, &refusal{http.StatusConflict, errors.New("without kinds.yaml no module loads: take the modules away first, or bring it back")}
	}
	for path, f := range rs.Files {
		info, had := infos[path]
		switch {
		case f.Data == nil || f.Held:
		case !had || info.SHA256 != load.Hash(f.Data):
			load.PutFile(b.rul, checkout.File{Path: path, Data: f.Data}, set.Commit)
		}
	}
	for path := range may {
		load.DeleteFile(b.rul, path, infos[path])
	}
	b.holdFiles(rs, set.Prefix, problems, delta, may, infos)
	now := row.Load{Commit: set.Commit, Prefix: set.Prefix, Head: set.Head, At: b.now.Unix(), By: by}
	load.PutLoaded(b.rul, now)
	b.dropPush()
	l.loaded.Store(&now)
	unread := false // a stored file that does not load in any version: what its module gave stays
	for path := range infos {
		unread = unread || (!may[path] && (rs.Files[path] == nil || rs.Files[path].Data == nil))
	}
	l.adopt(rs, unread)
	switch {
	case len(l.backlog) == 0:
		b.putRulesRow()
	case len(l.engine.frozen) > 0:
		b.putInForce(b.frozenRow())
	}
	l.log.Info("rules loaded", "commit", set.Commit, "by", by, "modules", len(rs.Modules()), "problems", len(problems))
	return problems, nil
}
