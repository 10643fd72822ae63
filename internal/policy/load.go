package policy

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"github.com/expr-lang/expr/vm"
	"gopkg.in/yaml.v3"

	"zonecast/internal/checkout"
	"zonecast/internal/expression"
	"zonecast/internal/strictyaml"
	"zonecast/internal/zone"
)

// File is the name of the policy in a rules folder.
const File = "policy.yaml"

// Limits on one policy (P9).
const (
	maxRules   = 200
	maxExcepts = 1000 // of a rule
	maxTests   = 200  // of a rule
)

// Policy is a compiled policy.yaml. It is immutable and safe for many goroutines, each with a Judge of its own.
type Policy struct {
	rules []rule
	// Entities says that a rule looks at the entity of generated records: then each of the claims on an RRset is judged.
	Entities bool
}

type rule struct {
	name     string
	severity zone.Severity
	when     *program
	message  []piece
	except   []exception
	tests    []test
	path     string // of the file, as shown to people
}

// program is a compiled expression.
type program struct {
	code    *vm.Program
	result  reflect.Kind
	implies side // what is there where it is true
	entity  bool // it reads entity
}

// piece of a message: text, or an expression.
type piece struct {
	text string
	prog *program
}

var (
	topKeys    = []string{"policy"}
	ruleKeys   = []string{"name", "about", "severity", "when", "message", "except", "tests"}
	exceptKeys = []string{"zone", "name", "within", "type", "reason"}
	testKeys   = []string{"given", "expect"}
)

var ruleName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)

// Load reads a policy. prefix is put before the path in problems: "rules/modules/". With a problem, all of which are errors, there is no
// policy. Tests are not run: see RunTests.
func Load(f checkout.File, prefix string) (*Policy, []zone.Problem) {
	s := &source{strictyaml.File{Path: prefix + f.Path}}
	root := s.Parse(f.Data)
	if root == nil {
		return nil, s.Problems
	}
	top := s.Mapping(root, "a policy", topKeys...)
	if top == nil {
		return nil, s.Problems
	}
	p := &Policy{}
	if list := top["policy"]; list == nil {
		s.Fail("missing-key", root, "the file has no key policy", "write policy: and a list of rules")
	} else {
		p.rules = s.rules(list)
	}
	for _, r := range p.rules {
		p.Entities = p.Entities || r.when != nil && r.when.entity
	}
	if !s.OK() {
		return nil, s.Problems
	}
	return p, nil
}

// source is a policy.yaml being read.
type source struct{ strictyaml.File }

func (s *source) rules(n *yaml.Node) (list []rule) {
	if n.Kind != yaml.SequenceNode || len(n.Content) > maxRules {
		s.Fail("wrong-type", n, fmt.Sprintf("policy must be a list of at most %d rules", maxRules), "")
		return nil
	}
	taken := map[string]int{}
	for _, entry := range n.Content {
		s.Subject = ""
		r, ok := s.rule(entry)
		if !ok {
			continue
		}
		if line := taken[r.name]; line > 0 {
			s.Fail("duplicate-rule", entry, fmt.Sprintf("rule %q is there already, in line %d", r.name, line), "give it another name")
		}
		taken[r.name] = entry.Line
		list = append(list, r)
	}
	return list
}

func (s *source) rule(n *yaml.Node) (r rule, ok bool) {
	f := s.Mapping(n, "a rule", ruleKeys...)
	if f == nil {
		return r, false
	}
	r.path, r.severity = s.Path, zone.Error
	for _, key := range []string{"name", "when", "message"} {
		if f[key] == nil {
			s.Fail("missing-key", n, "the rule has no "+key, "")
		}
	}
	if v := f["name"]; v != nil {
		if r.name, ok = s.Text(v, "name"); ok && !ruleName.MatchString(r.name) {
			s.Fail("bad-rule-name", v, fmt.Sprintf("%q is no name for a rule", r.name), "use lower-case letters, digits and hyphens; start with a letter")
		}
		s.Subject = r.name
	}
	if v := f["about"]; v != nil {
		s.Text(v, "about")
	}
	if v := f["severity"]; v != nil {
		r.severity = s.severity(v)
	}
	if v := f["when"]; v != nil {
		r.when = s.when(v)
	}
	if v := f["message"]; v != nil && (r.when != nil || f["when"] == nil) {
		r.message = s.message(v, r.when)
	}
	if v := f["except"]; v != nil {
		r.except = s.exceptions(v)
	}
	if v := f["tests"]; v != nil {
		r.tests = s.tests(v)
	}
	return r, r.name != ""
}

func (s *source) severity(n *yaml.Node) zone.Severity {
	text, ok := s.Text(n, "severity")
	switch severity := zone.Severity(text); {
	case !ok:
	case severity == zone.Error || severity == zone.Warning:
		return severity
	default:
		s.Fail("not-in-enum", n, fmt.Sprintf("severity is never %q", text), "write error, which holds what violates the rule, or warning, which lists it")
	}
	return zone.Error
}

// when reads the condition of a rule.
func (s *source) when(n *yaml.Node) *program {
	text, ok := s.Text(n, "when")
	if !ok {
		return nil
	}
	p, f := compile(text, reflect.Bool, 0)
	switch {
	case f == nil:
		return p
	case s.CommentAfter(n):
		s.Fail("comment-eaten", n, "when has no quotes, so its end was taken as a comment: "+f.Text, "put the expression in single quotes")
	default:
		s.FailAt(f.Check, n, f.Offset, f.Text, f.Fix)
	}
	return nil
}

// maxPieces bounds a message (P9).
const maxPieces = 20

// message reads the text for people. It is made where the condition is true, and may name what is there then.
func (s *source) message(n *yaml.Node, when *program) (list []piece) {
	text, ok := s.Text(n, "message")
	if !ok {
		return nil
	}
	if s.CommentAfter(n) {
		s.Fail("comment-eaten", n, "message has no quotes, so its end was taken as a comment", "put it in single quotes, or the comment on a line of its own")
		return nil
	}
	text = strings.TrimSuffix(text, "\n")
	if strings.ContainsAny(text, "\n\r") {
		s.Fail("bad-template", n, "message must be one line", "")
		return nil
	}
	known := side(0)
	if when != nil {
		known = when.implies
	}
	parts, f := expression.Parts([]rune(text))
	if f != nil {
		s.FailAt(f.Check, n, f.Offset, "message "+f.Text, f.Fix)
		return nil
	}
	if len(parts) > maxPieces {
		s.Fail("bad-template", n, "message has too many expressions", "")
		return nil
	}
	for _, part := range parts {
		if !part.Expr {
			list = append(list, piece{text: part.Text})
			continue
		}
		p, f := compile(part.Text, reflect.Invalid, known)
		if f != nil {
			s.FailAt(f.Check, n, part.Offset+f.Offset, f.Text, f.Fix)
			return nil
		}
		switch p.result {
		case reflect.String, reflect.Int, reflect.Bool, reflect.Slice:
		default:
			s.FailAt("expression-type", n, part.Offset, "what is put into a message must be text, a whole number, a boolean or a list", "use string(…) or join(…)")
		}
		list = append(list, piece{prog: p})
	}
	return list
}
