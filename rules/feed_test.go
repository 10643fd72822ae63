package rules

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zonecast/internal/decision"
	"zonecast/internal/table"
)

func entities(from, to int) string {
	var b strings.Builder
	for i := from; i < to; i++ {
		fmt.Fprintf(&b, `{"kind":"server","id":"l%d","attrs":{"hostname":"l%d","ipv4":"192.0.2.%d","state":"up"}}`+"\n", i, i, i)
	}
	if b.Len() == 0 {
		return "[]"
	}
	return b.String()
}

func TestFullListsDeleteUnderTheGuard(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	if a := w.list("cmdb", entities(0, 40)); a.Accepted != 40 || a.Status != "accepted" {
		t.Fatalf("%+v", a)
	}
	w.post(put("other", 1, 1, "up"))
	if a := w.list("cmdb", entities(5, 40)); a.Deleted != 5 || a.Ignored != 35 {
		t.Fatalf("%+v", a)
	}
	if got := w.post(strings.Replace(entities(7, 8), "{", `{"op":"put",`, 1)); got[0].Status != "refused" || got[0].Reason != "owned-by cmdb: that feed put it and alone may change it" {
		t.Fatalf("%+v", got)
	}
	a := w.list("cmdb", entities(20, 41))
	if a.Status != "held" || a.HeldID == "" || len(w.generated()) != 37 {
		t.Fatalf("%+v, %d names", a, len(w.generated()))
	}
	again := w.list("cmdb", entities(20, 41))
	if again.HeldID != a.HeldID || len(w.held()) != 1 {
		t.Fatalf("held twice: %+v", again)
	}
	w.restart()
	if code := w.release("rules.main:00000000"); code != 404 {
		t.Errorf("unknown id: %d", code)
	}
	if code := w.release(a.HeldID); code != 200 {
		t.Fatalf("release: %d", code)
	}
	if got := w.generated(); len(got) != 21+2 || len(w.held()) != 0 {
		t.Fatalf("%d names, held %v", len(got), w.held())
	}
	log, err := decision.List(t.Context(), w.st, 10)
	if err != nil || len(log) != 1 || log[0].ID != a.HeldID || log[0].Stage != "rules.main" || log[0].Check != "list-guard" || log[0].By != "me" || log[0].Reason != "test" {
		t.Errorf("log of decisions: %+v, %v", log, err)
	}
	for key := range w.table("inventory.main") {
		if strings.HasPrefix(key, "@list/") {
			t.Errorf("left behind: %s", key)
		}
	}
	empty := w.list("cmdb", "[]")
	if empty.Status != "held" {
		t.Fatalf("an empty list passed: %+v", empty)
	}
	if a := w.list("cmdb", entities(20, 41)); a.Status != "accepted" || len(w.held()) != 0 {
		t.Fatalf("a newer list that passes drops the held one: %+v, %v", a, w.held())
	}
	if code, _ := w.do("PUT", "/v1/feeds/cmdb", "application/json", ""); code != 400 {
		t.Errorf("no text at all: %d", code)
	}
}

// TestListReplacesAll: a small feed may change all it has, but not for entities that are refused.
func TestListReplacesAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.list("cmdb", entities(0, 3))
	if a := w.list("cmdb", strings.ReplaceAll(entities(3, 6), "192.0.2.", "nonsense")); a.Status != "held" {
		t.Fatalf("%+v: nothing would be left", a)
	}
	if a := w.list("cmdb", entities(3, 6)); a.Deleted != 3 || a.Accepted != 3 || len(w.generated()) != 3 {
		t.Fatalf("%+v, %d names", a, len(w.generated()))
	}
	w.list("cmdb", entities(3, 20))
	if a := w.list("cmdb", entities(20, 40)); a.Status != "held" {
		t.Fatalf("%+v: more than ten would go", a)
	}
}

func TestFaultyItemsDeleteNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.list("cmdb", entities(0, 20))
	bad := `{"kind":"server","id":"l3","attrs":{"hostname":"l3","ipv4":"nonsense","state":"up"}}` + "\n"
	a := w.list("cmdb", entities(0, 3)+bad+entities(4, 19))
	if a.Refused != 1 || a.Deleted != 1 || a.Lines[0].Line != 4 || len(w.generated()) != 19 {
		t.Fatalf("%+v, %d names", a, len(w.generated()))
	}
	if h, ok := w.heldCheck("list-items"); !ok || !strings.Contains(h.Cause, "line 4") {
		t.Fatalf("%v", w.held())
	}
	if a = w.list("cmdb", entities(0, 10)+"torn\n"); a.Deleted != 0 || len(w.generated()) != 19 {
		t.Fatalf("%+v: an unreadable item may be any of those that are not there", a)
	}
	if a = w.list("cmdb", entities(0, 19)); a.Refused != 0 || len(w.held()) != 0 {
		t.Fatalf("%+v, %v", a, w.held())
	}
}

func TestWatchedFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "fleet.ndjson")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(entities(0, 20))
	w := newWorld(t, func(c *Config) { c.Inventory = []string{path} })
	if len(w.generated()) != 20 {
		t.Fatalf("not loaded when ready: %v, %v", w.generated(), w.held())
	}
	write(entities(0, 15))
	w.eventually("five gone", func() bool { return len(w.generated()) == 15 })
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	w.eventually("absent", func() bool { _, ok := w.heldCheck("feed-absent"); return ok })
	if len(w.generated()) != 15 {
		t.Fatal("an absent feed deleted something")
	}
	write("")
	w.eventually("still absent", func() bool { h, _ := w.heldCheck("feed-absent"); return strings.Contains(h.Cause, "no text") })
	w.restart()
	if len(w.generated()) != 15 {
		t.Fatal("an absent feed deleted something at start")
	}
	write(entities(0, 2))
	w.eventually("held", func() bool { _, ok := w.heldCheck("list-guard"); return ok })
	if code, _ := w.do("POST", "/v1/events?feed=fleet", "", put("x", 1, 1, "up")); code != 409 {
		t.Errorf("events into a file's feed: %d", code)
	}
	write(entities(0, 16))
	w.eventually("fine again", func() bool { return len(w.generated()) == 16 && len(w.held()) == 0 })
}

// TestStuckFeedLooksStale is promise P8.
func TestStuckFeedLooksStale(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *Config) { c.Feeds = map[string]FeedConfig{"events": {MaxAge: time.Minute}} })
	asOf := func() int64 {
		h, err := table.ReadHead(t.Context(), w.st, "generated.main")
		if err != nil {
			t.Fatal(err)
		}
		return h.AsOf
	}
	began := time.Now().Unix()
	w.post(put("a", 1, 1, "up"))
	if got := asOf(); got < began {
		t.Fatalf("as-of %d, the event came at %d", got, began)
	}
	w.list("other", "[]")
	w.eventually("a beat", func() bool {
		h, err := table.ReadHead(t.Context(), w.st, "generated.main")
		return err == nil && h.Beat > began+2
	})
	if got := asOf(); got > began+1 {
		t.Fatalf("as-of %d moved on without a sign of life after %d", got, began)
	}
	w.post(fmt.Sprintf(`{"op":"alive","as_of":%q}`, time.Now().UTC().Format(time.RFC3339)))
	if got := asOf(); got < began+2 {
		t.Fatalf("as-of %d did not follow the sign of life", got)
	}
	if a := w.post(`{"op":"alive","as_of":"2200-01-01T00:00:00Z"}`)[0]; a.Status != "accepted" || asOf() > time.Now().Unix() {
		t.Fatalf("%+v, as-of %d: a clock ahead counts as now", a, asOf())
	}
}

// TestAliveSaysHowOld: a sender that lives but is itself behind does not look fresh (P8).
func TestAliveSaysHowOld(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *Config) { c.Feeds = map[string]FeedConfig{"behind": {MaxAge: time.Hour}} })
	hourAgo := time.Now().Add(-time.Hour).Truncate(time.Second)
	line := fmt.Sprintf(`{"op":"alive","as_of":%q}`, hourAgo.UTC().Format(time.RFC3339))
	if code, body := w.do("POST", "/v1/events?feed=behind", "", line); code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	h, err := table.ReadHead(t.Context(), w.st, "generated.main")
	if err != nil || h.AsOf != hourAgo.Unix() {
		t.Fatalf("as-of %d, want %d (%v)", h.AsOf, hourAgo.Unix(), err)
	}
}
