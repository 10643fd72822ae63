package api

import (
	"context"
	"encoding/json"

	"zonecast/internal/load"
	"zonecast/internal/row"
	"zonecast/internal/zone"
)

// causes gives claims their place: for a human record the line in the file as it is loaded now.
func (a *API) causes(ctx context.Context, owner, apex zone.Name, claims []row.Claim) ([]Cause, error) {
	files := map[string][]byte{} // one file is read once
	var list []Cause
	for _, c := range claims {
		cause := Cause{Claim: c, Lines: c.Set.Lines(owner)}
		if c.Origin.Human() {
			text, ok := files[c.Origin.File]
			if !ok {
				var err error
				if text, err = a.file(ctx, c.Origin.File); err != nil {
					return nil, err
				}
				files[c.Origin.File] = text
			}
			cause.File = c.Origin.File
			if value, ok, err := a.lookup(ctx, "zones", row.KeyLoad); err != nil {
				return nil, err
			} else if l := (row.Load{}); ok && json.Unmarshal(value, &l) == nil {
				cause.File = l.Prefix + c.Origin.File
			}
			if text != nil && a.locate != nil {
				cause.Line, cause.Column = a.locate(text, apex, owner, c.Set.Type)
			}
		}
		list = append(list, cause)
	}
	return list, nil
}

// file reads a loaded zone file; nil when it is not there.
func (a *API) file(ctx context.Context, path string) ([]byte, error) {
	value, ok, err := a.lookup(ctx, "zones", row.PrefixFile+path)
	if err != nil || !ok {
		return nil, err
	}
	var info row.FileInfo
	if err := json.Unmarshal(value, &info); err != nil {
		return nil, err
	}
	rows := rowReader{ctx: ctx, a: a}
	f, err := load.File(&rows, path, info)
	if rows.err != nil {
		return nil, rows.err
	}
	return f.Data, err
}

// rowReader reads rows of table zones one by one.
type rowReader struct {
	ctx context.Context
	a   *API
	err error
}

func (r *rowReader) Get(key string) ([]byte, bool) {
	value, ok, err := r.a.lookup(r.ctx, "zones", key)
	if err != nil {
		r.err = err
	}
	return value, ok && err == nil
}
