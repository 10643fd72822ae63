package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"zonecast/internal/plan"
	"zonecast/internal/plan/show"
	"zonecast/internal/row"
	"zonecast/internal/zone"
)

// What is held is told of what changes, and of all when nothing does; it is bounded, and no part of what is approved.
func TestPlanTellsWhatIsHeld(t *testing.T) {
	t.Parallel()
	items := []row.Held{
		{ID: "publisher:1", Owner: "publisher", Unit: "zone", Subject: "prod.example."},
		{ID: "publisher:2", Owner: "publisher", Unit: "zone", Subject: "other.example."},
		{ID: "presenter:3", Owner: "presenter", Unit: "zone-file", Subject: "prod.example.yaml"},
		{ID: "presenter:4", Owner: "presenter", Unit: "zone-file", Subject: "other.example.yaml"},
		{ID: "rules.main:5", Owner: "rules.main", Unit: "module", Subject: "servers"},
		{ID: "rules.lab:6", Owner: "rules.lab", Unit: "module", Subject: "servers"},
		{ID: "presenter:7", Owner: "presenter", Unit: "push", Subject: "zones"},
	}
	for range maxPlanHeld {
		items = append(items, row.Held{ID: "rules.main:8", Owner: "rules.main", Unit: "feed", Subject: "feed"})
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for _, h := range items {
			_ = json.NewEncoder(w).Encode(h)
		}
	}))
	t.Cleanup(server.Close)
	l := &livePlan{c: &client{base: server.URL, http: server.Client()}}
	apex, err := zone.ParseName("prod.example.")
	if err != nil {
		t.Fatal(err)
	}
	p := &plan.Plan{Format: plan.Format, Summaries: []plan.Summary{{Zone: apex, New: true}}, Zones: &plan.Files{After: map[string]string{"prod.example.yaml": "x"}},
		Rules: &plan.Files{Source: "main", After: map[string]string{"servers.yaml": "x"}}}
	if err := p.Seal(); err != nil {
		t.Fatal(err)
	}
	if err := l.held(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	ids := ""
	for _, h := range p.Held {
		ids += h.ID + " "
	}
	same(t, "held", ids, "publisher:1 presenter:3 rules.main:5 presenter:7 ")
	if err := p.Check(); err != nil {
		t.Errorf("it is part of the digest: %v", err)
	}
	p.Against.Kind, p.Zones, p.Rules = plan.Live, nil, nil
	if err := p.Seal(); err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := show.JSON(&text, p); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "plan.json")
	if err := os.WriteFile(file, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	shown, err := readPlan(file)
	if err != nil || len(shown.Held) != len(p.Held) {
		t.Errorf("the file lost it: %+v, %v", shown, err)
	}
	if a := (approvedPlan{file: file}); a.read(false, false) != nil || a.plan.Held != nil {
		t.Errorf("it is pushed: %+v", a.plan)
	}
	none := &plan.Plan{}
	if err := l.held(t.Context(), none); err != nil || len(none.Held) != maxPlanHeld || none.HeldMore != len(items)-maxPlanHeld {
		t.Errorf("%d and %d more, %v", len(none.Held), none.HeldMore, err)
	}
}
