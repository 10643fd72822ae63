package api

import (
	"encoding/json"
	"testing"

	"zonecast/internal/checkout"
	"zonecast/internal/load"
	"zonecast/internal/row"
)

// puts collects what a load writes.
type puts map[string][]byte

func (p puts) Get(key string) ([]byte, bool) { v, ok := p[key]; return v, ok }
func (p puts) Put(key string, value []byte)  { p[key] = value }
func (p puts) Delete(key string)             { delete(p, key) }

func TestLoadsNameTheirFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rows := puts{}
	load.PutLoaded(rows, row.Load{Commit: "c1", By: "push"})
	load.PutFile(rows, checkout.File{Path: "example.yaml", Data: []byte("{}\n")}, "c1", "")
	w.fill("zones", rows)
	w.fill("presented", map[string][]byte{"www.example.": row.Presented{}.Encode()})
	for path, files := range map[string]int{"/v1/loads": 0, "/v1/loads?files=1": 1} {
		code, body := w.get(path)
		var got map[string]LoadLine
		if err := json.Unmarshal([]byte(body), &got); code != 200 || err != nil || len(got) != 1 || got["zones"].Commit != "c1" || len(got["zones"].Files) != files {
			t.Errorf("%s: %d %s %v", path, code, body, err)
		}
		if hash := got["zones"].Files["example.yaml"]; files > 0 && hash != load.Hash([]byte("{}\n")) {
			t.Errorf("%s: %s", path, body)
		}
	}
}
