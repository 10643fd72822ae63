package policy

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	"gopkg.in/yaml.v3"

	"zonecast/internal/row"
	"zonecast/internal/zone"
)

// test is one entry under a rule's tests.
type test struct {
	line, column int
	change       Change
	violated     bool
}

// testNow is when tests take place: `left` is measured from it, and nothing depends on the day they run on.
var testNow = time.Unix(1_800_000_000, 0)

// givenKeys are the fields that a test may give.
var givenKeys = []string{"change", "zone", "name", "type", "ttl", "values", "rotate", "old", "source", "module", "entity", "file", "author", "mode", "scope", "reason", "left"}

// oldKeys are those of old, of what is given.
var oldKeys = []string{"ttl", "values"}

func (s *source) tests(n *yaml.Node) (list []test) {
	if n.Kind != yaml.SequenceNode || len(n.Content) > maxTests {
		s.Fail("bad-test", n, fmt.Sprintf("tests must be a list of at most %d tests", maxTests), "")
		return nil
	}
	for _, entry := range n.Content {
		f := s.Mapping(entry, "a test", testKeys...)
		if f == nil {
			continue
		}
		if f["given"] == nil || f["expect"] == nil {
			s.Fail("missing-key", entry, "a test needs given and expect", "")
			continue
		}
		t := test{line: entry.Line, column: entry.Column, change: s.given(f["given"])}
		switch text, ok := s.Text(f["expect"], "expect"); {
		case !ok:
		case text != "violated" && text != "passes":
			s.Fail("bad-test", f["expect"], fmt.Sprintf("expect is never %q", text), "write violated or passes")
		default:
			t.violated = text == "violated"
		}
		list = append(list, t)
	}
	return list
}

// given reads a change. What is left out is an A record www.example. of zone example. that is created.
func (s *source) given(n *yaml.Node) Change {
	c := Change{Zone: "\x07example\x00", Name: "\x03www\x07example\x00", Type: zone.TypeA}
	f := s.Mapping(n, "given", givenKeys...)
	if f == nil {
		return c
	}
	if v := f["zone"]; v != nil {
		c.Zone = s.absolute(v, "zone")
		c.Name = c.Zone
	}
	if v := f["name"]; v != nil {
		c.Name = s.absolute(v, "name")
	}
	if v := f["type"]; v != nil {
		c.Type = s.recordType(v)
	}
	after := s.set(n, f, c.Type, zone.RRset{Type: c.Type, TTL: 300})
	before := after
	if v := f["old"]; v != nil {
		before = s.set(v, s.Mapping(v, "old", oldKeys...), c.Type, after)
	}
	s.kind(n, f, &c, &before, &after)
	s.origin(f, &c.Origin)
	return c
}

// kind puts the sides of the change where they belong.
func (s *source) kind(n *yaml.Node, f map[string]*yaml.Node, c *Change, before, after *zone.RRset) {
	kind := Created
	if f["old"] != nil {
		kind = Changed
	}
	if v := f["change"]; v != nil {
		kind, _ = s.Text(v, "change")
	}
	switch kind {
	case Created:
		c.After = after
	case Deleted:
		c.Before = before
	case Kept:
		c.Before, c.After = after, after
	case Changed:
		c.Before, c.After = before, after
		if before.Equal(*after) {
			s.Fail("bad-test", n, "nothing changes: old is as it was", "give old another ttl or other values")
		}
	default:
		s.Fail("bad-test", f["change"], fmt.Sprintf("change is never %q", kind), "write created, changed, deleted or kept")
	}
	if f["old"] != nil && kind == Created {
		s.Fail("bad-test", f["old"], "what is created has no old", "")
	}
}

func (s *source) origin(f map[string]*yaml.Node, o *row.Origin) {
	for key, to := range map[string]*string{"source": &o.Source, "module": &o.Module, "entity": &o.Entity, "file": &o.File,
		"author": &o.Author, "mode": &o.Mode, "scope": &o.Scope, "reason": &o.Reason} {
		if v := f[key]; v != nil {
			*to, _ = s.Text(v, key)
		}
	}
	if v := f["left"]; v != nil {
		left := s.number(v, "left", math.MaxInt32)
		o.Expires = testNow.Unix() + int64(left)
	}
}

func (s *source) set(at *yaml.Node, f map[string]*yaml.Node, t zone.Type, like zone.RRset) zone.RRset {
	set := like
	if v := f["ttl"]; v != nil {
		set.TTL = s.TTL(v)
	}
	if v := f["rotate"]; v != nil {
		text, _ := s.Text(v, "rotate")
		var ok bool
		if set.Rotate, ok = zone.ParseRotation(text); !ok {
			s.Fail("bad-test", v, fmt.Sprintf("rotate is never %q", text), "write none, cyclic or random")
		}
	}
	v := f["values"]
	if v == nil {
		return set
	}
	set.Data = nil
	if v.Kind != yaml.SequenceNode {
		s.Fail("wrong-type", v, "values must be a list of texts", "")
		return set
	}
	for _, item := range v.Content {
		text, ok := s.Text(item, "a value")
		if !ok {
			continue
		}
		data, err := zone.ParseRdata(t, text, "")
		if err != nil {
			s.Fail("bad-test", item, err.Error(), "write it as in a zone file, names with their final dot")
			continue
		}
		set.Data = append(set.Data, data)
	}
	set.Normalize()
	return set
}

func (s *source) number(n *yaml.Node, what string, limit int64) int64 {
	v, _ := s.Scalar(n)
	if number, ok := v.(json.Number); ok {
		if i, err := number.Int64(); err == nil && i >= 0 && i <= limit {
			return i
		}
	}
	s.Fail("wrong-type", n, fmt.Sprintf("%s must be a whole number from 0 to %d", what, limit), "")
	return 0
}

// RunTests runs the tests of all rules. Each that fails is a problem at its place.
func (p *Policy) RunTests() (problems []zone.Problem) {
	j := p.NewJudge(testNow)
	if j == nil {
		return nil
	}
	for i := range p.rules {
		r := &p.rules[i]
		for n, t := range r.tests {
			fail := func(text string) {
				problems = append(problems, zone.Problem{Check: "test-failed", Severity: zone.Error, File: r.path, Line: t.line, Column: t.column,
					Name: r.name, Text: fmt.Sprintf("test %d: %s", n+1, text)})
			}
			j.begin(&t.change)
			violated, err := j.violated(r)
			if err == nil && violated {
				_, err = j.text(r)
			}
			violated = violated && !r.excepts(&t.change)
			switch {
			case err != nil:
				fail(err.Error())
			case violated && !t.violated:
				fail("the rule is violated, and should pass")
			case !violated && t.violated:
				fail("the rule passes, and should be violated")
			}
		}
	}
	return problems
}
