package policy

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"

	"zonecast/internal/expression"
	"zonecast/internal/row"
	"zonecast/internal/zone"
)

// Finding is a rule that a change violates, or that could not be evaluated of it.
type Finding struct {
	Rule     string
	Severity zone.Severity
	Text     string // the rule's message, one line
	Zone     zone.Name
	Name     zone.Name
	Type     zone.Type
	Origin   row.Origin
}

// Compare orders findings by name, type, rule and text.
func (f Finding) Compare(o Finding) int {
	return cmp.Or(f.Name.Compare(o.Name), cmp.Compare(f.Type, o.Type), strings.Compare(f.Rule, o.Rule), strings.Compare(f.Text, o.Text))
}

// Check is the code of every problem of a policy's findings.
const Check = "policy"

// Problem is the finding for people; who knows the place adds file, line and column.
func (f Finding) Problem() zone.Problem {
	return zone.Problem{Check: Check, Severity: f.Severity, Name: f.Name.String(), Rule: f.Rule,
		Text: fmt.Sprintf("%s: %s (policy %s)", f.Type, f.Text, f.Rule), Fix: "mend it, or make an exception with a reason"}
}

// Judge judges changes. It belongs to one goroutine. A nil Judge finds nothing.
type Judge struct {
	policy *Policy
	now    int64 // Unix seconds
	vm     vm.VM
	env    map[string]any

	c           *Change
	kind        any // texts as expressions take them, so that each is made once
	values, old []string
	name        any
	named       zone.Name // what name is the text of
	zone        any
	zoned       zone.Name // what zone is the text of
	types       map[zone.Type]any
}

// NewJudge makes a judge for one goroutine; records' expiry is measured from now. It is nil for a policy without rules.
func (p *Policy) NewJudge(now time.Time) *Judge {
	if p == nil || len(p.rules) == 0 {
		return nil
	}
	j := &Judge{policy: p, now: now.Unix(), types: map[zone.Type]any{}}
	j.vm.MemoryBudget = expression.MemoryBudget
	j.env = map[string]any{judgeVariable: j}
	return j
}

// Judge gives the findings of one change, in the order of the rules.
func (j *Judge) Judge(c Change) (list []Finding) {
	if j == nil || c.Before == nil && c.After == nil {
		return nil
	}
	j.begin(&c)
	for i := range j.policy.rules {
		r := &j.policy.rules[i]
		violated, err := j.violated(r)
		if err == nil && !violated || r.excepts(&c) {
			continue
		}
		f := Finding{Rule: r.name, Severity: r.severity, Zone: c.Zone, Name: c.Name, Type: c.Type, Origin: c.Origin}
		if err == nil {
			f.Text, err = j.text(r)
		}
		if err != nil { // what cannot be judged does not pass
			f.Text = "the rule cannot be evaluated: " + err.Error()
		}
		list = append(list, f)
	}
	return list
}

func (j *Judge) begin(c *Change) {
	j.c, j.kind, j.values, j.old = c, kindTexts[c.Kind()], nil, nil
}

func (j *Judge) violated(r *rule) (bool, error) {
	v, err := j.run(r.when)
	if err != nil {
		return false, err
	}
	b, ok := v.(bool)
	if !ok {
		return false, fmt.Errorf("when gives %T, not true or false", v)
	}
	return b, nil
}

func (j *Judge) run(p *program) (any, error) {
	v, err := j.vm.Run(p.code, j.env)
	var at *file.Error
	if errors.As(err, &at) {
		err = errors.New(strings.ReplaceAll(at.Message, "\n", " "))
	}
	return v, err
}

// maxMessage bounds a finding's text, in octets.
const maxMessage = 1 << 10

func (j *Judge) text(r *rule) (string, error) {
	var b strings.Builder
	for _, p := range r.message {
		if p.prog == nil {
			b.WriteString(p.text)
			continue
		}
		v, err := j.run(p.prog)
		if err != nil {
			return "", err
		}
		switch v := v.(type) {
		case string:
			b.WriteString(v)
		case int:
			b.WriteString(strconv.Itoa(v))
		case []string:
			b.WriteString(strings.Join(v, ", "))
		default:
			fmt.Fprint(&b, v)
		}
	}
	return oneLine(b.String()), nil
}

// oneLine makes a text fit for lists and logs: it may hold what came from outside.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text[:min(len(text), maxMessage)])
	return strings.ToValidUTF8(text, "")
}

func (j *Judge) nameText() any {
	if j.named != j.c.Name || j.name == nil {
		j.named, j.name = j.c.Name, j.c.Name.String()
	}
	return j.name
}

var kindTexts = map[string]any{Created: Created, Changed: Changed, Deleted: Deleted, Kept: Kept}

func (j *Judge) zoneText() any {
	if j.zoned != j.c.Zone || j.zone == nil {
		j.zoned, j.zone = j.c.Zone, j.c.Zone.String()
	}
	return j.zone
}

func (j *Judge) typeText() any {
	text, ok := j.types[j.c.Type]
	if !ok {
		text = j.c.Type.String()
		j.types[j.c.Type] = text
	}
	return text
}
