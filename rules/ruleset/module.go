package ruleset

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"gopkg.in/yaml.v3"

	"zonecast/internal/strictyaml"
	"zonecast/internal/zone"
)

// Limits on one module (P9).
const (
	maxRecords = 100 // entries under records
	maxTests   = 200
)

// Module is one compiled rule module. It is immutable and safe for many goroutines, each with a Worker of its own.
type Module struct {
	Name   string
	About  string
	Kind   string
	Shared bool   // its contributions may be united with another source's that say so too
	Path   string // of its file, below the rules folder
	// Hash changes when the module's meaning does: its rules, its kind's types, the default TTL or a var it may use. A module with
	// the same hash gives the same contributions for the same entity.
	Hash     string
	Numbered bool // its records use numbers of numbered roles
	// Process is the program that makes its records; "" where none does. Its version is no part of Hash: it is known once it runs.
	Process string

	outside *outside // nil: the records are in the file
	display string   // path as shown to people
	kind    *Kind
	vars    map[string]string
	when    *program
	whenAt  place
	records []*record
	attrs   []int // attributes that the virtual machine needs, by index
	needID  bool
	tests   []test
	again   func(vars map[string]string) (*Module, []zone.Problem) // the same file with other vars, for tests
}

// record is one entry under records.
type record struct {
	line, column int
	index        int // from 1
	typ          zone.Type
	ttl          uint32
	each, when   *program
	name         *template
	values       []*template
	from         *program // values_from
	pool         *limits
	number       *number
}

var moduleKeys = []string{"module", "about", "kind", "when", "ttl", "shared", "records", "go", "process", "tests"}
var recordKeys = []string{"name", "type", "ttl", "when", "each", "value", "values", "values_from", "pool", "number"}

// module reads a module's root mapping.
func (s *source) module(root *yaml.Node, kinds map[string]*Kind, vars map[string]string, opt Options) *Module {
	top := s.Mapping(root, "a module", moduleKeys...)
	if top == nil {
		return nil
	}
	m := &Module{display: s.Path, vars: vars}
	for _, key := range []string{"module", "kind"} {
		if top[key] == nil {
			s.Fail("missing-key", root, "the module has no key "+key, "")
		}
	}
	if n := top["module"]; n != nil {
		m.Name, _ = s.Text(n, "module")
		if m.Name != "" && !moduleName.MatchString(m.Name) {
			s.Fail("bad-module-name", n, fmt.Sprintf("%q is no name for a module", m.Name), "use lower-case letters, digits, hyphen and underscore; start with a letter")
		}
		s.name(m.Name)
	}
	if n := top["about"]; n != nil {
		m.About, _ = s.Text(n, "about")
	}
	if n := top["shared"]; n != nil {
		m.Shared = s.Boolean(n, "shared")
	}
	ttl := opt.DefaultTTL
	if n := top["ttl"]; n != nil {
		ttl = s.TTL(n)
	}
	n := top["kind"]
	if n == nil {
		return nil
	}
	m.Kind, _ = s.Text(n, "kind")
	if m.kind = kinds[m.Kind]; m.kind == nil {
		s.Fail("unknown-kind", n, fmt.Sprintf("kinds.yaml has no kind %q", m.Kind), strictyaml.Nearest(m.Kind, slices.Collect(maps.Keys(kinds))))
		return nil
	}
	sc := scope{kind: m.kind, vars: vars}
	if n := top["when"]; n != nil {
		m.when, m.whenAt = s.expression(n, "when", sc, reflect.Bool), place{n.Line, n.Column}
	}
	s.outside(m, root, top, opt, ttl)
	if n := top["records"]; n != nil {
		s.records(m, n, sc, ttl)
	}
	if n := top["tests"]; n != nil {
		m.tests = s.tests(n)
	}
	if !s.OK() {
		return nil
	}
	m.need()
	m.Hash = m.hash(root, ttl)
	return m
}

// name puts the module's name on the problems found before it was known.
func (s *source) name(name string) {
	s.Subject = name
	for i := range s.Problems {
		s.Problems[i].Name = name
	}
}

func (s *source) records(m *Module, n *yaml.Node, sc scope, ttl uint32) {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 || len(n.Content) > maxRecords {
		s.Fail("wrong-type", n, fmt.Sprintf("records must be a list of 1 to %d records", maxRecords), "")
		return
	}
	for i, entry := range n.Content {
		if r := s.record(entry, sc, ttl); r != nil {
			r.index = i + 1
			m.records = append(m.records, r)
		}
	}
}

// expression reads and compiles a scalar that is an expression as a whole.
func (s *source) expression(n *yaml.Node, what string, sc scope, want reflect.Kind) *program {
	text, ok := s.Text(n, what)
	if !ok {
		return nil
	}
	p, f := sc.compile(text, want)
	if f == nil {
		return p
	}
	if s.CommentAfter(n) {
		s.Fail("comment-eaten", n, what+" has no quotes, so its end was taken as a comment: "+f.Text, "put the expression in single quotes")
		return nil
	}
	if want == reflect.Bool && f.Check == "expression-type" {
		f.Text += fmt.Sprintf(": %s must be true or false", what)
	}
	s.FailAt(f.Check, n, f.Offset, f.Text, f.Fix)
	return nil
}

// need collects what the virtual machine must be given.
func (m *Module) need() {
	add := func(p *program) {
		if p == nil || p.plain != notPlain {
			return
		}
		m.needID = m.needID || p.id
		for _, a := range p.attrs {
			if !slices.Contains(m.attrs, a) {
				m.attrs = append(m.attrs, a)
			}
		}
	}
	add(m.when)
	for _, r := range m.records {
		add(r.when)
		add(r.each)
		add(r.from)
		if r.number != nil {
			m.Numbered = true
			add(r.number.of)
		}
		if r.pool != nil {
			add(r.pool.order)
			add(r.pool.weight)
		}
		for _, t := range append([]*template{r.name}, r.values...) {
			for _, p := range t.pieces {
				add(p.prog)
			}
		}
	}
}
