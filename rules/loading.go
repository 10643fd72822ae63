package rules

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

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
	Next string `json:"next,omitempty"` // what is being evaluated: it passed the guard, or was released
	// Blind says of Next that its trial did not see all: the guard goes on looking.
	Blind bool `json:"blind,omitempty"`
}

// hash is what a module is in force with: its own hash, and the version of its program. One that did not run yet in this term
// counts as what it was.
func (l *lead) hash(m *module, was moduleHash) string {
	if m.Process == "" {
		return m.Hash
	}
	prefix := m.Hash + "@"
	if version, known := l.versions[m.Process]; known {
		return prefix + version
	}
	for _, old := range []string{was.Next, was.Hash} {
		if strings.HasPrefix(old, prefix) {
			return old
		}
	}
	return prefix
}

// same tells whether everything was made with a module as it is. A program that never ran made nothing yet: all waits for it.
func (l *lead) same(h moduleHash, m *module) bool {
	return h.Kind == m.Kind && (h.Hash == l.hash(m, h) || m.Process != "" && h.Hash == m.Hash+"@")
}

// passes tells whether a module needs no trial.
func (l *lead) passes(h moduleHash, m *module) bool {
	return l.same(h, m) || h.Next == l.hash(m, h) || m.Process != "" && h.Next == m.Hash+"@"
}

// untriedOf names the modules of a set that the guard has not let pass.
func (l *lead) untriedOf(set *ruleset.Ruleset) map[string]bool {
	was, list := l.readRulesRow(), map[string]bool{}
	for _, m := range set.Modules() {
		if h, known := was[m.Name]; known && !l.passes(h, m) {
			list[m.Name] = true
		}
	}
	return list
}

// putRulesRow records that everything was evaluated with the rules in force, except by frozen modules: theirs has no
// hash, so that their kinds are evaluated again when they are back.
func (b *batch) putRulesRow() {
	b.touchPools()
	now, was := b.frozenRow(), b.l.readRulesRow()
	for name := range now {
		if !b.l.engine.frozen[name] {
			delete(now, name)
		}
	}
	for _, m := range b.l.engine.set.Modules() {
		if !b.l.engine.frozen[m.Name] {
			now[m.Name] = moduleHash{Kind: m.Kind, Hash: b.l.hash(m, was[m.Name])}
		}
	}
	b.putInForce(now)
}

// recordAdopted records, in the commit that puts rules in force, which modules need not be tried again while their
// entities are evaluated.
func (b *batch) recordAdopted() {
	if len(b.l.backlog) == 0 {
		b.putRulesRow()
		return
	}
	now := b.frozenRow()
	for _, m := range b.l.engine.set.Modules() {
		if h, known := now[m.Name]; known && !b.l.same(h, m) && !b.l.engine.frozen[m.Name] {
			h.Next, h.Blind = b.l.hash(m, h), b.l.engine.blind[m.Name]
			now[m.Name] = h
		}
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
	return ruleset.Options{Prefix: prefix, Vars: l.cfg.Vars, DefaultTTL: l.cfg.TTL, LastGood: good,
		Go: l.cfg.Go, Processes: Programs(l.programs)}
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
	l.adopt(set, damaged || len(problems) > 0, l.untriedOf(set))
	if l.inv.Head().Open || l.gen.Head().Open {
		if err := l.mend(ctx); err != nil {
			return err
		}
	}
	b := l.begin()
	b.holdStored(problems, loaded.Prefix)
	if len(l.engine.frozen) > 0 {
		b.putInForce(b.frozenRow())
	} else if !b.hld.Changed() {
		return nil
	}
	return b.commit(ctx)
}

// adopt puts a ruleset in force and plans what it changes: the entities of every kind that has a module which is
// new, changed or gone since the generated records were made. Untried modules are frozen.
func (l *lead) adopt(set *ruleset.Ruleset, faulty bool, untried map[string]bool) {
	engine := newEngine(set, untried)
	engine.faulty = faulty
	was := l.readRulesRow()
	kinds := map[string]bool{}
	present := map[string]bool{}
	for _, m := range set.Modules() {
		present[m.Name] = true
		old, ok := was[m.Name]
		if old.Blind {
			engine.blind[m.Name] = true
		}
		if ok && old.Hash == "" {
			engine.thawed[m.Name] = true
		}
		if (ok && l.same(old, m)) || untried[m.Name] {
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
	set := checkout.Set{Commit: current.Commit, Head: current.Head, Prefix: current.Prefix, Author: current.Author, Files: files}
	_, err = b.loadRules(set, current.By, map[string]bool{h.Subject: true}, nil)
	return err
}

// intake is a set of files beside what is loaded.
type intake struct {
	infos map[string]row.FileInfo
	good  map[string][]byte // the loaded texts, by path
	delta load.Delta
	files []checkout.File // of the set, and those that are gone from it without leave
}

func (l *lead) intake(set checkout.Set, may map[string]bool) (in intake, err error) {
	if in.infos, err = load.Infos(l.rul); err != nil {
		return in, err
	}
	stored, err := load.Files(l.rul, in.infos)
	if err != nil {
		return in, err
	}
	in.good = make(map[string][]byte, len(stored))
	for _, f := range stored {
		in.good[f.Path] = f.Data
	}
	in.delta = load.Diff(in.infos, set.Files)
	in.files = slices.Clone(set.Files)
	for _, path := range in.delta.Gone {
		if may[path] {
			delete(in.good, path)
			continue
		}
		in.files = append(in.files, checkout.File{Path: path, Data: in.good[path]})
	}
	return in, nil
}

// loadRules makes a set of files the loaded rules: what loads is in force, what is broken keeps its last good text,
// what is gone stays until it is released (may says which are), and what the trial t stops is held. Without a trial only may changes anything.
func (b *batch) loadRules(set checkout.Set, by string, may map[string]bool, t *trial) ([]zone.Problem, error) {
	l := b.l
	in, err := l.intake(set, may)
	if err != nil {
		return nil, err
	}
	if t != nil && t.engine != l.engine {
		return nil, errStale
	}
	c, untried, guarded := compiled{}, map[string]bool(nil), []zone.Problem(nil)
	switch {
	case t == nil:
		c = l.compile(in.files, in.good, set.Prefix)
		untried = l.untriedOf(c.rs)
	case t.released != "":
		c = t.compiled
		untried = l.untriedOf(c.rs)
		delete(untried, t.released)
	default:
		untried, guarded = b.stop(t, in.good, set.Prefix, set.Commit)
		if c = t.compiled; len(guarded) > 0 {
			c.rs, _ = ruleset.Load(c.files, l.options(set.Prefix, in.good))
			for name := range l.untriedOf(c.rs) { // a last good text that means something else by now
				if !t.passed(name) {
					untried[name] = true
				}
			}
		}
	}
	rs := c.rs
	if may[ruleset.KindsFile] && len(rs.Kinds) == 0 {
		return nil, &refusal{http.StatusConflict, errors.New("without kinds.yaml no module loads: take the modules away first, or bring it back")}
	}
	for path, f := range rs.Files {
		info, had := in.infos[path]
		switch {
		case f.Data == nil || f.Held:
		case !had || info.SHA256 != load.Hash(f.Data):
			load.PutFile(b.rul, checkout.File{Path: path, Data: f.Data}, set.Commit, set.Author)
		}
	}
	for path := range may {
		load.DeleteFile(b.rul, path, in.infos[path])
	}
	b.holdFiles(rs, set.Prefix, c.problems, in.delta, may, in.infos)
	now := row.Load{Commit: set.Commit, Prefix: set.Prefix, Head: set.Head, At: b.now.Unix(), By: by, Author: set.Author}
	load.PutLoaded(b.rul, now)
	b.dropPush()
	l.loaded.Store(&now)
	unread := false // a stored file that does not load in any version: what its module gave stays
	for path := range in.infos {
		unread = unread || (!may[path] && (rs.Files[path] == nil || rs.Files[path].Data == nil))
	}
	l.adopt(rs, unread, untried)
	if t != nil {
		t.blinds(l.engine)
	}
	b.recordAdopted()
	problems := append(c.problems, guarded...)
	l.log.Info("rules loaded", "commit", set.Commit, "by", by, "modules", len(rs.Modules()), "problems", len(problems))
	return problems, nil
}
