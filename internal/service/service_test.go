package service

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func TestGroupStopsAllWhenOneFails(t *testing.T) {
	t.Parallel()
	g, ctx := NewGroup(context.Background())
	g.Go("waits", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
	g.Go("fails", func(context.Context) error { return errors.New("boom") })
	if err := g.Wait(); err == nil || err.Error() != "fails: boom" {
		t.Fatalf("Wait: %v", err)
	}
	if ctx.Err() == nil {
		t.Fatal("the group's context is still alive")
	}
}

func TestGroupTurnsAPanicIntoAnError(t *testing.T) {
	t.Parallel()
	g, _ := NewGroup(context.Background())
	g.Go("stage", func(context.Context) error { panic("oops") })
	if err := g.Wait(); err == nil || !strings.HasPrefix(err.Error(), "stage: panic: oops") {
		t.Fatalf("Wait: %v", err)
	}
}

func TestGroupEndsQuietlyOnCancel(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	g, _ := NewGroup(ctx)
	g.Go("waits", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
	cancel()
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
}

func TestReadinessNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	h := NewHost("one", "", quiet())
	h.Ready.Set("snapshot", errors.New("none verified yet"))
	get := func() (int, string) {
		w := httptest.NewRecorder()
		h.Mux.ServeHTTP(w, httptest.NewRequest("GET", "/readyz", nil))
		return w.Code, w.Body.String()
	}
	if code, body := get(); code != 503 || !strings.Contains(body, "snapshot: none verified yet") {
		t.Fatalf("%d %q", code, body)
	}
	h.Ready.Set("snapshot", nil)
	if code, _ := get(); code != 200 {
		t.Fatalf("code %d when ready", code)
	}
}

func TestGuard(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, token, auth, origin, host string
		want                            int
	}{
		{"loopback needs nothing", "", "", "", "127.0.0.1:5380", 200},
		{"IPv6 loopback", "", "", "", "[::1]:5380", 200},
		{"a page in a browser", "", "", "http://evil.example", "127.0.0.1:5380", 403},
		{"a rebound name", "", "", "", "evil.example:5380", 403},
		{"no token", "secret", "", "", "h.example", 401},
		{"wrong token", "secret", "Bearer other", "", "h.example", 401},
		{"right token", "secret", "Bearer secret", "", "h.example", 200},
		{"a token that may only read", "secret", "Bearer read", "", "h.example", 403},
		{"a token that may only read, where there is none", "", "Bearer read", "http://evil.example", "127.0.0.1:5380", 403},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := NewHost("one", c.token, quiet())
			h.ReadToken = "read"
			r := httptest.NewRequest("POST", "/", nil)
			r.Host = c.host
			r.Header.Set("Authorization", c.auth)
			if c.origin != "" {
				r.Header.Set("Origin", c.origin)
			}
			w := httptest.NewRecorder()
			h.Guard(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) })(w, r)
			if w.Code != c.want {
				t.Fatalf("code %d, want %d", w.Code, c.want)
			}
		})
	}
}

func TestQuestionTakesTheReadToken(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, read, auth string
		want             int
	}{
		{"the read token", "read", "Bearer read", 200},
		{"the token", "read", "Bearer secret", 200},
		{"another", "read", "Bearer other", 401},
		{"none", "read", "", 401},
		{"none, and there is no read token", "", "", 401},
		{"an empty one, and there is no read token", "", "Bearer ", 401},
	} {
		h := NewHost("one", "secret", quiet())
		h.ReadToken = c.read
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", c.auth)
		w := httptest.NewRecorder()
		h.Question(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) })(w, r)
		if w.Code != c.want {
			t.Errorf("%s: code %d, want %d", c.name, w.Code, c.want)
		}
	}
}

func TestListenBeyondLoopbackNeedsAToken(t *testing.T) {
	t.Parallel()
	if l, err := NewHost("one", "", quiet()).Listen("0.0.0.0:0"); err == nil {
		l.Close()
		t.Fatal("opened without a token")
	}
	l, err := NewHost("one", "secret", quiet()).Listen("0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
}

func TestServeStopsGracefully(t *testing.T) {
	t.Parallel()
	h := NewHost("one", "", quiet())
	l, err := h.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Serve(ctx, l) }()
	res, err := http.Get(h.URL() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}
