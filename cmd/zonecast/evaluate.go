package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"zonecast/internal/inventory"
	"zonecast/internal/row"
	"zonecast/internal/zone"
	"zonecast/rules/ruleset"
)

// maxInventory bounds an inventory file that check reads, in octets.
const maxInventory = 1 << 30

// evaluate gives what the modules make of inventory files, and what is wrong with the files' entities.
func evaluate(rs *ruleset.Ruleset, files []string) (byOwner, []zone.Problem, error) {
	out := byOwner{}
	var problems []zone.Problem
	seen := map[string]string{} // entity -> file
	worker := ruleset.NewWorker()
	for _, entry := range files {
		path := entry
		if _, p, ok := strings.Cut(entry, "="); ok {
			path = p
		}
		bad := func(line int, name, check string, err error) {
			problems = append(problems, zone.Problem{Check: check, Severity: zone.Error, File: path, Line: line, Name: name, Text: err.Error()})
		}
		list, err := readInventory(path)
		if err != nil {
			var unread *os.PathError
			if errors.As(err, &unread) {
				return nil, nil, err
			}
			bad(0, "", "bad-inventory", err)
			continue
		}
		for _, item := range list.Items {
			e := item.Event
			if item.Err != nil {
				bad(item.Line, "", "bad-entity", item.Err)
				continue
			}
			if other, twice := seen[e.Key()]; twice {
				bad(item.Line, e.Key(), "twice", fmt.Errorf("the entity stands in %s already", other))
				continue
			}
			seen[e.Key()] = path
			entity, err := rs.Entity(e.Kind, e.ID, e.Attrs)
			if err != nil {
				bad(item.Line, e.Key(), "bad-entity", err)
				continue
			}
			for _, m := range rs.Modules() {
				gives, err := m.EvalEntity(worker, entity)
				if err != nil {
					problems = append(problems, asProblem(err, path, item.Line, e.Key()))
					continue
				}
				out.add(m.Name, e.Key(), gives)
			}
		}
	}
	for _, list := range out {
		slices.SortFunc(list, func(a, b row.Contribution) int {
			return strings.Compare(a.Module+"\x00"+a.Entity, b.Module+"\x00"+b.Entity)
		})
	}
	return out, problems, nil
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
