package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"zonecast/internal/decision"
	"zonecast/internal/inventory"
	"zonecast/internal/row"
	"zonecast/internal/table"
	"zonecast/internal/zone"
)

const heldPrefix = "held."

// held lists what is held by all stages, sorted by id.
func (a *API) held(r *http.Request, emit func(any) error) error {
	names, err := table.List(r.Context(), a.st)
	if err != nil {
		return err
	}
	var list []row.Held
	for _, name := range names {
		if !strings.HasPrefix(name, heldPrefix) {
			continue
		}
		v, err := a.read(r.Context(), name)
		if err != nil {
			return err
		}
		if v == nil {
			continue
		}
		for _, value := range v.All() {
			var h row.Held
			if json.Unmarshal(value, &h) == nil && h.ID != "" {
				list = append(list, h)
			}
		}
	}
	slices.SortFunc(list, func(x, y row.Held) int { return strings.Compare(x.ID, y.ID) })
	return emitAll(list, emit)
}

// decisions lists what people decided, the newest first: ?limit= at most, else all that the log holds.
func (a *API) decisions(r *http.Request, emit func(any) error) error {
	limit := decision.Keep
	if text := r.URL.Query().Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > decision.Keep {
			return usage("limit %q is not between 1 and %d", text, decision.Keep)
		}
		limit = n
	}
	list, err := decision.List(r.Context(), a.st, limit)
	if err != nil {
		return err
	}
	return emitAll(list, emit)
}

// ConflictLine is a row of table conflicts with its name, each claim with its place.
type ConflictLine struct {
	Name   string      `json:"name"`
	Zone   zone.Name   `json:"zone"`
	Served []Cause     `json:"served"`
	Lost   []Cause     `json:"lost"`
	Types  []zone.Type `json:"types"`
	Since  int64       `json:"since"` // Unix seconds
}

func (a *API) conflicts(r *http.Request, emit func(any) error) error {
	v, err := a.read(r.Context(), "conflicts")
	if err != nil || v == nil {
		return err
	}
	places := a.places()
	var list []ConflictLine
	for name, value := range v.All() {
		var c row.Conflict
		if err := json.Unmarshal(value, &c); err != nil {
			return err
		}
		line := ConflictLine{Name: name, Zone: c.Zone, Types: c.Types, Since: c.Since}
		owner, err := zone.ParseName(name)
		if err != nil {
			return err
		}
		if line.Served, err = places.causes(r.Context(), owner, c.Served); err != nil {
			return err
		}
		if line.Lost, err = places.causes(r.Context(), owner, c.Lost); err != nil {
			return err
		}
		list = append(list, line)
	}
	slices.SortFunc(list, func(x, y ConflictLine) int { return strings.Compare(x.Name, y.Name) })
	return emitAll(list, emit)
}

// TableLine describes a table.
type TableLine struct {
	Table string     `json:"table"`
	Head  table.Head `json:"head"`
}

func (a *API) tables(r *http.Request, emit func(any) error) error {
	names, err := table.List(r.Context(), a.st)
	if err != nil {
		return err
	}
	for _, name := range names {
		head, err := table.ReadHead(r.Context(), a.st, name)
		if errors.Is(err, table.ErrNotFound) {
			continue // made a moment ago: its head is yet to come
		}
		if err != nil {
			return err
		}
		if err := emit(TableLine{name, head}); err != nil {
			return err
		}
	}
	return nil
}

// RowLine is one row, with its value in readable form.
type RowLine struct {
	Key   string `json:"key"`
	Value any    `json:"value"`
}

// RawLine is one row as stored, for backups.
type RawLine struct {
	Key string `json:"key"`
	Raw []byte `json:"raw"` // base64
}

// rows prints a table: ?key= one row, ?prefix= those whose key begins with it; ?raw= as stored. Sorted by key.
func (a *API) rows(r *http.Request, emit func(any) error) error {
	name, query := r.PathValue("name"), r.URL.Query()
	if query.Has("key") {
		value, ok, err := table.Lookup(r.Context(), a.st, name, query.Get("key"))
		if err != nil || !ok {
			return err
		}
		return emit(RowLine{query.Get("key"), readable(name, query.Get("key"), value)})
	}
	v, err := table.Read(r.Context(), a.st, name)
	if err != nil {
		return err
	}
	var keys []string
	for key := range v.All() {
		if strings.HasPrefix(key, query.Get("prefix")) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		value, _ := v.Get(key)
		var line any
		if query.Has("raw") {
			line = RawLine{key, value}
		} else {
			line = RowLine{key, readable(name, key, value)}
		}
		if err := emit(line); err != nil {
			return err
		}
	}
	return nil
}

// readable decodes a row by its table; what it cannot decode it shows as text with its fault.
func readable(name, key string, value []byte) any {
	v, err := decode(name, key, value)
	if err != nil {
		return map[string]string{"fault": err.Error(), "raw": string(value)}
	}
	return v
}

func decode(name, key string, value []byte) (any, error) {
	kind, _, _ := strings.Cut(name, ".")
	switch {
	case json.Valid(value) && len(value) > 0 && (value[0] == '{' || value[0] == '['):
		return json.RawMessage(value), nil
	case kind == "generated":
		return row.DecodeContributions(value)
	case kind == "inventory" && !strings.HasPrefix(key, "@"):
		r, err := inventory.DecodeRow(value)
		return entityOf(key, r), err
	case kind == "inventory" && strings.HasPrefix(key, inventory.PrefixNumber):
		return inventory.DecodeRole(value)
	case kind == "inventory" && strings.HasPrefix(key, row.PrefixPool):
		return row.DecodePools(value)
	case kind == "presented":
		return row.DecodePresented(value)
	case kind == "published":
		return row.DecodePublished(value)
	case kind == "zones" && strings.HasPrefix(key, row.PrefixName):
		return row.DecodeHuman(value)
	}
	return string(value), nil
}

// EntityLine is an entity as stored.
type EntityLine struct {
	Entity  string              `json:"entity"`
	Rev     uint64              `json:"rev"`
	Feed    string              `json:"feed"`
	Deleted int64               `json:"deleted,omitempty"` // Unix seconds: a tombstone
	Attrs   json.RawMessage     `json:"attrs,omitempty"`
	Gives   map[string][]string `json:"gives,omitempty"` // module -> owner names
}

func entityOf(key string, r inventory.Row) EntityLine {
	e := EntityLine{Entity: key, Rev: r.Rev, Feed: r.Feed, Deleted: r.Deleted, Attrs: r.Attrs}
	for _, g := range r.Given {
		if e.Gives == nil {
			e.Gives = make(map[string][]string)
		}
		e.Gives[g.Module] = g.Names
	}
	return e
}

// entity looks an entity up in every source.
func (a *API) entity(r *http.Request) (any, error) {
	key := r.PathValue("kind") + "/" + r.PathValue("id")
	names, err := table.List(r.Context(), a.st)
	if err != nil {
		return nil, err
	}
	found := map[string]EntityLine{}
	for _, name := range names {
		source, ok := strings.CutPrefix(name, "inventory.")
		if !ok {
			continue
		}
		value, ok, err := table.Lookup(r.Context(), a.st, name, key)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		decoded, err := inventory.DecodeRow(value)
		if err != nil {
			return nil, err
		}
		found[source] = entityOf(key, decoded)
	}
	return found, nil
}

func emitAll[T any](list []T, emit func(any) error) error {
	for _, v := range list {
		if err := emit(v); err != nil {
			return err
		}
	}
	return nil
}

// nameParam reads the query parameter name: a final dot is put where it is missing, since people leave it out.
func nameParam(r *http.Request) (zone.Name, error) {
	text := r.URL.Query().Get("name")
	if text == "" {
		return "", usage("the parameter name is missing")
	}
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	n, err := zone.ParseName(text)
	if err != nil {
		return "", usage("%v", err)
	}
	return n, nil
}
