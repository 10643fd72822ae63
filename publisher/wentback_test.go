package publisher

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zonecast/internal/decision"
	"zonecast/internal/release"
	"zonecast/internal/store"
	"zonecast/internal/store/embedded"
	"zonecast/internal/table"
)

// reopen closes the store, has its file changed, and opens it again.
func (w *world) reopen(change func(db string)) {
	w.t.Helper()
	db := filepath.Join(filepath.Dir(w.cfg.Data), "store.db")
	if err := w.st.Close(); err != nil {
		w.t.Fatal(err)
	}
	change(db)
	st, err := embedded.Open(db, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	w.st = st
	w.closers = append(w.closers, func() { st.Close() })
	w.openPresented()
}

func copyFile(t testing.TB, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// restored is a world whose store is an older copy: one release was published after it was made.
func restored(t *testing.T) (w *world, newest release.Head) {
	w = newWorld(t)
	a := w.start("a")
	fill(t, w, 20)
	a.stop()
	w.reopen(func(db string) { copyFile(t, db, db+".old") })
	a = w.start("a")
	w.commit(func(e edit) { e.put("example.", "late.example.", "A 192.0.2.8") })
	p := w.proxy()
	p.synced("late")
	a.stop()
	p.close()
	w.reopen(func(db string) { copyFile(t, db+".old", db) })
	delete(w.want, "late.example.")
	return w, p.head
}

func (w *world) headNode() string {
	w.t.Helper()
	node, err := w.st.Get(w.t.Context(), release.HeadPath(w.cfg.Stream))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(node.Data)
}

// A store restored from a copy that is but one release older is noticed (P4): nothing is signed or published from it, it
// is listed and alarms, and a new epoch above all that was seen goes on.
func TestP4StoreThatWentBack(t *testing.T) {
	t.Parallel()
	w, newest := restored(t)
	before := w.headNode()
	h := w.byHand()
	b, err := h.f.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h.take(h.f, b)
	for range 3 { // a head that was never signed in this term is due at once, and so are the differences
		h.last = time.Time{}
		if err := h.act(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if w.headNode() != before {
		t.Fatal("the head was signed or moved")
	}
	if _, err := h.orderRollback(t.Context(), request{To: 1}); !errors.Is(err, errBack) {
		t.Errorf("rollback: %v", err)
	}
	if _, err := h.orderResume(request{}); !errors.Is(err, errBack) {
		t.Errorf("resume: %v", err)
	}
	if _, err := h.letGo("publisher:x", request{}); !errors.Is(err, errBack) {
		t.Errorf("release of a zone: %v", err)
	}
	h.close()

	a := w.start("a")
	deadline := time.Now().Add(10 * time.Second)
	for ; a.h.Ready.Err() == nil || !strings.Contains(a.h.Ready.Err().Error(), "zonecast releases new-epoch"); w.pause() {
		if time.Now().After(deadline) {
			t.Fatalf("ready says %v", a.h.Ready.Err())
		}
	}
	items := w.heldItems()
	if len(items) != 1 || items[0].Unit != unitStore || items[0].Check != checkBack || !items[0].CanFree {
		t.Fatalf("%+v", items)
	}
	if got := w.metric(a, "zonecast_publisher_held", "check", checkBack); got != 1 {
		t.Errorf("metric %v", got)
	}
	a.mustPost("/v1/stages/publisher/held/"+items[0].ID+"/release", request{Reason: "copy restored, INC-4711"})
	p := w.proxy()
	p.synced("a new epoch")
	if p.head.Epoch <= newest.Epoch || p.head.Version <= newest.Version {
		t.Errorf("(%d, %d) after (%d, %d)", p.head.Epoch, p.head.Version, newest.Epoch, newest.Version)
	}
	if items := w.heldItems(); len(items) != 0 {
		t.Errorf("still held: %+v", items)
	}
	if list, err := decision.List(t.Context(), w.st, 1); err != nil || len(list) != 1 || list[0].What != decision.Epoch {
		t.Errorf("%+v, %v", list, err)
	}
	restGoesOn(w, p)
	if err := a.h.Ready.Err(); err != nil {
		t.Errorf("not ready afterwards: %v", err)
	}
}

// The newer store brought back ends it without anybody's word.
func TestStoreThatCameBack(t *testing.T) {
	t.Parallel()
	w, _ := restored(t)
	w.byHand().close()
	if items := w.heldItems(); len(items) != 1 {
		t.Fatalf("%+v", items)
	}
	// What is remembered says that the copy is the newest: as if it had been.
	if err := os.Remove(filepath.Join(w.cfg.Data, "seen.json")); err != nil {
		t.Fatal(err)
	}
	w.byHand().close()
	if items := w.heldItems(); len(items) != 0 {
		t.Errorf("still held: %+v", items)
	}
}

// A standby that saw more than the store has is not ready either.
func TestStandbySawMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start("a")
	fill(t, w, 3)
	cfg := w.cfg
	cfg.Data = filepath.Join(t.TempDir(), "standby")
	if err := os.MkdirAll(cfg.Data, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(cfg.Data, "seen.json"), []byte(`{"epoch":1,"version":99999999999}`), 0o644); err != nil {
		t.Fatal(err)
	}
	b := w.startWith("b", cfg)
	for deadline := time.Now().Add(10 * time.Second); b.h.Ready.Err() == nil || !strings.Contains(b.h.Ready.Err().Error(), "went back"); w.pause() {
		if time.Now().After(deadline) {
			t.Fatalf("ready says %v", b.h.Ready.Err())
		}
	}
}

// A store that lost its releases publishes nothing much smaller than what this instance last saw (P2); as soon as as much
// is there again it goes on by itself, above it.
func TestP2LostHeadWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.start("a")
	p := fill(t, w, 40)
	before := p.head
	a.stop()
	w.rub("/releases")
	w.rub("/tables/" + tablePublished)
	names := []string{"h1", "h2", "h3", "h4", "h5", "h6", "h7", "h8", "h9", "h10", "h11", "h12", "h13", "h14", "h15", "h16", "h17", "h18", "h19", "h20"}
	w.commit(func(e edit) {
		for _, n := range names {
			e.drop(n + ".example.")
		}
	})
	b := w.start("a")
	for deadline := time.Now().Add(10 * time.Second); len(w.heldItems()) == 0; w.pause() {
		if time.Now().After(deadline) {
			t.Fatalf("nothing is held, ready says %v", b.h.Ready.Err())
		}
	}
	if items := w.heldItems(); items[0].Check != checkBlind || items[0].Unit != unitStore {
		t.Errorf("%+v", items)
	}
	if _, err := w.st.Get(t.Context(), release.HeadPath("stable")); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("there is a head: %v", err)
	}
	w.commit(func(e edit) {
		for _, n := range names {
			e.put("example.", n+".example.", "A 192.0.2.7")
		}
	})
	p.synced("all is there again")
	if p.head.Version <= before.Version || p.head.Epoch != before.Epoch {
		t.Errorf("(%d, %d) after (%d, %d)", p.head.Epoch, p.head.Version, before.Epoch, before.Version)
	}
	for deadline := time.Now().Add(10 * time.Second); len(w.heldItems()) > 0; w.pause() {
		if time.Now().After(deadline) {
			t.Fatalf("still held: %+v", w.heldItems())
		}
	}
}

// leaveOpen makes a table look as if its writer had died in the middle of a group of commits.
func (w *world) leaveOpen(name string) {
	w.t.Helper()
	path := "/tables/" + name + "/head"
	node, err := w.st.Get(w.t.Context(), path)
	if err != nil {
		w.t.Fatal(err)
	}
	var head map[string]any
	dec := json.NewDecoder(strings.NewReader(string(node.Data)))
	dec.UseNumber()
	if err := dec.Decode(&head); err != nil {
		w.t.Fatal(err)
	}
	head["open"] = true
	data, err := json.Marshal(head)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.st.Multi(w.t.Context(), store.Set(path, data, node.Version)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) isOpen(name string) bool {
	w.t.Helper()
	head, err := table.ReadHead(w.t.Context(), w.st, name)
	if err != nil {
		w.t.Fatal(err)
	}
	return head.Open
}

// A half-written group of table published stands for no version: no base is made of it, and nothing closes the group
// before a release says what is served, so that the next leader knows too (P2).
func TestNoBaseOfAHalfWrittenTable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.cfg.Bases.Deltas = 1
	a := w.start("a")
	p := fill(t, w, 40)
	w.commit(func(e edit) { e.put("example.", "late.example.", "A 192.0.2.8") })
	p.synced("late")
	a.stop()
	p.close()
	if err := os.RemoveAll(filepath.Join(w.cfg.Data, "bases")); err != nil {
		t.Fatal(err)
	}
	w.rub(release.PathLog)
	w.spoil() // what the group has written, and
	w.leaveOpen(tablePublished)
	w.commit(func(e edit) { // nothing else may go out either: much less is presented
		for i := range 30 {
			e.drop("h" + string(rune('0'+i/10)) + string(rune('0'+i%10)) + ".example.")
			e.drop("h" + string(rune('0'+i%10)) + ".example.")
		}
	})
	before := w.headNode()
	for range 2 { // the second leader must not believe what the first left
		h := w.byHand()
		if h.unbased || h.blind == nil {
			t.Fatal("a half-written table counts as what was served")
		}
		h.deltas = 5
		if err := h.act(t.Context()); err != nil {
			t.Fatal(err)
		}
		if h.building != 0 {
			t.Fatal("a base of a half-written table is under way")
		}
		if !w.isOpen(tablePublished) || w.headNode() != before {
			t.Fatal("the group was closed, or the head signed, before a release")
		}
		h.close()
	}
}

// The first commit of a new leader closes a group that the one before left open in the list of held zones, though
// nothing changes in it: it could not be read for ever.
func TestTakeoverClosesTheHeldTable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.start("a")
	fill(t, w, 10)
	w.commit(func(e edit) { e.dropZone("example.") })
	item := w.held("example.", "zone-gone")
	a.stop()
	w.leaveOpen(tableHeld)
	h := w.byHand()
	defer h.close()
	if !w.isOpen(tableHeld) {
		t.Fatal("closed before anything was compared")
	}
	if err := h.act(t.Context()); err != nil { // signs the head
		t.Fatal(err)
	}
	if w.isOpen(tableHeld) {
		t.Fatal("still open")
	}
	if items := w.heldItems(); len(items) != 1 || items[0].ID != item.ID {
		t.Errorf("%+v", items)
	}
}

func TestWitness(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w, err := openWitness(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		epoch, version uint64
		back           bool
	}{{1, 5, false}, {1, 6, false}, {1, 6, false}, {1, 4, true}, {2, 3, false}, {1, 9, true}, {2, 4, false}} {
		if _, back, err := w.see(release.Head{Epoch: c.epoch, Version: c.version}); back != c.back || err != nil {
			t.Errorf("(%d, %d): %v, %v", c.epoch, c.version, back, err)
		}
	}
	if err := w.close(); err != nil {
		t.Fatal(err)
	}
	if again, err := openWitness(dir); err != nil || again.seen() != (sight{Epoch: 2, Version: 4}) {
		t.Errorf("%+v, %v", again, err)
	}
	if err := os.WriteFile(w.path, []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := openWitness(dir); err == nil {
		t.Error("a broken memory is taken for none")
	}
}

// metric of a publisher with a label, 0 when there is none.
func (w *world) metric(p *publisher, name, label, value string) float64 {
	w.t.Helper()
	families, err := p.h.Metrics.Gather()
	if err != nil {
		w.t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if f.GetName() == name && l.GetName() == label && l.GetValue() == value {
					return m.GetGauge().GetValue()
				}
			}
		}
	}
	return 0
}
