package presenter

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"zonecast/internal/load"
	"zonecast/internal/plan"
	"zonecast/internal/zone"
)

func fileOf(path, text string) plan.File {
	return plan.File{Path: path, SHA256: load.Hash([]byte(text)), Data: []byte(text)}
}

// planOf asks what loading files would do, given as path and text in turn.
func (r *rig) planOf(files ...string) (changes []plan.Change, end plan.End) {
	r.t.Helper()
	a := plan.Ask{Commit: "next", Prefix: "zones/"}
	for i := 0; i < len(files); i += 2 {
		a.Files = append(a.Files, fileOf(files[i], files[i+1]))
	}
	return r.ask(a)
}

func (r *rig) ask(a plan.Ask) (changes []plan.Change, end plan.End) {
	r.t.Helper()
	text, _ := json.Marshal(a)
	w := httptest.NewRecorder()
	r.host.Mux.ServeHTTP(w, httptest.NewRequest("POST", "http://localhost/v1/zones/plan", bytes.NewReader(text)))
	if w.Code != http.StatusOK {
		r.t.Fatalf("plan: %d %s", w.Code, w.Body)
	}
	dec := json.NewDecoder(w.Body)
	for {
		var l plan.Line
		if err := dec.Decode(&l); err != nil {
			r.t.Fatal("an answer without its end: ", err)
		}
		if l.End != nil {
			return changes, *l.End
		}
		changes = append(changes, *l.Change)
	}
}

// A plan says name by name what a load would do, and does nothing.
func TestPlanOfALoad(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.push("c1", true, "example.com.yaml", small+"www:\n  type: A\n  value: 192.0.2.1\nold:\n  type: A\n  value: 192.0.2.2\n")
	r.generate("db1.example.com. A 192.0.2.10")
	r.serves("db1.example.com.", "300 A 192.0.2.10")
	next := small + "www:\n  type: A\n  value: 192.0.2.3\ndb1:\n  type: A\n  value: 192.0.2.99\n  zonecast: {mode: replace}\na:\n  type: CNAME\n  value: a.example.com.\n"
	changes, end := r.planOf("example.com.yaml", next)
	kinds := map[string]plan.Kind{}
	for _, c := range changes {
		kinds[c.Name.String()] = c.Kind
	}
	want := map[string]plan.Kind{"www.example.com.": plan.Changed, "old.example.com.": plan.Deleted, "db1.example.com.": plan.Changed, "a.example.com.": plan.Created}
	if len(kinds) != len(want) {
		t.Fatalf("%+v", kinds)
	}
	for n, k := range want {
		if kinds[n] != k {
			t.Errorf("%s: %s, want %s", n, kinds[n], k)
		}
	}
	for _, c := range changes {
		if c.Name != name(t, "db1.example.com.") {
			continue
		}
		s := c.Sets[0]
		if len(s.Shadows) != 1 || s.Shadows[0].Module != "m" || len(s.Causes) != 1 || s.Causes[0].File != "example.com.yaml" || s.Causes[0].Line == 0 || c.Written == "" {
			t.Errorf("%+v", c)
		}
	}
	found := false
	for _, p := range end.Problems {
		found = found || p.Check == "cname-loop" && p.File == "zones/example.com.yaml" && p.Line > 0
	}
	if !found || end.Loaded.Commit != "c1" || len(end.Files) != 1 {
		t.Errorf("%+v", end)
	}
	r.serves("db1.example.com.", "300 A 192.0.2.10")
	if r.now("a.example.com.").Zone != zone.Name("") {
		t.Error("the plan was carried out")
	}
	if changes, end = r.planOf(); len(changes) != 0 || len(end.Stopped) != 1 || end.Stopped[0].Check != "zone-gone" {
		t.Errorf("%+v %+v", changes, end)
	}
}
