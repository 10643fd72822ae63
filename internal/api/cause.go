package api

import (
	"context"
	"encoding/json"

	"zonecast/internal/load"
	"zonecast/internal/row"
	"zonecast/internal/zone"
)

// places gives human records their place in the files as they are loaded now. It is of one request: a file is
// read once, however many records are asked for.
type places struct {
	a      *API
	prefix *string // of the load; nil until it was read
	files  map[string]func(owner zone.Name, t zone.Type) (line, column int)
}

func (a *API) places() *places {
	return &places{a: a, files: map[string]func(zone.Name, zone.Type) (int, int){}}
}

// causes gives claims on a name their place. Their files need not be of the zone that has the name now.
func (p *places) causes(ctx context.Context, owner zone.Name, claims []row.Claim) ([]Cause, error) {
	var list []Cause
	for _, c := range claims {
		cause := Cause{Claim: c, Lines: c.Set.Lines(owner)}
		if c.Origin.Glass() {
			cause.File = c.Origin.File // it stands in no file
		} else if c.Origin.Human() {
			if err := p.put(ctx, &cause, owner); err != nil {
				return nil, err
			}
		}
		list = append(list, cause)
	}
	return list, nil
}

func (p *places) put(ctx context.Context, c *Cause, owner zone.Name) error {
	if p.prefix == nil {
		value, ok, err := p.a.lookup(ctx, "zones", row.KeyLoad)
		if err != nil {
			return err
		}
		var l row.Load
		if ok && json.Unmarshal(value, &l) != nil {
			l = row.Load{}
		}
		p.prefix = &l.Prefix
	}
	locate, ok := p.files[c.Origin.File]
	if !ok {
		text, err := p.a.file(ctx, c.Origin.File)
		if err != nil {
			return err
		}
		if text != nil && p.a.locate != nil {
			locate = p.a.locate(c.Origin.File, text)
		}
		p.files[c.Origin.File] = locate
	}
	c.File = *p.prefix + c.Origin.File
	if locate != nil {
		c.Line, c.Column = locate(owner, c.Set.Type)
	}
	return nil
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
