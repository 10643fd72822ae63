package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"zonecast/internal/inventory"
	"zonecast/internal/zone"
	"zonecast/rules/ruleset"
)

// maxInventory bounds an inventory file that check reads, in octets.
const maxInventory = 1 << 30

// evaluate gives what the modules make of inventory files, and what is wrong with the files and their entities.
func evaluate(rs *ruleset.Ruleset, files []string) (byOwner, []zone.Problem) {
	lists := inventoryLists{rules: rs, rows: map[string]inventory.Row{}, live: map[string]listed{}}
	for _, entry := range files {
		lists.read(entry)
	}
	out, problems := byOwner{}, lists.problems
	keys := slices.Sorted(maps.Keys(lists.live))
	entities := make([]*ruleset.Entity, len(keys))
	for i, key := range keys {
		entities[i] = lists.live[key].entity
	}
	unasked := unanswered{}
	ruleset.EvaluateAll(ruleset.NewWorker(), rs.Modules(), entities, out, func(i int, err error) {
		e := lists.live[keys[i]]
		if p := asProblem(err, e.path, e.line, keys[i]); !ruleset.Down(err) {
			problems = append(problems, p)
		} else if unasked.count(p) {
			problems = append(problems, p)
		}
	})
	unasked.tell(problems)
	return out, problems
}

// unanswered counts, by module file, entities that a program was not there for: one fault, which would be listed as
// often as there are entities.
type unanswered map[string]int

// count tells whether p is the first of its file.
func (u unanswered) count(p zone.Problem) bool { u[p.File]++; return u[p.File] == 1 }

// tell adds to the first of each file how many there are beyond.
func (u unanswered) tell(problems []zone.Problem) {
	for i := range problems {
		if p := &problems[i]; p.Check == "process-down" && u[p.File] > 1 {
			p.Text += fmt.Sprintf("; so for %d more", u[p.File]-1)
		}
	}
}

// inventoryLists is what inventory files come to, by the rules that the stage decides by: a file may be a log of
// events too, in which a later revision replaces an earlier one and a delete takes its entity away.
type inventoryLists struct {
	rules    *ruleset.Ruleset
	rows     map[string]inventory.Row
	live     map[string]listed // by key
	problems []zone.Problem
}

// listed is a live entity and its place.
type listed struct {
	entity *ruleset.Entity
	path   string
	line   int
}

// read takes a file in.
func (l *inventoryLists) read(entry string) {
	path := entry
	if _, p, ok := strings.Cut(entry, "="); ok {
		path = p
	}
	list, err := readInventory(path)
	var unread *os.PathError
	if errors.As(err, &unread) {
		err = unread.Err // the path stands beside it
	}
	bad := func(line int, name, check, text string) {
		l.problems = append(l.problems, zone.Problem{Check: check, Severity: zone.Error, File: path, Line: max(line, 1), Column: 1, Name: name, Text: text})
	}
	if err != nil {
		bad(0, "", "bad-inventory", err.Error())
		return
	}
	here := map[string]bool{}
	for _, item := range list.Items {
		e, key := item.Event, item.Event.Key()
		switch {
		case item.Err != nil:
			bad(item.Line, "", "bad-entity", item.Err.Error())
			continue
		case e.Op == inventory.Alive:
			continue
		case here[key] && e.Op == inventory.Put && !e.Numbered:
			bad(item.Line, key, "twice", "the entity is in the list already")
			continue
		}
		here[key] = true
		var entity *ruleset.Entity
		if e.Op == inventory.Put {
			if entity, err = l.rules.Entity(e.Kind, e.ID, e.Attrs); err != nil {
				bad(item.Line, key, "bad-entity", err.Error())
				continue
			}
		}
		old, ok := l.rows[key]
		next, verdict := inventory.Change(old, ok, &e, path, true, 1)
		switch verdict.Status {
		case inventory.Refused:
			check, _, _ := strings.Cut(verdict.Reason, " ")
			bad(item.Line, key, strings.TrimSuffix(check, ":"), verdict.Reason)
		case inventory.Accepted:
			l.rows[key] = next
			if delete(l.live, key); entity != nil {
				l.live[key] = listed{entity, path, item.Line}
			}
		}
	}
}

func asProblem(err error, path string, line int, name string) zone.Problem {
	var p zone.Problem
	if errors.As(err, &p) {
		return p
	}
	return zone.Problem{Check: "eval", Severity: zone.Error, File: path, Line: line, Name: name, Text: err.Error()}
}

func readInventory(path string) (inventory.List, error) {
	format, err := inventory.FormatOfFile(path)
	if err != nil {
		return inventory.List{}, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return inventory.List{}, err
	}
	if info.Size() > maxInventory {
		return inventory.List{}, fmt.Errorf("larger than %d MiB", maxInventory>>20)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return inventory.List{}, err
	}
	return inventory.ParseList(format, text)
}
