package ruleset

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"zonecast/internal/expression"
	"zonecast/internal/strictyaml"
	"zonecast/internal/zone"
	"zonecast/rules/maker"
)

// checkDown is the check of a module whose program does not run now: nothing is wrong with the module.
const checkDown = "process-down"

// outside is where a module's records come from when its file lists none: a Go type, or a program.
type outside struct {
	code    maker.Module
	program maker.Program
	version string // of code
	ttl     uint32
}

// outside reads go: and process:, one of which stands in place of records:.
func (s *source) outside(m *Module, root *yaml.Node, top map[string]*yaml.Node, opt Options, ttl uint32) {
	ways := 0
	for _, key := range []string{"records", "go", "process"} {
		if top[key] != nil {
			ways++
		}
	}
	if ways == 0 {
		s.Fail("missing-key", root, "the module has no key records", "or go, or process, where it is not written in YAML")
	}
	if ways > 1 {
		s.Fail("several-ways", root, "a module has one of records, go and process", "")
		return
	}
	if n := top["go"]; n != nil {
		name, _ := s.Text(n, "go")
		code := opt.Go[name]
		if code == nil {
			s.Fail("unknown-go-module", n, fmt.Sprintf("this program was built without a Go module %q", name), builtWith(opt.Go))
			return
		}
		m.outside = &outside{code: code, version: code.Version(), ttl: ttl}
	}
	if n := top["process"]; n != nil {
		m.Process, _ = s.Text(n, "process")
		program := opt.Processes[m.Process]
		if program == nil {
			fix := "name it there with its command: pushed files cannot run programs"
			if len(opt.Processes) > 0 {
				fix = strictyaml.Nearest(m.Process, slices.Collect(maps.Keys(opt.Processes)))
			}
			s.Fail("unknown-process", n, fmt.Sprintf("rules.processes of the config has no %q", m.Process), fix)
			return
		}
		m.outside = &outside{program: program, ttl: ttl}
	}
}

func builtWith(known map[string]maker.Module) string {
	if len(known) == 0 {
		return "it has none: see docs/rules.md"
	}
	return "it has " + strings.Join(slices.Sorted(maps.Keys(known)), ", ")
}

// Request is what the module's program is to be asked for an entity. Ok is false where the module gives nothing without
// asking: its `when` is false.
func (m *Module) Request(w *Worker, e *Entity) (r maker.Request, ok bool, err error) {
	w.begin(m, e, nil)
	defer w.end()
	if ok, err = m.wanted(w, e); err != nil || !ok {
		return r, false, err
	}
	return maker.Request{Module: m.Name, Entity: m.entity(e)}, true, nil
}

// Wants tells whether the module gives anything for an entity: whether its `when` is true.
func (m *Module) Wants(w *Worker, e *Entity) (bool, error) {
	w.begin(m, e, nil)
	defer w.end()
	return m.wanted(w, e)
}

// Finish makes contributions of what the module's program answered, by the checks that hold for all modules.
func (m *Module) Finish(w *Worker, e *Entity, a maker.Answer) ([]Contribution, error) {
	w.begin(m, e, nil)
	defer w.end()
	return m.finish(w, e, a)
}

func (m *Module) finish(w *Worker, e *Entity, a maker.Answer) ([]Contribution, error) {
	if a.Err != nil {
		check, text, ok := strings.Cut(a.Err.Error(), ": ")
		if !ok || strings.Contains(check, " ") {
			check, text = "eval", a.Err.Error()
		}
		if m.Process != "" {
			text = "program " + m.Process + ": " + text
		}
		return nil, m.problem(e, nil, check, errors.New(text))
	}
	for i, r := range a.Records {
		if err := w.take(r, m.outside.ttl); err != nil {
			return nil, m.problem(e, nil, "eval", fmt.Errorf("record %d (%.80q %.20q): %w", i+1, r.Name, r.Type, err))
		}
	}
	list, at, err := w.contributions()
	if err != nil {
		return nil, m.problem(e, nil, at, err)
	}
	return list, nil
}

// Down tells whether an evaluation failed only because the module's program does not run now.
func Down(err error) bool {
	var p zone.Problem
	return errors.As(err, &p) && p.Check == checkDown
}

// ask gets the records of one entity now.
func (m *Module) ask(e *Entity) maker.Answer {
	ctx := context.Background() // a program has its time-outs; a Go module is part of this one
	if m.outside.program != nil {
		return m.outside.program.Ask(ctx, []maker.Request{{Module: m.Name, Entity: m.entity(e)}})[0]
	}
	return guarded(ctx, m.outside.code, m.entity(e))
}

// guarded keeps a panic to the contribution that it is in.
func guarded(ctx context.Context, code maker.Module, e maker.Entity) (a maker.Answer) {
	defer func() {
		if p := recover(); p != nil {
			a = maker.Answer{Err: fmt.Errorf("panic: %.500v", p)}
		}
	}()
	records, err := code.Records(ctx, e)
	return maker.Answer{Records: records, Err: err}
}

// entity shows an entity as its kind types it.
func (m *Module) entity(e *Entity) maker.Entity {
	attrs := make(map[string]any, len(e.values))
	for i, v := range e.values {
		a := &e.kind.Attrs[i]
		if v == nil {
			continue
		}
		if a.Type.Base == List && a.Type.Elem != nil && a.Type.Elem.Base == object {
			v = present(v.([]any))
		}
		attrs[a.Name] = v
	}
	return maker.Entity{Kind: e.Kind, ID: e.ID, Attrs: attrs, Vars: m.vars}
}

// present leaves absent fields out.
func present(list []any) []any {
	out := make([]any, len(list))
	for i, v := range list {
		fields := maps.Clone(v.(map[string]any))
		maps.DeleteFunc(fields, func(_ string, v any) bool { return v == nil })
		out[i] = fields
	}
	return out
}

// take checks one record of a Go module or a program as the loader and the templates check those in YAML.
func (w *Worker) take(r maker.Record, ttl uint32) error {
	if len(w.items) >= MaxRecords {
		return fmt.Errorf("more than %d records for one entity", MaxRecords)
	}
	if !slices.Contains(recordTypes, r.Type) {
		return errors.New("rules cannot make records of this type")
	}
	typ, _ := zone.ParseType(r.Type)
	if r.TTL > zone.MaxTTL {
		return fmt.Errorf("ttl %d: at most %d", r.TTL, uint32(zone.MaxTTL))
	}
	if r.TTL != 0 {
		ttl = r.TTL
	}
	if err := checkOwner(r.Name); err != nil {
		return err
	}
	owner, err := parseName([]byte(r.Name))
	if err != nil {
		return err
	}
	switch {
	case strings.TrimSpace(r.Value) == "":
		return errors.New("the value is empty")
	case len(r.Value) > expression.MaxResult:
		return expression.ErrTooLong
	case strings.ContainsAny(r.Value, "\n\r\x00"):
		return errors.New("the value is more than one line")
	case slices.Contains(namedTypes, uint16(typ)) && !strings.HasSuffix(r.Value, "."):
		return errors.New("the name in the value has no final dot")
	}
	data, err := parseRdata(typ, []byte(r.Value))
	if err != nil {
		return err
	}
	w.items = append(w.items, item{owner: owner, data: data, typ: typ, ttl: ttl})
	return nil
}

// checkOwner wants an absolute name of plain labels, of which the first may be "*".
func checkOwner(name string) error {
	labels, ok := strings.CutSuffix(name, ".")
	if !ok {
		return errors.New("the name has no final dot")
	}
	for i, label := range strings.Split(labels, ".") {
		if (i > 0 || label != "*") && (label == "" || !labelText(label)) {
			return fmt.Errorf("%.80q is no label: want letters, digits, hyphens or underscores", label)
		}
	}
	return nil
}
