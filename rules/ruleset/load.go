package ruleset

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"zonecast/internal/checkout"
	"zonecast/internal/policy"
	"zonecast/internal/strictyaml"
	"zonecast/internal/zone"
	"zonecast/rules/maker"
)

// ErrUnknownKind is an entity of a kind that kinds.yaml does not have.
var ErrUnknownKind = errors.New("unknown kind")

// KindsFile is the file of a rules folder that types attributes. It is no module, nor is policy.File.
const KindsFile = "kinds.yaml"

// maxModules bounds a rules folder (P9).
const maxModules = 1000

// Options are what rules depend on besides their files.
type Options struct {
	Prefix     string            // put before paths in problems: "rules/modules/"
	Vars       map[string]string // vars of the config
	DefaultTTL uint32            // seconds, for modules without a ttl

	// Go are the Go types, and Processes the programs, that module files may name.
	Go        map[string]maker.Module
	Processes map[string]maker.Program

	// LastGood is the content of files at their last good load, by path. A file that is broken now is replaced by it (P3); its
	// problems are reported all the same. With KindsFile in it, broken kinds too keep their last good form.
	LastGood map[string][]byte
}

// File is how one file of the folder loaded.
type File struct {
	Data     []byte  // what is in force: the new content, or the last good one; nil if nothing is
	Held     bool    // the last good content is in force in place of a broken one
	Module   *Module // nil for kinds.yaml, for policy.yaml and for a file that is broken and has no last good content
	Problems []zone.Problem
}

// Ruleset is a loaded rules folder. It is immutable.
type Ruleset struct {
	Kinds  map[string]*Kind // empty if kinds.yaml is broken: then no module is loaded
	Files  map[string]*File // by path
	Policy *policy.Policy   // nil without a policy.yaml that loads; its tests passed, unless the last good one is in force

	opt     Options
	modules []*Module // sorted by name
}

// Load reads a rules folder: kinds.yaml and modules. A file with an error keeps its last good content if Options has
// one, else it is left out; the others load. The Ruleset is never nil. The problems are sorted by place. Inline
// tests of modules are not run: see RunTests.
func Load(files []checkout.File, opt Options) (*Ruleset, []zone.Problem) {
	r := &Ruleset{Kinds: map[string]*Kind{}, Files: map[string]*File{}, opt: opt}
	files = slices.Clone(files)
	slices.SortFunc(files, func(a, b checkout.File) int { return strings.Compare(a.Path, b.Path) })
	r.loadKinds(files)
	taken := map[string]string{} // module name -> path
	for _, f := range files {
		switch {
		case f.Path == KindsFile:
		case f.Path == policy.File:
			r.loadPolicy(f)
		case path.Ext(f.Path) != ".yaml" && path.Ext(f.Path) != ".yml":
		case len(r.modules) >= maxModules:
			r.Files[f.Path] = &File{Problems: []zone.Problem{r.fileProblem(f.Path, "too-many-files", fmt.Sprintf("more than %d modules", maxModules), "")}}
		default:
			r.loadFile(f, taken)
		}
	}
	slices.SortFunc(r.modules, func(a, b *Module) int { return strings.Compare(a.Name, b.Name) })
	var problems []zone.Problem
	for _, f := range r.Files {
		problems = append(problems, f.Problems...)
	}
	slices.SortFunc(problems, zone.Problem.ComparePlace)
	return r, problems
}

func (r *Ruleset) fileProblem(path, check, text, fix string) zone.Problem {
	return zone.Problem{Check: check, Severity: zone.Error, File: r.opt.Prefix + path, Line: 1, Column: 1, Text: text, Fix: fix}
}

func (r *Ruleset) loadKinds(files []checkout.File) {
	f := &File{}
	r.Files[KindsFile] = f
	i := slices.IndexFunc(files, func(f checkout.File) bool { return f.Path == KindsFile })
	if i < 0 {
		f.Problems = []zone.Problem{r.fileProblem(KindsFile, "kinds-missing", "there is no kinds.yaml, so no module can be loaded", "write one: it types the attributes that modules use")}
	} else {
		s := &source{File: strictyaml.File{Path: r.opt.Prefix + KindsFile}}
		if kinds := s.readKinds(files[i].Data); kinds != nil {
			r.Kinds, f.Data = kinds, files[i].Data
			return
		}
		f.Problems = s.Problems
	}
	if good, ok := r.opt.LastGood[KindsFile]; ok {
		s := &source{File: strictyaml.File{Path: r.opt.Prefix + KindsFile}}
		if kinds := s.readKinds(good); kinds != nil {
			r.Kinds, f.Data, f.Held = kinds, good, true
		}
	}
}

// loadPolicy reads policy.yaml. One whose tests fail counts as broken.
func (r *Ruleset) loadPolicy(f checkout.File) {
	out := &File{}
	r.Files[f.Path] = out
	p, problems := policy.Load(f, r.opt.Prefix)
	if p != nil {
		problems = p.RunTests()
	}
	if out.Problems = problems; len(problems) == 0 {
		r.Policy, out.Data = p, f.Data
	} else if good, ok := r.opt.LastGood[f.Path]; ok {
		if p, _ := policy.Load(checkout.File{Path: f.Path, Data: good}, r.opt.Prefix); p != nil {
			r.Policy, out.Data, out.Held = p, good, true
		}
	}
}

func (r *Ruleset) loadFile(f checkout.File, taken map[string]string) {
	out := &File{}
	r.Files[f.Path] = out
	if len(r.Kinds) == 0 {
		out.Problems = []zone.Problem{r.fileProblem(f.Path, "kinds-broken", "not loaded, because kinds.yaml is missing or broken", "mend kinds.yaml")}
		return
	}
	m, problems := r.loadUnique(f, taken)
	out.Problems = problems
	if m != nil {
		out.Module, out.Data = m, f.Data
	} else if good, ok := r.opt.LastGood[f.Path]; ok {
		if m, _ := r.loadUnique(checkout.File{Path: f.Path, Data: good}, taken); m != nil {
			out.Module, out.Data, out.Held = m, good, true
		}
	}
	if out.Module != nil {
		taken[out.Module.Name] = f.Path
		r.modules = append(r.modules, out.Module)
	}
}

func (r *Ruleset) loadUnique(f checkout.File, taken map[string]string) (*Module, []zone.Problem) {
	m, problems := r.LoadModule(f)
	if m != nil && taken[m.Name] != "" {
		return nil, []zone.Problem{r.fileProblem(f.Path, "duplicate-module", fmt.Sprintf("module %q is in %s already", m.Name, taken[m.Name]), "give it another name")}
	}
	return m, problems
}

// LoadModule compiles one module file against the kinds and options of r, without adding it.
func (r *Ruleset) LoadModule(f checkout.File) (*Module, []zone.Problem) {
	return r.compile(f, r.opt.Vars)
}

func (r *Ruleset) compile(f checkout.File, vars map[string]string) (*Module, []zone.Problem) {
	s := &source{File: strictyaml.File{Path: r.opt.Prefix + f.Path}}
	root := s.Parse(f.Data)
	if root == nil {
		return nil, s.Problems
	}
	m := s.module(root, r.Kinds, vars, r.opt)
	if !s.OK() || m == nil {
		return nil, s.Problems
	}
	m.Path = f.Path
	m.again = func(vars map[string]string) (*Module, []zone.Problem) { return r.compile(f, vars) }
	return m, nil
}

// Modules lists the modules in force, sorted by name.
func (r *Ruleset) Modules() []*Module { return r.modules }

// Broken lists the files whose new content is not in force, sorted.
func (r *Ruleset) Broken() []string {
	var list []string
	for path, f := range r.Files {
		if len(f.Problems) > 0 {
			list = append(list, path)
		}
	}
	slices.Sort(list)
	return list
}
