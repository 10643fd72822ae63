package api

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"zonecast/internal/override"
	"zonecast/internal/row"
	"zonecast/internal/zone"
)

// overrides lists what people override, and what each does: sorted by name. Rows of names without people's records are not
// looked at.
func (a *API) overrides(r *http.Request, emit func(any) error) error {
	ctx := r.Context()
	v, err := a.read(ctx, "zones")
	if err != nil || v == nil {
		return err
	}
	at := history(v)
	byHand := map[string]row.Glass{}
	names := map[string]bool{}
	for key, value := range v.All() {
		if owner, ok := strings.CutPrefix(key, row.PrefixName); ok {
			list, err := row.DecodeHuman(value)
			if err != nil {
				return err
			}
			if slices.ContainsFunc(list, func(h row.HumanRecord) bool { return h.Mode != "" || h.Expires != 0 }) {
				names[owner] = true
			}
		}
		if strings.HasPrefix(key, row.PrefixGlass) {
			var g row.Glass
			if err := json.Unmarshal(value, &g); err != nil {
				return err
			}
			byHand[g.Record.File] = g
			names[g.Name] = true
		}
	}
	look, err := a.presented(ctx, len(names))
	if err != nil {
		return err
	}
	places := a.places()
	var list []override.Override
	for owner := range names {
		n, err := zone.ParseName(owner)
		if err != nil {
			return err
		}
		p, err := look(owner)
		if err != nil {
			return err
		}
		for _, o := range override.At(n, p) {
			if g, ok := byHand[o.File]; ok {
				o.Since, o.By = g.At, g.By
			} else {
				o.Since = at[o.Commit]
				cause := Cause{Claim: row.Claim{Set: zone.RRset{Type: o.Type}, Origin: row.Origin{File: o.File}}}
				if err := places.put(ctx, &cause, n); err != nil {
					return err
				}
				o.File, o.Line, o.Column = cause.File, cause.Line, cause.Column
			}
			for i := range o.Shadows {
				s := &o.Shadows[i].Origin
				if !s.Human() || s.Glass() {
					continue
				}
				cause := Cause{Claim: o.Shadows[i]}
				if err := places.put(ctx, &cause, n); err != nil {
					return err
				}
				s.File = cause.File
			}
			list = append(list, o)
		}
	}
	slices.SortStableFunc(list, func(x, y override.Override) int { return x.Name.Compare(y.Name) })
	return emitAll(list, emit)
}

// manyRows is from how many rows on the whole table is read at once.
const manyRows = 200

// presented gives what looks names up in table presented.
func (a *API) presented(ctx context.Context, many int) (func(owner string) (row.Presented, error), error) {
	decode := func(value []byte, ok bool, err error) (row.Presented, error) {
		if err != nil || !ok {
			return row.Presented{}, err
		}
		return row.DecodePresented(value)
	}
	if many < manyRows {
		return func(owner string) (row.Presented, error) { return decode(a.lookup(ctx, "presented", owner)) }, nil
	}
	v, err := a.read(ctx, "presented")
	if err != nil {
		return nil, err
	}
	return func(owner string) (row.Presented, error) {
		if v == nil {
			return row.Presented{}, nil
		}
		value, ok := v.Get(owner)
		return decode(value, ok, nil)
	}, nil
}

// history says when each commit was loaded, as far back as it is kept.
func history(v interface{ Get(string) ([]byte, bool) }) map[string]int64 {
	at := map[string]int64{}
	value, ok := v.Get(row.KeyHistory)
	var list []row.LoadedAt
	if ok && json.Unmarshal(value, &list) == nil {
		for _, l := range list {
			at[l.Commit] = l.At
		}
	}
	return at
}
