package publisher

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"zonecast/internal/leader"
	"zonecast/internal/service"
	"zonecast/internal/table"
)

// TestATermEndsUnderARequest: whoever asked hears what a standby says, so that commands go to the new leader, and hears it only
// where nothing has been done.
func TestATermEndsUnderARequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	leads := make(chan struct{})
	go func() {
		_ = leader.Run(t.Context(), w.st, owner, leader.Info{Instance: "two", URL: "http://192.0.2.2:5380"}, slog.New(slog.DiscardHandler), func(ctx context.Context) error {
			close(leads)
			<-ctx.Done()
			return ctx.Err()
		})
	}()
	<-leads
	h := service.NewHost("one", "", slog.New(slog.NewTextHandler(io.Discard, nil)))
	s, err := New(w.cfg, w.st, h)
	if err != nil {
		t.Fatal(err)
	}
	p := &publisher{Stage: s, h: h}
	waits := func(*term) (func() error, error) { return func() error { return nil }, nil }
	for name, end := range map[string]func(t *term){
		"before it is taken": func(t *term) { close(t.ended) },
		"as it is taken":     func(t *term) { <-t.asks; close(t.ended) },
		"as it waits for its release": func(t *term) {
			t.answer(ask{do: waits, done: (<-t.asks).done})
			t.end()
			close(t.ended)
		},
		"as another process has taken over": func(t *term) {
			t.answer(ask{do: waits, done: (<-t.asks).done})
			t.reply(fmt.Errorf("table %s: %w", tablePublished, table.ErrFenced))
		},
	} {
		for _, path := range []string{"/v1/epoch", "/v1/rollback", "/v1/resume", "/v1/stages/publisher/held/x/release"} {
			last := &term{asks: make(chan ask), ended: make(chan struct{})}
			s.leading.Store(last)
			go end(last)
			got := p.post(path, request{Reason: "test", To: 1})
			var answer map[string]string
			if err := json.Unmarshal(got.Body.Bytes(), &answer); err != nil || got.Code != http.StatusServiceUnavailable || answer["leader"] != "http://192.0.2.2:5380" {
				t.Errorf("%s, %s: %d %s", path, name, got.Code, got.Body)
			}
		}
	}
	last := &term{asks: make(chan ask), ended: make(chan struct{})}
	s.leading.Store(last)
	go func() { (<-last.asks).done <- fmt.Errorf("outcome unknown") }()
	if got := p.post("/v1/epoch", request{Reason: "test"}); got.Code != http.StatusServiceUnavailable || strings.Contains(got.Body.String(), "leader") {
		t.Errorf("what may have been done: %d %s", got.Code, got.Body)
	}
}
