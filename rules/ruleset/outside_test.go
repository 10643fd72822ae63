package ruleset

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"zonecast/internal/checkout"
	"zonecast/rules/maker"
)

// coded is a Go module of a test.
type coded struct {
	version string
	make    func(e maker.Entity) ([]maker.Record, error)
}

func (c coded) Version() string { return c.version }
func (c coded) Records(_ context.Context, e maker.Entity) ([]maker.Record, error) {
	return c.make(e)
}

// asked is a program of a test.
type asked struct{ coded }

func (a asked) Ask(ctx context.Context, list []maker.Request) []maker.Answer {
	answers := make([]maker.Answer, len(list))
	for i, r := range list {
		answers[i].Records, answers[i].Err = a.Records(ctx, r.Entity)
	}
	return answers
}

func outsideModule(t *testing.T, text string, c coded) *Module {
	t.Helper()
	opt := testOptions
	opt.Go = map[string]maker.Module{"code": c}
	opt.Processes = map[string]maker.Program{"code": asked{c}}
	r, problems := Load([]checkout.File{{Path: KindsFile, Data: []byte(outsideKinds)}, {Path: "m.yaml", Data: []byte(text)}}, opt)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return r.Modules()[0]
}

const outsideKinds = `kinds:
  box:
    site: label
    weight: {type: int, default: 10}
    owner: {type: string, optional: true}
    ports: {list: {port: port, note: {type: string, optional: true}}, optional: true}
`

const outsideText = `module: m
kind: box
when: 'site != "off"'
ttl: 60
%s: code
tests:
  - given: {id: a, site: ams1}
    expect: a.ams1.prod.example. 60 A 192.0.2.10
  - given: {id: a, site: ams1, weight: 7}
    vars: {suffix: corp.example.}
    expect: a.ams1.corp.example. 60 A 192.0.2.7
  - given: {id: a, site: 'off'}
    expect: ''
`

func byWeight(e maker.Entity) ([]maker.Record, error) {
	return []maker.Record{{Name: fmt.Sprintf("%s.%s.%s", e.ID, e.Attrs["site"], e.Vars["suffix"]), Type: "A", Value: fmt.Sprintf("192.0.2.%d", e.Attrs["weight"])}}, nil
}

// Go types and programs keep the contract of YAML modules: entity in, records out, the same tests.
func TestOutsideModulesPassTheSameTests(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"go", "process"} {
		m := outsideModule(t, fmt.Sprintf(outsideText, way), coded{"1", byWeight})
		if problems := m.RunTests(); len(problems) > 0 {
			t.Errorf("%s: %v", way, problems)
		}
		m = outsideModule(t, fmt.Sprintf(outsideText, way), coded{"1", func(maker.Entity) ([]maker.Record, error) { return nil, nil }})
		if problems := m.RunTests(); len(problems) != 2 || problems[0].Check != "test-failed" || !strings.HasPrefix(problems[0].Text, "test 1: - ") {
			t.Errorf("%s: %v", way, problems)
		}
	}
	down := coded{"1", func(maker.Entity) ([]maker.Record, error) {
		return nil, fmt.Errorf("%w: it ended", maker.ErrUnanswered)
	}}
	if p := outsideModule(t, fmt.Sprintf(outsideText, "process"), down).RunTests(); len(p) != 2 || p[0].Check != "process-down" || !strings.Contains(p[0].Text, "program code: it ended") {
		t.Errorf("%v", p)
	}
}

func TestOutsideModulesSeeWhatTheKindSays(t *testing.T) {
	t.Parallel()
	var got maker.Entity
	m := outsideModule(t, "module: m\nkind: box\ngo: code\n", coded{"1", func(e maker.Entity) ([]maker.Record, error) { got = e; return nil, nil }})
	_, err := m.Eval(NewWorker(), "box", "b1", map[string]any{"site": "ams1", "ports": []any{map[string]any{"port": json.Number("53")}}, "unknown": "x"})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(got)
	if want := `{"kind":"box","id":"b1","attrs":{"ports":[{"port":53}],"site":"ams1","weight":10}}`; err != nil || string(text) != want {
		t.Errorf("%s, want %s", text, want)
	}
}

// What a program may not give fails the one contribution.
func TestOutsideRecordsAreChecked(t *testing.T) {
	t.Parallel()
	good := maker.Record{Name: "x.prod.example.", Type: "A", Value: "192.0.2.1"}
	with := func(change func(*maker.Record)) []maker.Record { r := good; change(&r); return []maker.Record{r} }
	many := make([]maker.Record, MaxRecords+1)
	for i := range many {
		many[i] = good
	}
	for want, records := range map[string][]maker.Record{
		"final dot":       with(func(r *maker.Record) { r.Name = "x.prod.example" }),
		"no label":        with(func(r *maker.Record) { r.Name = `x\.y.prod.example.` }),
		`"*" is no label`: with(func(r *maker.Record) { r.Name = "x.*.example." }),
		`"" is no label`:  with(func(r *maker.Record) { r.Name = "." }),
		"of this type":    with(func(r *maker.Record) { r.Type = "SOA" }),
		"at most":         with(func(r *maker.Record) { r.TTL = 1 << 31 }),
		"value is empty":  with(func(r *maker.Record) { r.Value = " " }),
		"one line":        with(func(r *maker.Record) { r.Value = "192.0.2.1\n$INCLUDE /etc/passwd" }),
		"192.0.2.300":     with(func(r *maker.Record) { r.Value = "192.0.2.300" }),
		"no final dot":    with(func(r *maker.Record) { r.Type, r.Value = "CNAME", "y.prod.example" }),
		"more than 1000":  many,
		"stands alone":    append(with(func(r *maker.Record) { r.Type, r.Value = "CNAME", "y.example." }), good),
	} {
		m := outsideModule(t, "module: m\nkind: box\ngo: code\n", coded{"1", func(maker.Entity) ([]maker.Record, error) { return records, nil }})
		list, err := m.Eval(NewWorker(), "box", "b1", map[string]any{"site": "ams1"})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") || list != nil {
			t.Errorf("%q: %v %v", want, list, err)
		}
	}
	m := outsideModule(t, "module: m\nkind: box\ngo: code\n", coded{"1", func(maker.Entity) ([]maker.Record, error) {
		return []maker.Record{good, {Name: "*.prod.example.", Type: "TXT", TTL: 5, Value: `"any text"`}}, nil
	}})
	if list, err := m.Eval(NewWorker(), "box", "b1", map[string]any{"site": "ams1"}); err != nil || len(list) != 2 || list[0].Sets[0].TTL != 5 || list[1].Sets[0].TTL != 300 {
		t.Errorf("%v %v", list, err)
	}
}

// A Go module that fails or panics takes nothing with it.
func TestPanicInAGoModuleIsAFault(t *testing.T) {
	t.Parallel()
	for _, fail := range []func(maker.Entity) ([]maker.Record, error){
		func(maker.Entity) ([]maker.Record, error) { panic("no such rack") },
		func(maker.Entity) ([]maker.Record, error) { return nil, errors.New("no such rack") },
	} {
		m := outsideModule(t, "module: m\nkind: box\ngo: code\n", coded{"1", fail})
		if _, err := m.Eval(NewWorker(), "box", "b1", map[string]any{"site": "ams1"}); err == nil || !strings.Contains(err.Error(), "no such rack") {
			t.Error(err)
		}
	}
}

func TestOutsideVersionsChangeTheHash(t *testing.T) {
	t.Parallel()
	one := outsideModule(t, "module: m\nkind: box\ngo: code\n", coded{"1", byWeight})
	two := outsideModule(t, "module: m\nkind: box\ngo: code\n", coded{"2", byWeight})
	if one.Hash == two.Hash {
		t.Error("a new version of a Go module leaves its hash as it was")
	}
}
