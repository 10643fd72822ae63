package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"zonecast/internal/api"
	"zonecast/internal/checkout"
	"zonecast/internal/plan"
)

// pretender answers as a presenter does, with what the test says; it remembers what it was asked.
type pretender struct {
	asked   []plan.Ask
	answers []string // of one question after the other; "409" is a conflict
}

func (f *pretender) start(t *testing.T) *livePlan {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/loads", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]api.LoadLine{"zones": {Files: map[string]string{"a.example.yaml": newFolder(checkout.Set{Files: files[:1]}).hashes["a.example.yaml"]}}})
	})
	mux.HandleFunc("POST /v1/zones/plan", func(w http.ResponseWriter, r *http.Request) {
		var ask plan.Ask
		if err := json.NewDecoder(r.Body).Decode(&ask); err != nil {
			t.Error(err)
		}
		f.asked = append(f.asked, ask)
		answer := f.answers[min(len(f.asked), len(f.answers))-1]
		if answer == "409" {
			w.WriteHeader(http.StatusConflict)
			answer = `{"error":"another commit is loaded"}`
		}
		_, _ = w.Write([]byte(answer))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return &livePlan{c: &client{base: server.URL, http: server.Client()}, said: func(string) {}}
}

var files = []checkout.File{{Path: "a.example.yaml", Data: []byte("{}\n")}, {Path: "b.example.yaml", Data: []byte("www: {type: A, value: 192.0.2.1}\n")}}

const (
	changeLine = `{"change":{"name":"www.b.example.","zone":"b.example.","kind":"created","sets":[{"type":"A","after":{"type":"A","ttl":60,"data":["192.0.2.1"]}}],"written":"w"}}` + "\n"
	endLine    = `{"end":{"loaded":{"commit":"c","prefix":"zones/","at":1,"by":"push"},"files":{}}}` + "\n"
)

func TestPlanAsks(t *testing.T) {
	t.Parallel()
	f := &pretender{answers: []string{changeLine + endLine}}
	l := f.start(t)
	if err := l.look(t.Context()); err != nil {
		t.Fatal(err)
	}
	generated := []plan.Generated{{Source: "main"}}
	end, changes, err := l.zones(t.Context(), newFolder(checkout.Set{Commit: "next", Files: files}), generated)
	if err != nil || len(changes) != 1 || changes[0].Name.String() != "www.b.example." || end.Loaded.Commit != "c" {
		t.Fatal(end, changes, err)
	}
	if q := f.asked[0]; q.Commit != "next" || q.Loaded || len(q.Generated) != 1 || len(q.Files) != 2 || q.Files[0].Data != nil || string(q.Files[1].Data) != string(files[1].Data) {
		t.Errorf("asked %+v: files that are loaded as they are go without their text", q)
	}
	if _, _, err := l.zones(t.Context(), nil, generated); err != nil || !f.asked[1].Loaded || f.asked[1].Files != nil {
		t.Errorf("of rules alone: asked %+v, %v", f.asked[1], err)
	}
}

// Somebody loads something meanwhile: it looks again, and what came before is forgotten.
func TestPlanAsksAgain(t *testing.T) {
	t.Parallel()
	f := &pretender{answers: []string{"409", changeLine + endLine}}
	l := f.start(t)
	if _, changes, err := l.zones(t.Context(), newFolder(checkout.Set{Files: files}), nil); err != nil || len(changes) != 1 {
		t.Fatal(changes, err)
	}
	if f.asked[0].Files[0].Data == nil || f.asked[1].Files[0].Data != nil {
		t.Errorf("it did not look again: %+v", f.asked)
	}
	f = &pretender{answers: []string{"409"}}
	if _, _, err := f.start(t).zones(t.Context(), nil, nil); err == nil || !strings.Contains(err.Error(), "another commit is loaded") || len(f.asked) != 3 {
		t.Errorf("%v after %d questions", err, len(f.asked))
	}
}

// An answer without its last line was cut, and is no plan.
func TestPlanCut(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{"", changeLine, changeLine[:20], "{}\nnonsense"} {
		f := &pretender{answers: []string{answer}}
		if _, _, err := f.start(t).zones(t.Context(), nil, nil); err == nil || !strings.Contains(err.Error(), "cut") {
			t.Errorf("%q: %v", answer, err)
		}
	}
}
