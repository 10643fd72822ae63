package ruleset

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"

	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"

	"zonecast/internal/expression"
	"zonecast/internal/inventory"
	"zonecast/internal/zone"
)

// Worker carries what one goroutine needs to evaluate modules: the virtual machine and its buffers. It serves any
// module of any Ruleset, one evaluation at a time.
type Worker struct {
	vm     vm.VM
	env    map[string]any
	entity *Entity
	module *Module
	it     any
	buf    []byte
	items  []item

	standings []standing
	numbers   map[string]inventory.Number // of the entity, by role
	role      string                      // of the record in hand, with its number
	n         int
	pinned    bool
}

// item is one record on its way into RRsets.
type item struct {
	owner    zone.Name
	data     zone.Rdata
	typ      zone.Type
	standing uint16 // one more than its place in the worker's list; 0: none
	ttl      uint32
}

// NewWorker makes a Worker.
func NewWorker() *Worker {
	return &Worker{vm: vm.VM{MemoryBudget: expression.MemoryBudget}, env: map[string]any{}}
}

// begin points the worker at one entity; only the attributes that the module's expressions read are put in.
func (w *Worker) begin(m *Module, e *Entity, numbers map[string]inventory.Number) {
	if w.module != m {
		clear(w.env) // only to let go of values: a module reads nothing but what is put in here
	}
	w.module, w.entity, w.items, w.standings, w.numbers = m, e, w.items[:0], w.standings[:0], numbers
	for _, i := range m.attrs {
		w.env[e.kind.Attrs[i].Name] = e.values[i]
	}
	if m.needID {
		w.env["id"] = e.ID
	}
}

// end lets go of what the entity holds.
func (w *Worker) end() {
	w.entity, w.it, w.numbers = nil, nil, nil
	clear(w.items)
	delete(w.env, "it")
}

func (w *Worker) setIt(v any) {
	w.it = v
	w.env["it"] = v
}

// value runs an expression. An absent attribute is an *absentError.
func (w *Worker) value(p *program) (any, error) {
	var v any
	switch p.plain {
	case plainText:
		return p.text, nil
	case plainAttr:
		v = w.entity.values[p.slot]
	case plainID:
		return w.entity.ID, nil
	case plainIt:
		v = w.it
	case plainNumber:
		return w.n, nil
	case plainField:
		v = w.it.(map[string]any)[p.field]
	default:
		return w.run(p)
	}
	if v == nil {
		return nil, &absentError{p.name}
	}
	return v, nil
}

func (w *Worker) run(p *program) (any, error) {
	v, err := w.vm.Run(p.code, w.env)
	if err == nil {
		if v == nil {
			return nil, &absentError{"used in an expression"}
		}
		return v, nil
	}
	var absent *absentError
	if errors.As(err, &absent) {
		return nil, absent
	}
	var at *file.Error
	if errors.As(err, &at) {
		return nil, errors.New(at.Message)
	}
	return nil, err
}

func (w *Worker) condition(p *program) (bool, error) {
	if p == nil {
		return true, nil
	}
	v, err := w.value(p)
	if err != nil {
		return false, err
	}
	b, ok := v.(bool)
	if !ok {
		return false, fmt.Errorf("the condition gives %v, not true or false", v)
	}
	return b, nil
}

// list gives the elements of a list expression: []any, []string or []int, whatever made it.
func (w *Worker) list(p *program) ([]any, error) {
	v, err := w.value(p)
	if err != nil {
		return nil, err
	}
	var list []any
	switch v := v.(type) {
	case []any:
		list = v
	case []string:
		for _, s := range v {
			list = append(list, s)
		}
	case []int:
		if len(v) > MaxList {
			return nil, errEndless
		}
		for _, n := range v {
			list = append(list, n)
		}
	default:
		return nil, fmt.Errorf("the expression gives %T, not a list", v)
	}
	if len(list) > MaxList {
		return nil, errEndless
	}
	return list, nil
}

var errEndless = fmt.Errorf("the list has more than %d elements", MaxList)

// text puts a template together in the worker's buffer, which is valid until the next call.
func (w *Worker) text(t *template) ([]byte, error) {
	b := w.buf[:0]
	for i := range t.pieces {
		p := &t.pieces[i]
		if p.prog == nil {
			b = append(b, p.text...)
			continue
		}
		start := len(b)
		if p.prog.plain == plainReverse {
			v := w.entity.values[p.prog.slot]
			if v == nil {
				return nil, &absentError{p.prog.name}
			}
			addr, err := netip.ParseAddr(v.(string))
			if err != nil {
				return nil, err
			}
			b = expression.AppendReverse(b, addr)
			continue
		}
		v, err := w.value(p.prog)
		if err != nil {
			return nil, err
		}
		switch v := v.(type) {
		case string:
			if b, err = t.appendText(b, v, p); err != nil {
				return nil, err
			}
		case int:
			b = strconv.AppendInt(b, int64(v), 10)
		default:
			return nil, fmt.Errorf("an expression gives %T, not text", v)
		}
		if len(b) == start {
			return nil, errors.New("an expression gives empty text")
		}
	}
	w.buf = b[:0]
	if len(b) > expression.MaxResult {
		return nil, expression.ErrTooLong
	}
	return b, nil
}

// appendText puts a value into a name or into record data. In a name it can bring no dot, asterisk or escape; in
// data it can leave neither its quotes nor its field, unless it is the whole data.
func (t *template) appendText(b []byte, v string, p *piece) ([]byte, error) {
	switch {
	case !t.data && p.dotted: // a checked attribute of type name, or reverse(): labels and dots
	case !t.data:
		if !labelText(v) {
			return nil, fmt.Errorf("%.80q cannot be part of a label: want letters, digits, hyphens or underscores", v)
		}
	case p.quoted:
		for i := range len(v) {
			switch c := v[i]; {
			case c == '"' || c == '\\':
				b = append(b, '\\', c)
			case c < ' ' || c > '~':
				b = append(b, '\\', '0'+c/100, '0'+c/10%10, '0'+c%10)
			default:
				b = append(b, c)
			}
		}
		return b, nil
	case !p.whole:
		for i := range len(v) {
			switch c := v[i]; c {
			case ' ', '\t', '"', '\\', ';', '(', ')', '\n', '\r', 0:
				return nil, fmt.Errorf("%.80q is not one word; put the expression between double quotes", v)
			}
		}
	}
	return append(b, v...), nil
}
