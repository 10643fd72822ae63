package rules

import (
	"bytes"
	"slices"

	"zonecast/internal/checkout"
	"zonecast/internal/load"
	"zonecast/internal/row"
	"zonecast/internal/service"
	"zonecast/internal/zone"
	"zonecast/rules/ruleset"
)

// compiled is a set of files as it loads, and what is wrong with it.
type compiled struct {
	files    []checkout.File // what is given up for its last good text replaced by that
	rs       *ruleset.Ruleset
	problems []zone.Problem // of all that was given
}

// compile loads a set of files with their last good texts behind them. Two things can only be seen with the whole:
// a kinds.yaml that is right in itself and breaks modules which nobody changed is held, so that no module that works is
// lost; a module whose own tests fail counts as broken.
func (l *lead) compile(files []checkout.File, good map[string][]byte, prefix string) compiled {
	var extra []zone.Problem
	rs, problems := ruleset.Load(files, l.options(prefix, good))
	if broken := brokenByKinds(rs, files, good); broken != "" {
		extra = append(extra, zone.Problem{Check: "kinds-break-module", Severity: zone.Error, File: prefix + ruleset.KindsFile, Line: 1, Column: 1,
			Text: "with this version " + broken + " does not load any more", Fix: "change the module in the same commit"})
		for _, p := range problems { // why the module fails is worth more than that it does
			if p.File == prefix+broken {
				extra = append(extra, p)
			}
		}
		files = replaced(files, ruleset.KindsFile, good[ruleset.KindsFile])
		rs, problems = ruleset.Load(files, l.options(prefix, good))
	}
	skipped := map[string]bool{}
	for range len(files) { // every round takes a failing module out: it ends
		failed := ""
		for path, f := range rs.Files {
			if f.Module == nil || f.Held || bytes.Equal(f.Data, good[path]) {
				continue // a last good text was tested when it was loaded
			}
			tests := f.Module.RunTests()
			if f.Module.Process != "" && untested(tests) {
				if !skipped[path] {
					extra = append(extra, tests...)
				}
				skipped[path] = true
				continue
			}
			if len(tests) > 0 {
				failed = path
				extra = append(extra, tests...)
				break
			}
		}
		if failed == "" {
			break
		}
		files = replaced(files, failed, good[failed])
		rs, problems = ruleset.Load(files, l.options(prefix, good))
	}
	problems = append(problems, extra...)
	slices.SortFunc(problems, zone.Problem.ComparePlace)
	return compiled{files, rs, problems}
}

// untested tells whether a module's tests say no more than that its program does not run now, and makes warnings of
// them: that is no fault of the module, and what it gave stays until the program is back.
func untested(problems []zone.Problem) bool {
	for _, p := range problems {
		if p.Check != "process-down" {
			return false
		}
	}
	for i := range problems {
		problems[i].Severity = zone.Warning
	}
	return len(problems) > 0
}

// brokenByKinds names a module file that loaded before with the text it has now, and does not with the new kinds.
func brokenByKinds(rs *ruleset.Ruleset, files []checkout.File, good map[string][]byte) string {
	if old, ok := good[ruleset.KindsFile]; !ok || rs.Files[ruleset.KindsFile].Held || bytes.Equal(old, rs.Files[ruleset.KindsFile].Data) {
		return ""
	}
	for _, f := range files {
		if _, had := good[f.Path]; had && rs.Files[f.Path] != nil && rs.Files[f.Path].Data == nil {
			return f.Path
		}
	}
	return ""
}

// replaced gives the files with another text for one of them, or without it when there is no other.
func replaced(files []checkout.File, path string, text []byte) []checkout.File {
	var out []checkout.File
	for _, f := range files {
		if f.Path != path {
			out = append(out, f)
		} else if text != nil {
			out = append(out, checkout.File{Path: path, Data: text})
		}
	}
	return out
}

// errorsByFile sorts errors by the file's path in the set.
func errorsByFile(problems []zone.Problem, prefix string) map[string][]zone.Problem {
	byFile := map[string][]zone.Problem{}
	for _, p := range problems {
		if p.Severity == zone.Error {
			path := p.File
			if len(path) > len(prefix) && path[:len(prefix)] == prefix {
				path = path[len(prefix):]
			}
			byFile[path] = append(byFile[path], p)
		}
	}
	return byFile
}

// storedText marks held things of files that loaded once and do not with this process.
const storedText = "stored"

// holdStored lists, at the start of a term, what of the loaded files does not load here: another host's config knows a program
// that this one's does not, or another zonecast a Go module. An edit that is held besides stays so.
func (b *batch) holdStored(problems []zone.Problem, prefix string) {
	keep := map[string]bool{}
	for path, list := range errorsByFile(problems, prefix) {
		keep[b.putHeld(row.Held{Unit: unitModuleFile, Subject: path, Check: list[0].Check, Cause: service.OneLine(list[0].Error()), Problems: list,
			Effect: "it was loaded, and does not load with the process that leads now: what its module gave stays, new entities get nothing of it"}, storedText)] = true
	}
	for id, h := range b.l.heldBy {
		if h.Unit == unitModuleFile && !keep[id] && id == row.HeldID(b.l.name, h.Unit, h.Subject, storedText) {
			b.dropHeld(id)
		}
	}
}

// holdFiles lists what of a load is not in force: files with errors, and files that vanished.
func (b *batch) holdFiles(rs *ruleset.Ruleset, prefix string, problems []zone.Problem, delta load.Delta, may map[string]bool, infos map[string]row.FileInfo) {
	keep := map[string]bool{}
	for path, list := range errorsByFile(problems, prefix) {
		h := row.Held{Unit: unitModuleFile, Subject: path, Check: list[0].Check, Cause: service.OneLine(list[0].Error()), Problems: list,
			Effect: "nothing of the file is in force until it is mended"}
		if f := rs.Files[path]; f != nil && f.Data != nil {
			h.Effect = "the file's last good version stays in force until it is mended"
		}
		keep[b.putHeld(h, "")] = true
	}
	for _, path := range delta.Gone {
		if may[path] {
			continue
		}
		h := row.Held{Unit: unitModuleFile, Subject: path, Check: "file-gone", Cause: "the file is gone from the rules folder", CanFree: true,
			Effect: "its last good version stays in force; a release takes it away, with the records it gave"}
		keep[b.putHeld(h, infos[path].SHA256)] = true
	}
	for id, h := range b.l.heldBy {
		if h.Unit == unitModuleFile && !keep[id] {
			b.dropHeld(id)
		}
	}
}
