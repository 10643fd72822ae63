package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"zonecast/internal/decision"
	"zonecast/internal/row"
	"zonecast/internal/service"
	"zonecast/internal/store"
	"zonecast/internal/store/embedded"
	"zonecast/internal/table"
)

// receiver is a webhook that remembers what it was told.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	status int           // to answer with
	hang   chan struct{} // not nil: no answer before it is closed
	heard  []string      // "firing ZonecastHeld presenter:1"
	tries  int
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{status: http.StatusOK}
	r.Server = httptest.NewServer(http.HandlerFunc(r.serve))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) serve(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	r.mu.Lock()
	r.tries++
	status, hang := r.status, r.hang
	r.mu.Unlock()
	if hang != nil {
		select {
		case <-hang:
		case <-req.Context().Done():
			return
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	w.WriteHeader(status)
	if status/100 != 2 {
		return
	}
	var m Message
	if err := json.Unmarshal(body, &m); err != nil {
		r.heard = append(r.heard, err.Error())
	}
	for _, n := range m.Notices {
		r.heard = append(r.heard, n.Status+" "+n.Name+" "+n.Subject)
	}
}

func (r *receiver) set(status int, hang chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status, r.hang = status, hang
}

// count tells how often it heard a line that begins so.
func (r *receiver) count(line string) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, h := range r.heard {
		if strings.HasPrefix(h, line) {
			n++
		}
	}
	return n
}

func (r *receiver) tried() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tries
}

// world is a store with held things, and notifiers.
type world struct {
	t  *testing.T
	st *embedded.Store
	w  *table.Writer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	st, err := embedded.Open(filepath.Join(t.TempDir(), "store.db"), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	w, err := table.OpenWriter(t.Context(), st, "held.presenter", table.Options{Instance: "test", Shards: 4})
	if err != nil {
		t.Fatal(err)
	}
	return &world{t, st, w}
}

// hold lists exactly these.
func (w *world) hold(ids ...string) {
	w.t.Helper()
	tx := w.w.Begin()
	for key := range w.w.All() {
		tx.Delete(key)
	}
	for _, id := range ids {
		value, _ := json.Marshal(row.Held{ID: id, Owner: "presenter", Unit: "zone", Subject: "example.", Check: "zone-gone", Cause: "its file\nvanished", Since: 5})
		tx.Put(id, value)
	}
	if err := table.Commit(w.t.Context(), tx); err != nil {
		w.t.Fatal(err)
	}
}

// start runs a notifier until stop is called; every look takes a second, as fast as the config allows.
func (w *world) start(st store.Store, instance string, receivers map[string]Receiver) (stop func()) {
	w.t.Helper()
	host := service.NewHost(instance, "", slog.New(slog.NewTextHandler(io.Discard, nil)))
	n, err := New(Config{Every: time.Second, Receivers: receivers}, st, host, "stable")
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	w.t.Cleanup(stop)
	return stop
}

func eventually(t *testing.T, what string, try func() bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	for !try() {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-deadline:
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

// What is held is told of once, what is over is resolved, also by the next process, which repeats nothing it knows of.
func TestHeldAndReleased(t *testing.T) {
	t.Parallel()
	w, r := newWorld(t), newReceiver(t)
	to := map[string]Receiver{"ops": {URL: r.URL}}
	w.hold("presenter:1")
	stop := w.start(w.st, "one", to)
	eventually(t, "1 is told of", func() bool { return r.count("firing ZonecastHeld presenter:1") == 1 })
	w.hold("presenter:1", "presenter:2")
	eventually(t, "2 is told of", func() bool { return r.count("firing ZonecastHeld presenter:2") == 1 })
	eventually(t, "that is written down", func() bool {
		_, ok, err := table.Lookup(t.Context(), w.st, told, "ops ZonecastHeld presenter:2")
		return err == nil && ok
	})
	stop()
	w.hold("presenter:2", "presenter:3") // 1 is mended while nobody looks
	session, err := w.st.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	w.start(session, "two", to)
	eventually(t, "1 is resolved", func() bool { return r.count("resolved ZonecastHeld presenter:1") == 1 })
	eventually(t, "3 is told of", func() bool { return r.count("firing ZonecastHeld presenter:3") == 1 })
	w.hold()
	eventually(t, "all are resolved", func() bool {
		return r.count("resolved ZonecastHeld presenter:2") == 1 && r.count("resolved ZonecastHeld presenter:3") == 1
	})
	if n := r.count("firing"); n != 3 {
		t.Errorf("%d notices of three held things: %q", n, r.heard)
	}
}

// A receiver that hangs or refuses is tried again until it takes the notice, and the others do not wait for it.
func TestHangingReceiver(t *testing.T) {
	t.Parallel()
	w, well, hangs, refuses := newWorld(t), newReceiver(t), newReceiver(t), newReceiver(t)
	back := make(chan struct{})
	hangs.set(http.StatusOK, back)
	refuses.set(http.StatusServiceUnavailable, nil)
	w.start(w.st, "one", map[string]Receiver{"well": {URL: well.URL}, "hangs": {URL: hangs.URL, Timeout: 200 * time.Millisecond}, "refuses": {URL: refuses.URL}})
	w.hold("presenter:1")
	eventually(t, "the one that is well hears", func() bool { return well.count("firing") == 1 })
	eventually(t, "the others are tried again", func() bool { return hangs.tried() > 1 && refuses.tried() > 1 })
	w.hold("presenter:1", "presenter:2")
	eventually(t, "the one that is well hears more", func() bool { return well.count("firing") == 2 })
	if hangs.count("") != 0 || refuses.count("") != 0 {
		t.Error("told of without an answer")
	}
	close(back)
	refuses.set(http.StatusOK, nil)
	eventually(t, "all hear", func() bool { return hangs.count("firing") >= 2 && refuses.count("firing") == 2 })
}

// Decisions are told of once, each; not those before anybody was to be told.
func TestDecisions(t *testing.T) {
	t.Parallel()
	w, r := newWorld(t), newReceiver(t)
	decide := func(at time.Time, id string) {
		t.Helper()
		if err := w.st.Multi(t.Context(), decision.Op(decision.Entry{At: at.Unix(), Stage: "publisher", What: decision.Release, By: "ana", Reason: "CHG-77", ID: id})); err != nil {
			t.Fatal(err)
		}
	}
	decide(time.Now().Add(-time.Hour), "publisher:old")
	stop := w.start(w.st, "one", map[string]Receiver{"ops": {URL: r.URL}})
	w.hold("presenter:1")
	eventually(t, "it works", func() bool { return r.count("firing") == 1 })
	decide(time.Now().Add(time.Second), "publisher:new")
	eventually(t, "the decision is told of", func() bool { return r.count("event ZonecastDecision publisher release") == 1 })
	stop()
	decide(time.Now().Add(time.Second), "publisher:between") // while nobody looks
	w.start(w.st, "one", map[string]Receiver{"ops": {URL: r.URL}})
	eventually(t, "the decision in between is told of", func() bool { return r.count("event ZonecastDecision publisher release") >= 2 })
	w.hold()
	eventually(t, "a later look", func() bool { return r.count("resolved") == 1 })
	if n := r.count("event"); n > 3 || strings.Contains(fmt.Sprint(r.heard), "publisher:old") {
		t.Errorf("%d events: %q", n, r.heard)
	}
}
