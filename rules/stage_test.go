package rules

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"zonecast/internal/inventory"
	"zonecast/internal/load"
	"zonecast/internal/row"
	"zonecast/internal/service"
	"zonecast/internal/store"
	"zonecast/internal/store/embedded"
	"zonecast/internal/table"
)

const kindsYAML = `kinds:
  server:
    hostname: label
    ipv4: ipv4
    state: {enum: [up, down]}
    roles: {list: label, optional: true}
`

const serversYAML = `module: servers
kind: server
when: 'state == "up"'
records:
  - name: '{hostname}.prod.example.'
    type: A
    value: '{ipv4}'
  - each: roles
    name: '{it}.prod.example.'
    type: A
    value: '{ipv4}'
`

// world is a rules stage on a store of its own, run as the leader, and stopped with the test.
type world struct {
	t     testing.TB
	st    store.Store
	cfg   Config
	dir   string
	stage *Stage
	host  *service.Host
	stop  func()
}

func newWorld(t testing.TB, change func(*Config)) *world {
	t.Helper()
	st, err := embedded.Open(filepath.Join(t.TempDir(), "store.db"), 0)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, st: st, cfg: DefaultConfig(), dir: t.TempDir()}
	w.cfg.Dir = w.dir
	w.cfg.Poll = 100 * time.Millisecond
	w.write("kinds.yaml", kindsYAML)
	w.write("servers.yaml", serversYAML)
	if change != nil {
		change(&w.cfg)
	}
	w.start()
	t.Cleanup(func() {
		w.stop() // the newest term's
		st.Close()
	})
	return w
}

func (w *world) write(name, text string) {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	if err := os.WriteFile(path+".tmp", []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) start() {
	w.t.Helper()
	w.host = service.NewHost("one", "", slog.New(slog.NewTextHandler(io.Discard, nil)))
	stage, err := New(w.cfg, w.st, w.host)
	if err != nil {
		w.t.Fatal(err)
	}
	w.stage = stage
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- stage.Run(ctx) }()
	w.stop = sync.OnceFunc(func() {
		cancel()
		<-done
	})
	w.eventually("ready", func() bool { return w.host.Ready.Err() == nil })
}

func (w *world) restart() {
	w.stop()
	w.start()
}

func (w *world) eventually(what string, ok func() bool) {
	w.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			w.t.Fatalf("never: %s; held: %v", what, w.held())
		}
		time.Sleep(5 * time.Millisecond) // not for order: a poll of an outcome
	}
}

func (w *world) do(method, path, contentType, body string) (int, string) {
	w.t.Helper()
	r := httptest.NewRequest(method, "http://127.0.0.1"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	out := httptest.NewRecorder()
	w.host.Mux.ServeHTTP(out, r)
	return out.Code, out.Body.String()
}

func (w *world) post(events ...string) []inventory.Answer {
	w.t.Helper()
	code, body := w.do("POST", "/v1/events", "application/x-ndjson", strings.Join(events, "\n"))
	if code != http.StatusOK {
		w.t.Fatalf("POST /v1/events: %d %s", code, body)
	}
	return answers(w.t, body)
}

func answers(t testing.TB, body string) (list []inventory.Answer) {
	for dec := json.NewDecoder(strings.NewReader(body)); dec.More(); {
		var a inventory.Answer
		if err := dec.Decode(&a); err != nil {
			t.Fatal(err)
		}
		list = append(list, a)
	}
	return list
}

func (w *world) list(feed, body string) (a inventory.ListAnswer) {
	w.t.Helper()
	code, text := w.do("PUT", "/v1/feeds/"+feed, "", body)
	if code != http.StatusOK {
		w.t.Fatalf("PUT /v1/feeds/%s: %d %s", feed, code, text)
	}
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		w.t.Fatal(err)
	}
	return a
}

func (w *world) table(name string) map[string][]byte {
	w.t.Helper()
	v, err := table.Read(context.Background(), w.st, name)
	if err != nil {
		w.t.Fatal(err)
	}
	rows := map[string][]byte{}
	for key, value := range v.All() {
		rows[key] = bytes.Clone(value)
	}
	return rows
}

// generated prints all generated records, one line each.
func (w *world) generated() map[string]string {
	w.t.Helper()
	out := map[string]string{}
	for owner, value := range w.table("generated.main") {
		list, err := row.DecodeContributions(value)
		if err != nil {
			w.t.Fatal(err)
		}
		var b strings.Builder
		for _, c := range list {
			fmt.Fprintf(&b, "%s %s:", c.Module, c.Entity)
			for _, s := range c.Sets {
				for _, d := range s.Data {
					fmt.Fprintf(&b, " %s %d %v", s.Type, s.TTL, []byte(d))
				}
			}
			b.WriteByte('\n')
		}
		out[owner] = b.String()
	}
	return out
}

func (w *world) held() []row.Held {
	var list []row.Held
	v, err := table.Read(context.Background(), w.st, "held.rules.main")
	if err != nil {
		return nil
	}
	for _, value := range v.All() {
		h, err := decodeHeld(value)
		if err != nil {
			w.t.Fatal(err)
		}
		list = append(list, h)
	}
	return list
}

func (w *world) heldCheck(check string) (row.Held, bool) {
	for _, h := range w.held() {
		if h.Check == check {
			return h, true
		}
	}
	return row.Held{}, false
}

func (w *world) release(id string) int {
	code, _ := w.do("POST", "/v1/stages/rules.main/held/"+id+"/release", "application/json", `{"reason":"test","by":"me"}`)
	return code
}

func put(id string, rev int, last int, state string) string {
	number := ""
	if rev > 0 {
		number = fmt.Sprintf(`"rev":%d,`, rev)
	}
	return fmt.Sprintf(`{"op":"put","kind":"server","id":%q,%s"attrs":{"hostname":%q,"ipv4":"192.0.2.%d","state":%q,"roles":["web"]}}`, id, number, id, last, state)
}

func del(id string, rev int) string {
	return fmt.Sprintf(`{"op":"delete","kind":"server","id":%q,"rev":%d}`, id, rev)
}

func TestEventsBecomeContributions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	got := w.post(put("web1", 1, 1, "up"), put("web2", 1, 2, "up"), "not json", `{"op":"put","kind":"box","id":"x","attrs":{}}`,
		`{"op":"put","kind":"server","id":"web3","attrs":{"hostname":"web3","ipv4":"192.0.2.300","state":"up"}}`)
	want := []string{"accepted", "accepted", "refused", "refused", "refused"}
	for i, a := range got {
		if a.Line != i+1 || a.Status != want[i] {
			t.Errorf("line %d: %+v", i+1, a)
		}
	}
	records := w.generated()
	if len(records) != 3 || strings.Count(records["web.prod.example."], "\n") != 2 {
		t.Fatalf("%v", records)
	}
	w.post(put("web1", 2, 1, "down"), del("web2", 2))
	if records := w.generated(); len(records) != 0 {
		t.Fatalf("%v", records)
	}
	w.restart()
	if a := w.post(put("web2", 1, 2, "up"))[0]; a.Status != "ignored" {
		t.Fatalf("the tombstone was forgotten: %+v", a)
	}
}

func heldUnit(w *world, unit string) (row.Held, bool) {
	for _, h := range w.held() {
		if h.Unit == unit {
			return h, true
		}
	}
	return row.Held{}, false
}

func tableOf(w *world) *table.View {
	v, err := table.Read(context.Background(), w.st, "rules.main")
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

func infosOf(w *world) map[string]row.FileInfo {
	infos, err := load.Infos(tableOf(w))
	if err != nil {
		w.t.Fatal(err)
	}
	return infos
}

func TestAStandbyTakesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	host := service.NewHost("two", "", slog.New(slog.NewTextHandler(io.Discard, nil)))
	if _, err := New(w.cfg, w.st, host); err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{"POST /v1/events", "PUT /v1/feeds/x", "PUT /v1/rules", "POST /v1/stages/rules.main/held/x/release"} {
		method, path, _ := strings.Cut(target, " ")
		body := "{}"
		if path == "/v1/rules" {
			body = `{"commit":"c","files":[]}`
		}
		out := httptest.NewRecorder()
		host.Mux.ServeHTTP(out, httptest.NewRequest(method, "http://127.0.0.1"+path, strings.NewReader(body)))
		if out.Code != http.StatusServiceUnavailable || !strings.Contains(out.Body.String(), `"leader"`) {
			t.Errorf("%s: %d %s", target, out.Code, out.Body)
		}
	}
}

func TestOnePoolNameHoldsWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	var events []string
	for i := range 4000 {
		events = append(events, fmt.Sprintf(`{"op":"put","kind":"server","id":"m%d","rev":1,"attrs":{"hostname":"m%d","ipv4":"198.51.%d.%d","state":"up","roles":["big"]}}`, i, i, i>>8, i&255))
	}
	count := map[string]int{}
	for _, a := range w.post(events...) {
		count[a.Status]++
		if a.Status == "held" && !strings.HasPrefix(a.Reason, "name-full") {
			t.Fatalf("%+v", a)
		}
	}
	if count["accepted"] < 1500 || count["held"] == 0 || count["accepted"]+count["held"] != 4000 {
		t.Fatalf("%v", count)
	}
}
