package rules

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"zonecast/internal/service"
	"zonecast/internal/table"
)

// TestATermEndsUnderARequest: whoever asked hears what a standby says, so that commands go to the new leader, and hears it only
// where nothing has been done.
func TestATermEndsUnderARequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	host := service.NewHost("two", "", slog.New(slog.NewTextHandler(io.Discard, nil)))
	host.SetURL("http://192.0.2.2:5380")
	s, err := New(w.cfg, w.st, host)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		end    func(l *lead)
		follow bool
	}{
		"as it is taken":                    {func(l *lead) { <-l.jobs; close(l.ended) }, true},
		"as another process has taken over": {func(l *lead) { (<-l.jobs).done <- table.ErrFenced }, true},
		"though it may have been done":      {func(l *lead) { (<-l.jobs).done <- errors.New("outcome unknown") }, false},
	} {
		last := &lead{Stage: s, jobs: make(chan *job), ended: make(chan struct{})}
		last.tried.Store(true)
		s.lead.Store(last)
		go test.end(last)
		out := httptest.NewRecorder()
		host.Mux.ServeHTTP(out, httptest.NewRequest("POST", "http://127.0.0.1/v1/events", strings.NewReader(`{"op":"delete","kind":"server","id":"x"}`)))
		if out.Code != http.StatusServiceUnavailable || strings.Contains(out.Body.String(), `"leader"`) != test.follow {
			t.Errorf("%s: %d %s", name, out.Code, out.Body)
		}
	}
}
