package rules

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"zonecast/internal/checkout"
	"zonecast/internal/load"
	"zonecast/internal/row"
	"zonecast/internal/service"
	"zonecast/internal/zone"
)

// stop keeps modules out that the guard stops: an edited file's last good text stays in force; a module that changed
// without its file (vars, kinds) is frozen with what it gave. It gives the modules to freeze, and a problem for each stopped one.
func (b *batch) stop(t *trial, good map[string][]byte, prefix, commit string) (frozen map[string]bool, problems []zone.Problem) {
	frozen = map[string]bool{}
	keep := map[string]bool{}
	for _, s := range t.subjects {
		if s.cause == "" {
			continue
		}
		path := s.module.Path
		text := t.compiled.rs.Files[path].Data
		edited := good[path] != nil && !bytes.Equal(text, good[path])
		if edited {
			load.PutTried(b.rul, checkout.File{Path: path, Data: text}, commit)
			t.compiled.files = replaced(t.compiled.files, path, good[path])
		} else {
			frozen[s.module.Name] = true
		}
		keep[b.holdModule(s, edited)] = true
		problems = append(problems, zone.Problem{Check: checkModuleGuard, Severity: zone.Error, File: prefix + path, Line: 1, Column: 1, Name: s.module.Name,
			Text: s.cause, Fix: "if that is meant: zonecast held release"})
	}
	b.dropStopped(keep, t.stored)
	return frozen, problems
}

func (b *batch) holdModule(s *subject, edited bool) string {
	detail, err := json.Marshal(heldModule{Path: s.module.Path, Module: s.module.Name, Edited: edited})
	if err != nil {
		panic(err) // strings and a boolean: cannot happen
	}
	stays := "what it gave stays, and new entities get nothing of it"
	if edited {
		stays = "its last good version stays in force"
	}
	return b.putHeld(row.Held{Unit: unitModule, Subject: s.was, Check: checkModuleGuard, Cause: s.cause, CanFree: true, Detail: detail,
		Effect: fmt.Sprintf("%s; a release takes the records of %s away, %d names: %s", stays, manyEntities(s.gone), s.names, someOf(s.lost))}, s.module.Hash)
}

// heldModule is Detail of a module that the guard stops. The text of an edited file lies in table rules meanwhile.
type heldModule struct {
	Path   string `json:"path"`
	Module string `json:"module"` // its name now
	Edited bool   `json:"edited"`
}

// stopped reads Detail; ok is false for what else the guard holds.
func stopped(h row.Held) (d heldModule, ok bool) {
	return d, h.Unit == unitModule && len(h.Detail) > 0 && json.Unmarshal(h.Detail, &d) == nil
}

// dropStopped ends what the guard stopped before, but for what it stops now. A trial of the stored files says nothing
// about edits that wait.
func (b *batch) dropStopped(keep map[string]bool, stored bool) {
	paths := map[string]bool{}
	for id := range keep {
		d, _ := stopped(b.l.heldBy[id])
		paths[d.Path] = true
	}
	for id, h := range b.l.heldBy {
		d, ok := stopped(h)
		if !ok || keep[id] || (stored && d.Edited) {
			continue
		}
		b.dropHeld(id)
		if !paths[d.Path] {
			load.DropTried(b.rul, d.Path)
		}
	}
}

// freeModule lets a module that the guard stopped into force.
func (l *lead) freeModule(ctx context.Context, h row.Held, why service.Why) error {
	d, _ := stopped(h)
	var set checkout.Set
	var by string
	if err := l.look(ctx, func() (err error) {
		set, by, err = l.storedWith(d)
		return err
	}); err != nil {
		return err
	}
	for range trialRounds {
		var engine *engine
		var in intake
		if err := l.look(ctx, func() (err error) {
			engine = l.engine
			in, err = l.intake(set, nil)
			return err
		}); err != nil {
			return err
		}
		t := &trial{engine: engine, compiled: l.compile(in.files, in.good, set.Prefix), released: d.Module}
		err := l.do(ctx, &job{run: func(_ context.Context, b *batch) error {
			if err := b.letGo(h, why); err != nil {
				return err
			}
			if _, err := b.loadRules(set, by, nil, t); err != nil {
				return err
			}
			b.dropHeld(h.ID)
			load.DropTried(b.rul, d.Path)
			return nil
		}})
		if !errors.Is(err, errStale) {
			return err
		}
	}
	return errStale
}

// storedWith gives the loaded files, with the text that waits for the release of an edited module.
func (l *lead) storedWith(d heldModule) (set checkout.Set, by string, err error) {
	current, _, err := load.Loaded(l.rul)
	if err != nil {
		return set, "", err
	}
	infos, err := load.Infos(l.rul)
	if err != nil {
		return set, "", err
	}
	files, err := load.Files(l.rul, infos)
	if err != nil {
		return set, "", err
	}
	if d.Edited {
		f, ok, err := load.Tried(l.rul, d.Path)
		if err != nil || !ok {
			return set, "", errors.Join(fmt.Errorf("the held text of %s is damaged: load it again", d.Path), err)
		}
		files = replaced(files, d.Path, f.Data)
	}
	return checkout.Set{Commit: current.Commit, Head: current.Head, Prefix: current.Prefix, Author: current.Author, Files: files}, current.By, nil
}
