package ruleset

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Entity is an inventory entity with its attributes checked against its kind, ready for every module of that kind.
// It belongs to the Ruleset that made it, is not changed afterwards and may be shared between goroutines.
type Entity struct {
	Kind    string
	ID      string
	Unknown []string // attributes that the kind does not have, sorted: kept in the inventory, counted, not seen by rules

	kind   *Kind
	values []any // by the index of the kind's attribute; nil is absent
}

// maxID bounds an entity's id, in octets.
const maxID = 255

// Entity checks the attributes (decoded JSON; numbers as json.Number) of one entity. The error names the
// attribute and the type it should have; ErrUnknownKind if there is no such kind.
func (r *Ruleset) Entity(kind, id string, attrs map[string]any) (*Entity, error) {
	k := r.Kinds[kind]
	if k == nil {
		if len(r.Kinds) == 0 {
			return nil, fmt.Errorf("%w %q: no kinds.yaml is loaded", ErrUnknownKind, kind)
		}
		known := slices.Sorted(maps.Keys(r.Kinds))
		return nil, fmt.Errorf("%w %q: kinds.yaml has %s", ErrUnknownKind, kind, strings.Join(known[:min(len(known), 20)], ", "))
	}
	return k.entity(id, attrs)
}

func (k *Kind) entity(id string, attrs map[string]any) (*Entity, error) {
	if id == "" || len(id) > maxID || !utf8.ValidString(id) {
		return nil, fmt.Errorf("id must be text of 1 to %d octets", maxID)
	}
	e := &Entity{Kind: k.Name, ID: id, kind: k, values: make([]any, len(k.Attrs))}
	known := 0
	for i := range k.Attrs {
		v, err := k.Attrs[i].from(attrs)
		if err != nil {
			return nil, fmt.Errorf("attribute %q of kind %q: %w", k.Attrs[i].Name, k.Name, err)
		}
		e.values[i] = v
		if _, given := attrs[k.Attrs[i].Name]; given {
			known++
		}
	}
	if known < len(attrs) {
		for name := range attrs {
			if _, ok := k.index[name]; !ok {
				e.Unknown = append(e.Unknown, name)
			}
		}
		slices.Sort(e.Unknown)
	}
	return e, nil
}

// CheckAttrs checks an entity's attributes and gives the names of those that its kind does not have.
func (r *Ruleset) CheckAttrs(kind string, attrs map[string]any) (unknown []string, err error) {
	e, err := r.Entity(kind, "-", attrs)
	if err != nil {
		return nil, err
	}
	return e.Unknown, nil
}
