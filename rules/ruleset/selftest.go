package ruleset

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"zonecast/internal/row"
	"zonecast/internal/zone"
)

// test is one entry under a module's tests.
type test struct {
	line, column int
	given        []givenEntity
	vars         map[string]string // instead of the config's
	expect       map[expected]place
}

type givenEntity struct {
	id    string
	attrs map[string]any
	place
}

type place struct{ line, column int }

// expected is one zone-file line in canonical form.
type expected struct {
	owner zone.Name
	ttl   uint32
	typ   zone.Type
	data  zone.Rdata
}

func (e expected) String() string {
	return fmt.Sprintf("%s %d %s %s", e.owner, e.ttl, e.typ, zone.RdataText(e.typ, e.data))
}

// testKeys are those of a test.
var testKeys = []string{"given", "expect", "vars"}

// maxDifferences bounds what one failing test reports.
const maxDifferences = 20

func (s *source) tests(n *yaml.Node) []test {
	if n.Kind != yaml.SequenceNode || len(n.Content) > maxTests {
		s.Fail("bad-test", n, fmt.Sprintf("tests must be a list of at most %d tests", maxTests), "")
		return nil
	}
	var list []test
	for _, entry := range n.Content {
		f := s.Mapping(entry, "a test", testKeys...)
		if f == nil {
			continue
		}
		if f["given"] == nil || f["expect"] == nil {
			s.Fail("missing-key", entry, "a test needs given and expect", "for no records write expect: ''")
			continue
		}
		t := test{line: entry.Line, column: entry.Column, expect: s.expect(f["expect"])}
		given := []*yaml.Node{f["given"]}
		if given[0].Kind == yaml.SequenceNode {
			given = given[0].Content
		}
		for _, g := range given {
			t.given = append(t.given, s.given(g))
		}
		if v := f["vars"]; v != nil {
			t.vars = map[string]string{}
			for key, value := range s.Mapping(v, "vars") {
				t.vars[key], _ = s.Text(value, "a var")
			}
		}
		list = append(list, t)
	}
	return list
}

func (s *source) given(n *yaml.Node) givenEntity {
	g := givenEntity{id: "test", attrs: map[string]any{}, place: place{n.Line, n.Column}}
	for key, value := range s.Mapping(n, "given") {
		v := s.Any(value)
		if key != "id" {
			g.attrs[key] = v
		} else if text, ok := v.(string); ok {
			g.id = text
		} else {
			s.Fail("bad-test", value, "an entity's id is text", "put it in quotes")
		}
	}
	return g
}

// expect reads zone-file lines: owner, TTL, type, data; without class, order free.
func (s *source) expect(n *yaml.Node) map[expected]place {
	want := map[expected]place{}
	if n.Kind != yaml.ScalarNode {
		s.Fail("bad-test", n, "expect must be text of zone-file lines", "write expect: | and a line for each record")
		return want
	}
	offset := 0
	for _, line := range strings.SplitAfter(n.Value, "\n") {
		at := place{}
		at.line, at.column = s.Place(n, offset)
		offset += len([]rune(line))
		text := strings.TrimSpace(line)
		if text == "" || text[0] == ';' {
			continue
		}
		e, err := parseExpected(text)
		if err != nil {
			s.Add("bad-test", at.line, at.column, err.Error(), "write: owner. ttl TYPE data")
			continue
		}
		want[e] = at
	}
	return want
}

func parseExpected(text string) (e expected, err error) {
	line := text
	var fields [3]string
	for i := range fields {
		end := strings.IndexAny(text, " \t")
		if end < 0 {
			return e, fmt.Errorf("%.80q is not owner, TTL, type and data", line)
		}
		fields[i], text = text[:end], strings.TrimLeft(text[end:], " \t")
	}
	if e.owner, err = zone.ParseName(fields[0]); err != nil {
		return e, err
	}
	ttl, err := strconv.ParseUint(fields[1], 10, 31)
	if err != nil {
		return e, fmt.Errorf("bad TTL %.20q", fields[1])
	}
	e.ttl = uint32(ttl)
	var ok bool
	if e.typ, ok = zone.ParseType(fields[2]); !ok {
		return e, fmt.Errorf("unknown record type %.20q", fields[2])
	}
	e.data, err = zone.ParseRdata(e.typ, text, "")
	return e, err
}

// RunTests runs the module's inline tests. Each difference is a problem of its own: "-" for a line that is expected and
// was not made, at its place in the file; "+" for a record that is not expected.
func (m *Module) RunTests() []zone.Problem {
	w := NewWorker()
	var problems []zone.Problem
	for i := range m.tests {
		problems = append(problems, m.runTest(w, i)...)
	}
	return problems
}

// served gives the lines that are served of these contributions; the smallest TTL of an RRset wins.
func served(list map[zone.Name][]row.Contribution) map[expected]bool {
	made := map[expected]bool{}
	for owner, contributions := range list {
		ttls := map[zone.Type]uint32{}
		var all []expected
		for _, c := range contributions {
			for i, set := range c.Sets {
				if c.Standings != nil && !c.Standings[i].Served() {
					continue
				}
				if ttl, ok := ttls[set.Type]; !ok || set.TTL < ttl {
					ttls[set.Type] = set.TTL
				}
				for _, d := range set.Data {
					all = append(all, expected{owner, 0, set.Type, d})
				}
			}
		}
		for _, e := range all {
			e.ttl = ttls[e.typ]
			made[e] = true
		}
	}
	return made
}

func (m *Module) runTest(w *Worker, i int) []zone.Problem {
	t := m.tests[i]
	label := fmt.Sprintf("test %d", i+1)
	problem := func(at place, text string) zone.Problem {
		return zone.Problem{Check: "test-failed", Severity: zone.Error, File: m.display, Line: at.line, Column: at.column, Name: m.Name, Text: label + ": " + text}
	}
	here := place{t.line, t.column}
	if t.vars != nil {
		vars := maps.Clone(m.vars)
		if vars == nil {
			vars = map[string]string{}
		}
		maps.Copy(vars, t.vars)
		other, problems := m.again(vars)
		if other == nil {
			return problems
		}
		m = other
	}
	entities := make([]*Entity, len(t.given))
	for i, g := range t.given {
		e, err := m.kind.entity(g.id, g.attrs)
		if err != nil {
			return []zone.Problem{problem(g.place, err.Error())}
		}
		if len(e.Unknown) > 0 {
			return []zone.Problem{problem(g.place, fmt.Sprintf("kind %q has no attribute %q", m.Kind, e.Unknown[0]))}
		}
		entities[i] = e
	}
	list, failed, err := Evaluate(w, []*Module{m}, entities)
	if err != nil {
		p := problem(t.given[failed].place, err.Error())
		if Down(err) {
			p.Check = checkDown
		}
		return []zone.Problem{p}
	}
	made := served(list)
	var problems []zone.Problem
	for e, at := range t.expect {
		if !made[e] {
			problems = append(problems, problem(at, "- "+e.String()))
		}
	}
	for e := range made {
		if _, ok := t.expect[e]; !ok {
			problems = append(problems, problem(here, "+ "+e.String()))
		}
	}
	slices.SortFunc(problems, func(a, b zone.Problem) int { return cmp.Or(strings.Compare(a.Text, b.Text), a.ComparePlace(b)) })
	return problems[:min(len(problems), maxDifferences)]
}
