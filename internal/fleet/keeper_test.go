package fleet

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zonecast/internal/service"
	"zonecast/internal/store"
)

const (
	apiToken    = "api-token-0123456789"
	reportToken = "report-token-0123456789"
)

// keeping starts a process that keeps reports.
func keepingProcess(t *testing.T, st store.Store, instance string) (*Keeper, string) {
	t.Helper()
	h := service.NewHost(instance, apiToken, slog.New(slog.DiscardHandler))
	k := NewKeeper(st, h, reportToken)
	server := httptest.NewServer(h.Mux)
	t.Cleanup(server.Close)
	return k, server.URL
}

func tokenFile(t *testing.T, token string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func ask(t *testing.T, method, url, token, body string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}

func TestReportsOverHTTP(t *testing.T) {
	t.Parallel()
	st := open(t)
	one, at1 := keepingProcess(t, st, "p1")
	two, at2 := keepingProcess(t, st, "p2")
	dead := httptest.NewServer(http.NotFoundHandler())
	dead.Close()
	s := NewHTTPSender([]string{dead.URL, at1, at2}, "web1", tokenFile(t, reportToken))
	step := func(v uint64, via string) {
		t.Helper()
		if err := s.Send(t.Context(), Report{ID: "web1", State: Fresh, Version: v}); err != nil {
			t.Fatal(err)
		}
		l, err := Read(t.Context(), st, 0)
		if err != nil || len(l.Proxies) != 1 || !l.Proxies[0].Alive || l.Proxies[0].Version != v || l.Proxies[0].Via != via {
			t.Fatalf("%+v, %v", l.Proxies, err)
		}
	}
	step(1, "p1")
	early := s.Send(t.Context(), Report{State: Fresh}) // p1 has one of this second, p2 takes it
	if early != nil {
		t.Fatal(early)
	}
	one.proxies["web1"].at = time.Time{}
	two.proxies["web1"].at = time.Time{}
	step(2, "p2")
	s.urls = []string{at1}
	step(3, "p1") // back at the first, whose node is gone

	// Who fell silent is let go by who kept it last, and by nobody else.
	two.proxies["web1"].at = time.Now().Add(-keepFor)
	two.tend(t.Context())
	if l, _ := Read(t.Context(), st, 0); !l.Proxies[0].Alive || len(two.proxies) != 0 {
		t.Error("an earlier keeper took the node away, or did not let go")
	}
	one.proxies["web1"].at = time.Now().Add(-keepFor)
	one.tend(t.Context())
	if l, _ := Read(t.Context(), st, 0); l.Proxies[0].Alive || len(one.proxies) != 0 {
		t.Error("a silent proxy is alive")
	}
	for want, url := range map[int]string{http.StatusOK: at1 + "/v1/proxies/web1", http.StatusNotFound: at1 + "/v1/proxies/web2", http.StatusBadRequest: at1 + "/v1/proxies/" + strings.Repeat("x", 101)} {
		if got := ask(t, "DELETE", url, apiToken, ""); got != want {
			t.Errorf("DELETE %s: %d, want %d", url, got, want)
		}
	}
}

func TestWhoMayReport(t *testing.T) {
	t.Parallel()
	st := open(t)
	k, at := keepingProcess(t, st, "p1")
	good := `{"state":"fresh"}`
	for i, c := range []struct {
		method, token, body string
		want                int
	}{
		{"POST", "", good, http.StatusUnauthorized}, {"POST", "wrong", good, http.StatusUnauthorized},
		{"POST", reportToken, good, http.StatusOK}, {"POST", apiToken, good, http.StatusOK},
		{"POST", reportToken, `{`, http.StatusBadRequest}, {"POST", reportToken, `{"state":"well"}`, http.StatusBadRequest},
		{"POST", reportToken, `{"last_error":"` + strings.Repeat("x", keepBody) + `"}`, http.StatusBadRequest},
		{"DELETE", reportToken, "", http.StatusUnauthorized}, {"DELETE", apiToken, "", http.StatusNotFound},
	} {
		if got := ask(t, c.method, fmt.Sprintf("%s/v1/proxies/host%d", at, i), c.token, c.body); got != c.want {
			t.Errorf("%d: %s with %q: %d, want %d", i, c.method, c.token, got, c.want)
		}
	}
	if got := ask(t, "POST", at+"/v1/proxies/host2", reportToken, good); got != http.StatusTooManyRequests {
		t.Errorf("a second report in a second: %d", got)
	}
	if got := ask(t, "DELETE", at+"/v1/proxies/host2", apiToken, ""); got != http.StatusConflict {
		t.Errorf("forget one that is alive: %d", got)
	}
	for i := range keepMany {
		k.proxies[fmt.Sprint("h", i)] = &kept{}
	}
	if got := ask(t, "POST", at+"/v1/proxies/onemore", reportToken, good); got != http.StatusTooManyRequests {
		t.Errorf("more than %d proxies: %d", keepMany, got)
	}
	s := NewHTTPSender([]string{at}, "web1", "")
	if err := s.Send(t.Context(), Report{State: Fresh}); !errors.Is(err, store.ErrDenied) || strings.Contains(err.Error(), reportToken) {
		t.Errorf("without a token: %v", err)
	}
}

// lostSession is a store whose session has ended once.
type lostSession struct {
	store.Store
	lost chan struct{}
}

func (s lostSession) Session() <-chan struct{} { return s.lost }

func TestALostSessionOfTheKeeper(t *testing.T) {
	t.Parallel()
	st := open(t)
	session := lostSession{st, make(chan struct{})}
	k, at := keepingProcess(t, session, "p1")
	for _, id := range []string{"web1", "web2"} {
		if got := ask(t, "POST", at+"/v1/proxies/"+id, reportToken, `{"state":"fresh"}`); got != http.StatusOK {
			t.Fatal(got)
		}
	}
	// The session ends, and its nodes with it; web2 reports to somebody else meanwhile.
	close(session.lost)
	for _, id := range []string{"web1", "web2"} {
		if err := st.Multi(t.Context(), store.Delete(Node(id)+alive, store.AnyVersion)); err != nil {
			t.Fatal(err)
		}
	}
	send(t, st, Report{ID: "web2", State: Stale})
	k.tend(t.Context())
	l, err := Read(t.Context(), st, 0)
	if err != nil || len(l.Proxies) != 2 || !l.Proxies[0].Alive || l.Proxies[1].State != Stale {
		t.Errorf("%+v, %v", l.Proxies, err)
	}
}
