package presenter

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"zonecast/internal/service"
	"zonecast/internal/table"
)

// An input that was read before the last leader presented more of it is waited for: to merge it as it was would take back
// what is presented, for a moment.
func TestBeginWaitsForInputAsPresented(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.generate("old.example.com. A 192.0.2.1")
	older := r.gen.Head()
	r.push("c1", true, "example.com.yaml", small)
	r.generate("new.example.com. A 192.0.2.2")
	r.serves("new.example.com.", "300 A 192.0.2.2")
	r.stop()

	rows := map[string][]byte{}
	for key, value := range r.gen.All() {
		rows[key] = value
	}
	before := map[string][]byte{"old.example.com.": rows["old.example.com."]}
	s, err := New(r.cfg, r.st, service.NewHost("test", "", slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	term := s.newTerm()
	if err := term.takeOver(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	go func() {
		for _, n := range []news{{in: term.inputs[0], reset: before, head: older}, {in: term.inputs[0], reset: rows, head: r.gen.Head()}} {
			select {
			case term.news <- n:
			case <-ctx.Done():
			}
		}
	}()
	if err := term.begin(ctx); err != nil {
		t.Fatal(err)
	}
	v, err := table.Read(t.Context(), r.st, "presented")
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := r.at(v, "new.example.com."); got != "300 A 192.0.2.2" {
		t.Errorf("new.example.com. serves %q after begin", got)
	}
}
