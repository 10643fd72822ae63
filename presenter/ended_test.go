package presenter

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"zonecast/internal/checkout"
	"zonecast/internal/leader"
	"zonecast/internal/service"
	"zonecast/internal/table"
)

// TestATermEndsUnderARequest: whoever asked hears what a standby says, so that commands go to the new leader, and hears it only
// where nothing has been done.
func TestATermEndsUnderARequest(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.stop()
	leads := make(chan struct{})
	go func() {
		_ = leader.Run(t.Context(), r.st, owner, leader.Info{Instance: "two", URL: "http://192.0.2.2:5380"}, slog.New(slog.DiscardHandler), func(ctx context.Context) error {
			close(leads)
			<-ctx.Done()
			return ctx.Err()
		})
	}()
	<-leads
	host := service.NewHost("one", "", slog.New(slog.DiscardHandler))
	s, err := New(r.cfg, r.st, host)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		end    func(t *term)
		leader any
	}{
		"before it is taken":                {func(t *term) { close(t.ended) }, "http://192.0.2.2:5380"},
		"as it is taken":                    {func(t *term) { <-t.jobs; close(t.ended) }, "http://192.0.2.2:5380"},
		"as another process has taken over": {func(t *term) { (<-t.jobs).done <- table.ErrFenced }, "http://192.0.2.2:5380"},
		"though it may have been done":      {func(t *term) { (<-t.jobs).done <- errors.New("outcome unknown") }, nil},
	} {
		for target, body := range map[[2]string]any{
			{"PUT", "/v1/zones"}:                            checkout.Push{Set: checkout.Set{Commit: "c"}},
			{"POST", "/v1/stages/presenter/held/x/release"}: service.Why{Reason: "test"},
		} {
			last := &term{Stage: s, jobs: make(chan *job), ended: make(chan struct{})}
			s.term.Store(last)
			go test.end(last)
			text, err := json.Marshal(body)
			if err != nil {
				t.Fatal(err)
			}
			out := httptest.NewRecorder()
			host.Mux.ServeHTTP(out, httptest.NewRequest(target[0], "http://127.0.0.1"+target[1], bytes.NewReader(text)))
			var answer map[string]any
			if err := json.Unmarshal(out.Body.Bytes(), &answer); err != nil || out.Code != http.StatusServiceUnavailable || answer["leader"] != test.leader {
				t.Errorf("%v, %s: %d %s", target, name, out.Code, out.Body)
			}
		}
	}
}

// TestAPushAfterATakeover: a leader that was fenced off finds it out with its next write, which is taken by nobody.
func TestAPushAfterATakeover(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	if _, err := table.OpenWriter(t.Context(), r.st, "zones", table.Options{Instance: "two", Shards: 256}); err != nil {
		t.Fatal(err)
	}
	p := checkout.Push{Set: checkout.Set{Commit: "c", Prefix: "zones/", Files: []checkout.File{{Path: "example.yaml", Data: []byte("{}\n")}}}}
	if code := r.call("PUT", "/v1/zones", p, nil); code != http.StatusServiceUnavailable {
		t.Fatalf("%d", code)
	}
	if v, err := table.Read(t.Context(), r.st, "zones"); err != nil || v.Head.Rows != 0 {
		t.Fatalf("%+v %v", v.Head, err)
	}
}
