package api

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"zonecast/internal/release"
	"zonecast/internal/row"
	"zonecast/internal/service"
	"zonecast/internal/snapshot"
	"zonecast/internal/store"
	"zonecast/internal/store/embedded"
	"zonecast/internal/table"
	"zonecast/internal/zone"
)

// world is an API over a store that the test fills.
type world struct {
	t  *testing.T
	st store.Store
	h  *service.Host
}

func newWorld(t *testing.T) *world {
	t.Helper()
	st, err := embedded.Open(filepath.Join(t.TempDir(), "store.db"), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	w := &world{t: t, st: st, h: service.NewHost("test", "", slog.New(slog.NewTextHandler(io.Discard, nil)))}
	Mount(w.h, st, "stable", nil)
	return w
}

func (w *world) get(path string) (int, string) {
	w.t.Helper()
	r := httptest.NewRequest("GET", path, nil)
	r.Host = "127.0.0.1"
	rec := httptest.NewRecorder()
	w.h.Mux.ServeHTTP(rec, r)
	return rec.Code, rec.Body.String()
}

// fill commits rows to a table.
func (w *world) fill(name string, rows map[string][]byte) {
	w.t.Helper()
	tw, err := table.OpenWriter(w.t.Context(), w.st, name, table.Options{Instance: "test", Shards: 4})
	if err != nil {
		w.t.Fatal(err)
	}
	tx := tw.Begin()
	for key, value := range rows {
		tx.Put(key, value)
	}
	if err := table.Commit(w.t.Context(), tx); err != nil {
		w.t.Fatal(err)
	}
}

func set(t *testing.T, typ, text string) zone.RRset {
	t.Helper()
	code, _ := zone.ParseType(typ)
	data, err := zone.ParseRdata(code, text, "")
	if err != nil {
		t.Fatal(err)
	}
	return zone.RRset{Type: code, TTL: 300, Data: []zone.Rdata{data}}
}

func name(t *testing.T, text string) zone.Name {
	t.Helper()
	n, err := zone.ParseName(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	apex := name(t, "example.")
	rows := map[string][]byte{row.ZoneKey(apex): []byte("{}")}
	for owner, s := range map[string]zone.RRset{
		"example.":        set(t, "NS", "ns1.example."),
		"www.example.":    set(t, "A", "192.0.2.1"),
		"*.apps.example.": set(t, "A", "192.0.2.2"),
		"a.b.example.":    set(t, "A", "192.0.2.3"),
		"lab.example.":    set(t, "NS", "ns1.lab.example."),
		"old.example.":    set(t, "DNAME", "new.example."),
	} {
		rows[owner] = row.Published{Since: 7, Zone: apex, Sets: []zone.RRset{s}}.Encode()
	}
	w.fill("published", rows)
	for query, want := range map[string]string{
		"www.example&type=A":       "served",
		"www.example.&type=AAAA":   "NODATA",
		"x.apps.example":           "wildcard *.apps.example.",
		"x.apps.example&type=AAAA": "NODATA",
		"b.example":                "empty non-terminal",
		"nope.example":             "NXDOMAIN",
		"x.b.example":              "NXDOMAIN",
		"x.lab.example":            "delegated",
		"x.old.example":            "DNAME at old.example.",
		"www.example.org":          "outside every zone",
	} {
		code, body := w.get("/v1/explain?name=" + query)
		var e Explanation
		if err := json.Unmarshal([]byte(body), &e); err != nil || code != 200 {
			t.Errorf("%s: %d %s", query, code, body)
			continue
		}
		if !strings.Contains(e.Verdict, want) {
			t.Errorf("%s: verdict %q, want %q", query, e.Verdict, want)
		}
	}
}

func TestWhatIsNotReleasedIsSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	apex := name(t, "example.")
	old, next := set(t, "A", "192.0.2.1"), set(t, "A", "192.0.2.2")
	w.fill("published", map[string][]byte{"www.example.": row.Published{Since: 7, Zone: apex, Sets: []zone.RRset{old}}.Encode()})
	w.fill("presented", map[string][]byte{"www.example.": row.Presented{Zone: apex, Sets: []zone.RRset{next},
		Claims: []row.Claim{{Set: next, Origin: row.Origin{Source: "main", Module: "m", Entity: "server/1"}}}}.Encode()})
	_, body := w.get("/v1/explain?name=www.example")
	var e Explanation
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		t.Fatal(err)
	}
	if len(e.Served) != 1 || len(e.Served[0].Causes) != 0 || len(e.Waiting) != 1 || e.Waiting[0].Lines[0] != "www.example. 300 A 192.0.2.2" {
		t.Fatalf("%s", body)
	}
}

func TestBadQuestions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for path, want := range map[string]int{
		"/v1/explain":                          400,
		"/v1/explain?name=..":                  400,
		"/v1/explain?name=a.example&type=BOGU": 400,
		"/v1/releases/x":                       400,
		"/v1/releases/7":                       404,
		"/v1/releases?limit=-1":                400,
		"/v1/log/7":                            404,
		"/v1/tables/none":                      404,
		"/v1/head":                             404,
		"/v1/held":                             200,
		"/v1/conflicts":                        200,
		"/v1/overrides":                        200,
		"/v1/tables":                           200,
		"/v1/status":                           200,
		"/v1/offers":                           200,
		"/v1/loads":                            200,
		"/v1/loads?files=1":                    200,
		"/v1/loads?files=all":                  400,
		"/v1/releases":                         200,
		"/v1/entities/server/web/1":            200,
	} {
		if code, body := w.get(path); code != want {
			t.Errorf("%s: %d %s; want %d", path, code, body, want)
		}
	}
}

// silent is a store whose server is away: reads wait.
type silent struct{ store.Store }

func (silent) Get(ctx context.Context, _ string) (store.Node, error) {
	<-ctx.Done()
	return store.Node{}, ctx.Err()
}

func (s silent) Children(ctx context.Context, path string) ([]string, error) {
	_, err := s.Get(ctx, path)
	return nil, err
}

func TestAnAbsentStoreIsSaidSoon(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/v1/status", "/v1/held"} {
		synctest.Test(t, func(t *testing.T) {
			w := &world{t: t, h: service.NewHost("test", "", slog.New(slog.NewTextHandler(io.Discard, nil)))}
			Mount(w.h, silent{}, "stable", nil)
			if code, body := w.get(path); code != 503 || !strings.Contains(body, "no answer within 15s") {
				t.Errorf("%s: %d %s", path, code, body)
			}
		})
	}
}

// A page in a browser must not read the pipeline's inside (DNS rebinding).
func TestQuestionsAreGuarded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := httptest.NewRequest("GET", "/v1/tables", nil)
	r.Host = "evil.example"
	rec := httptest.NewRecorder()
	w.h.Mux.ServeHTTP(rec, r)
	if rec.Code != http.StatusForbidden {
		t.Fatalf("code %d", rec.Code)
	}
}

func TestHeadWaitsForANewerOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := release.HeadPath("stable")
	if err := w.st.Multi(t.Context(), store.Create(path, []byte("one"))); err != nil {
		t.Fatal(err)
	}
	code, body := w.get("/v1/head")
	if code != 200 || body != "one" {
		t.Fatalf("%d %q", code, body)
	}
	r := httptest.NewRequest("GET", "/v1/head?etag=0", nil)
	rec, done := httptest.NewRecorder(), make(chan struct{})
	go func() {
		w.h.Mux.ServeHTTP(rec, r)
		close(done)
	}()
	if err := w.st.Multi(t.Context(), store.Set(path, []byte("two"), store.AnyVersion)); err != nil {
		t.Fatal(err)
	}
	<-done
	if rec.Body.String() != "two" || rec.Header().Get("ETag") != `"1"` {
		t.Fatalf("%q with ETag %s", rec.Body, rec.Header().Get("ETag"))
	}
}

// A process that stops must not answer 200 without a head: proxies would take that for a forged one and alarm.
func TestHeadEndsWithItsRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		if err := w.st.Multi(t.Context(), store.Create(release.HeadPath("stable"), []byte("one"))); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		r := httptest.NewRequest("GET", "/v1/head?etag=0", nil).WithContext(ctx)
		rec, done := httptest.NewRecorder(), make(chan struct{})
		go func() {
			w.h.Mux.ServeHTTP(rec, r)
			close(done)
		}()
		synctest.Wait() // until it waits for another head
		cancel()
		<-done
		if rec.Code < 400 {
			t.Fatalf("%d %q", rec.Code, rec.Body)
		}
	})
}

func TestReleasesFromTheLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	delta := &snapshot.Delta{Names: []snapshot.NameChange{{Name: name(t, "www.example."), State: snapshot.Data, Sets: []zone.RRset{set(t, "A", "192.0.2.1")}}}}
	for v := uint64(7); v < 10; v++ {
		raw, err := release.Entry{Epoch: 1, Version: v, Prev: v - 1, Released: int64(v), Delta: delta.Encode()}.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if err := w.st.Multi(t.Context(), store.Create(release.LogPath(v), raw)); err != nil {
			t.Fatal(err)
		}
	}
	var lines []ReleaseLine
	_, body := w.get("/v1/releases?limit=2")
	if err := json.Unmarshal([]byte(body), &lines); err != nil || len(lines) != 2 || lines[0].Version != 9 || lines[1].Version != 8 {
		t.Fatalf("%s, %v", body, err)
	}
	var d ReleaseDetail
	_, body = w.get("/v1/releases/8")
	if err := json.Unmarshal([]byte(body), &d); err != nil || d.Version != 8 || d.Delta == nil || d.Delta.Names[0].Name != name(t, "www.example.") {
		t.Fatalf("%s, %v", body, err)
	}
	if _, raw := w.get("/v1/log/9"); raw == "" {
		t.Fatal("no log entry")
	} else if e, err := release.DecodeEntry([]byte(raw)); err != nil || e.Version != 9 {
		t.Fatal(e.Version, err)
	}
}
