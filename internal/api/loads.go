package api

import (
	"encoding/json"
	"fmt"
	"net/http"

	"zonecast/internal/load"
	"zonecast/internal/row"
	"zonecast/internal/table"
)

// LoadLine is what was loaded last into one table of reviewed files.
type LoadLine struct {
	row.Load
	Files map[string]string `json:"files,omitempty"` // path -> SHA-256 of its text, hex, where that was asked for
}

// loads tells what was loaded last into each table of reviewed files. With files it names their texts too, so that
// whoever plans or pushes sends only what differs.
func (a *API) loads(r *http.Request) (any, error) {
	names, err := table.List(r.Context(), a.st)
	if err != nil {
		return nil, err
	}
	files := r.URL.Query().Get("files")
	if files != "" && files != "1" {
		return nil, usage("files=%s: 1, or nothing", files)
	}
	loads := map[string]LoadLine{}
	for _, name := range names {
		value, ok, err := table.Lookup(r.Context(), a.st, name, row.KeyLoad)
		if err != nil {
			return nil, err
		}
		var l LoadLine
		if !ok || json.Unmarshal(value, &l.Load) != nil || l.Commit == "" {
			continue
		}
		if files == "1" {
			if l, err = a.loadedFiles(r, name); err != nil {
				return nil, err
			}
		}
		loads[name] = l
	}
	return loads, nil
}

// loadedFiles reads a table whole, so that files and commit are of one moment.
func (a *API) loadedFiles(r *http.Request, name string) (l LoadLine, err error) {
	v, err := table.Read(r.Context(), a.st, name)
	if err != nil {
		return l, err
	}
	if l.Load, _, err = load.Loaded(v); err != nil {
		return l, fmt.Errorf("table %s: %w", name, err)
	}
	infos, err := load.Infos(v)
	if err != nil {
		return l, fmt.Errorf("table %s: %w", name, err)
	}
	l.Files = make(map[string]string, len(infos))
	for path, info := range infos {
		l.Files[path] = info.SHA256
	}
	return l, nil
}
