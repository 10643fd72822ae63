package ruleset

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"zonecast/internal/inventory"
)

// defaultGrace is how long a number waits for its entity to come back.
const defaultGrace = 24 * time.Hour

// attrNumbers is the attribute that pins numbers: a list of {of, number}.
const attrNumbers = "numbers"

var numberKeys = []string{"of", "grace"}

// number is what a record says about the number that it uses.
type number struct {
	of    *program
	grace int64 // seconds
	early bool  // `when` decides before there is a number; else it reads n, and the role is the entity's in any case
}

// number reads number: {of, grace}.
func (s *source) number(n *yaml.Node, sc scope) *number {
	f := s.Mapping(n, "number", numberKeys...)
	if f == nil {
		return nil
	}
	if f["of"] == nil {
		s.Fail("missing-key", n, "number has no key of", "write number: {of: '\"web\"'}, an expression that gives the role")
		return nil
	}
	num := &number{of: s.expression(f["of"], "of", sc, reflect.Invalid), grace: int64(defaultGrace / time.Second)}
	if num.of == nil {
		return nil
	}
	if b := num.of.typ.Base; b != Label && b != String && b != Enum && b != Name {
		s.Fail("expression-type", f["of"], "of must give text: the name of the role", "")
	}
	if g := f["grace"]; g != nil {
		text, _ := s.Text(g, "grace")
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 || d > inventory.MaxGrace*time.Second || d%time.Second != 0 {
			s.Fail("bad-number", g, fmt.Sprintf("grace must be a time from 0 to %dh, in whole seconds", inventory.MaxGrace/3600), "write 24h, 10m or 0s")
		}
		num.grace = int64(d / time.Second)
	}
	if a, ok := sc.kind.attr(attrNumbers); ok && !pins(a.Type) {
		s.Fail("bad-number", n, fmt.Sprintf("the attribute numbers of kind %q cannot pin numbers", sc.kind.Name),
			"in kinds.yaml write numbers: {list: {of: label, number: int}, optional: true}, or give the attribute another name")
	}
	return num
}

// pins tells whether a type is that of the attribute numbers.
func pins(t Type) bool {
	if t.Base != List || t.Elem.Base != object || len(t.Elem.Fields) != 2 {
		return false
	}
	number, of := t.Elem.Fields[0], t.Elem.Fields[1] // sorted by name
	return of.Name == "of" && (of.Type.Base == Label || of.Type.Base == String || of.Type.Base == Enum) && !of.Optional &&
		number.Name == "number" && number.Type.Base == Int && !number.Optional
}

// pinned gives the numbers that the entity's attributes pin, by role.
func (e *Entity) pinned() (map[string]int, error) {
	i, ok := e.kind.index[attrNumbers]
	if !ok || e.values[i] == nil || !pins(e.kind.Attrs[i].Type) {
		return nil, nil
	}
	list, _ := e.values[i].([]any)
	found := make(map[string]int, len(list))
	for _, v := range list {
		pin, _ := v.(map[string]any)
		of, _ := pin["of"].(string)
		n, _ := pin["number"].(int)
		role := strings.ToLower(of)
		if n < 1 || n > inventory.MaxNumber {
			return nil, &inventory.NumberError{Check: "bad-number", Text: fmt.Sprintf("the attribute numbers pins %d: a number is from 1 to %d", n, inventory.MaxNumber)}
		}
		if old, twice := found[role]; twice && old != n {
			return nil, &inventory.NumberError{Check: "bad-number", Text: fmt.Sprintf("the attribute numbers pins two numbers of %q", role)}
		}
		found[role] = n
	}
	return found, nil
}

// Demand is what modules ask of the numbered roles for an entity. A module that cannot be asked, because an evaluation
// fails, leaves what the entity has: it will fail when it is evaluated too.
func (e *Entity) Demand(w *Worker, key string, modules []*Module) inventory.Demand {
	d := inventory.Demand{Entity: key}
	for _, m := range modules {
		if !m.Numbered || m.kind != e.kind {
			continue
		}
		claims, err := m.claims(w, e)
		d.Unknown = d.Unknown || err != nil
		for _, c := range claims {
			if i := slices.IndexFunc(d.Claims, func(o inventory.Claim) bool { return o.Role == c.Role }); i < 0 {
				d.Claims = append(d.Claims, c)
			} else {
				d.Claims[i].Grace = max(d.Claims[i].Grace, c.Grace)
			}
		}
	}
	if len(d.Claims) > 0 {
		var err error
		if d.Pins, err = e.pinned(); err != nil {
			d.Claims, d.Unknown = nil, true
		}
	}
	return d
}

// claims gives the roles of which the module's records need a number.
func (m *Module) claims(w *Worker, e *Entity) (claims []inventory.Claim, err error) {
	w.begin(m, e, nil)
	defer w.end()
	if ok, err := w.condition(m.when); err != nil || !ok {
		if isAbsent(err) {
			err = nil
		}
		return nil, err
	}
	for _, r := range m.records {
		if r.number == nil {
			continue
		}
		list := []any{nil}
		if r.each != nil {
			if list, err = w.elements(r); err != nil {
				return claims, err
			}
		}
		for _, v := range list {
			if r.each != nil {
				w.setIt(v)
			}
			role, err := w.roleOf(r)
			if err != nil && !isAbsent(err) {
				return claims, err
			}
			if err == nil && role != "" {
				claims = append(claims, inventory.Claim{Role: role, Grace: r.number.grace})
			}
		}
	}
	return claims, nil
}

// roleOf gives the role that a record needs a number of; "" where its condition is false.
func (w *Worker) roleOf(r *record) (string, error) {
	if r.number.early {
		if ok, err := w.condition(r.when); err != nil || !ok {
			return "", err
		}
	}
	v, err := w.value(r.number.of)
	if err != nil {
		return "", err
	}
	role, _ := v.(string)
	if role == "" || len(role) > 63 || !labelText(role) {
		return "", fmt.Errorf("number: of gives %.80q: want 1 to 63 letters, digits, hyphens or underscores", role)
	}
	return strings.ToLower(role), nil
}

// giveNumber makes n known for what follows; false where the record is not to be made.
func (w *Worker) giveNumber(r *record) (bool, error) {
	role, err := w.roleOf(r)
	if err != nil || role == "" {
		return false, err
	}
	if _, err := w.entity.pinned(); err != nil {
		return false, err
	}
	got, ok := w.numbers[role]
	switch {
	case !ok:
		return false, errNoNumber
	case got.Err != nil:
		return false, got.Err
	}
	w.role, w.n, w.pinned = role, got.N, got.Pinned
	w.env["n"] = got.N
	if r.number.early {
		return true, nil
	}
	return w.condition(r.when)
}

var errNoNumber = errors.New("nobody gave the entity a number")
