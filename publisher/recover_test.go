package publisher

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"zonecast/internal/decision"
	"zonecast/internal/durable"
	"zonecast/internal/leader"
	"zonecast/internal/release"
	"zonecast/internal/store"
	"zonecast/internal/table"
)

// No zones at all is nothing to publish, and no fault (P2).
func TestEmptyPublishesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.start("a")
	w.commit(func(e edit) {}) // the table exists, empty
	for deadline := time.Now().Add(10 * time.Second); a.h.Ready.Err() == nil || a.h.Ready.Err().Error() != "publisher: "+errEmpty.Error(); w.pause() {
		if time.Now().After(deadline) {
			t.Fatalf("ready says %v", a.h.Ready.Err())
		}
	}
	if _, err := w.st.Get(t.Context(), release.HeadPath("stable")); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("there is a head: %v", err)
	}
	got := a.post("/v1/epoch", request{Reason: "test"})
	for ; got.Code == http.StatusServiceUnavailable; w.pause() { // it does not lead yet
		got = a.post("/v1/epoch", request{Reason: "test"})
	}
	if got.Code != http.StatusConflict {
		t.Errorf("new epoch of nothing: %d %s", got.Code, got.Body)
	}
	p := w.proxy()
	w.commit(func(e edit) { e.zone("example.") })
	p.synced("first zone")
	for deadline := time.Now().Add(15 * time.Second); a.h.Ready.Err() != nil; w.pause() { // the commit shows before its answer
		if time.Now().After(deadline) {
			t.Fatalf("not ready after the first release: %v", a.h.Ready.Err())
		}
	}
}

// A restart goes on from the head, whatever of base file and table was lost, and never back (P4).
func TestRestarts(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		lose func(w *world)
		same bool // the version stays as nothing changed
	}{
		"nothing lost": {func(*world) {}, true},
		"base files": {func(w *world) {
			if err := os.RemoveAll(filepath.Join(w.cfg.Data, "bases")); err != nil {
				w.t.Fatal(err)
			}
		}, true},
		"table published": {func(w *world) { w.rub("/tables/" + tablePublished) }, true},
		"base files and table": {func(w *world) {
			os.RemoveAll(filepath.Join(w.cfg.Data, "bases"))
			w.rub("/tables/" + tablePublished)
		}, false},
		"base spoilt": {func(w *world) {
			files, _ := filepath.Glob(filepath.Join(w.cfg.Data, "bases", "*.snap"))
			for _, f := range files {
				// The test's proxy has the old file mapped: a new one takes its place.
				if err := durable.WriteFile(f, []byte("rubbish"), 0o644); err != nil {
					w.t.Fatal(err)
				}
			}
		}, true},
		"head":           {func(w *world) { w.rub(release.PathHeads) }, false},
		"head and log":   {func(w *world) { w.rub("/releases") }, false},
		"state":          {func(w *world) { w.rub(release.PathState) }, true},
		"whole store":    {func(w *world) { w.rub("/releases"); w.rub("/tables/" + tablePublished); w.rub("/tables/" + tableHeld) }, false},
		"log":            {func(w *world) { w.rub(release.PathLog) }, true},
		"memory":         {func(w *world) { os.Remove(filepath.Join(w.cfg.Data, "last.json")) }, true},
		"table is ahead": {func(w *world) { w.spoil() }, true},
	}
	for what, test := range tests {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			a := w.start("a")
			p := fill(t, w, 40)
			w.commit(func(e edit) { e.put("example.", "late.example.", "A 192.0.2.8") })
			p.synced("before")
			before := p.head
			a.stop()
			test.lose(w)
			b := w.start("a")
			p.until("a head of the new leader", func() bool {
				return p.head.Newer(before) && b.h.Ready.Err() == nil && (test.same || p.head.Version > before.Version)
			})
			if test.same != (p.head.Version == before.Version) {
				t.Errorf("version %d after %d", p.head.Version, before.Version)
			}
			if p.head.Epoch != before.Epoch {
				t.Errorf("epoch %d after %d", p.head.Epoch, before.Epoch)
			}
			w.commit(func(e edit) { e.put("example.", "later.example.", "A 192.0.2.8"); e.drop("h7.example.") })
			p.synced("after")
			if p.head.Version <= before.Version {
				t.Errorf("version %d after %d", p.head.Version, before.Version)
			}
			fresh := w.proxy() // a proxy that knows nothing can load the base
			fresh.synced("fresh proxy")
		})
	}
}

// rub removes a node of the store with all below it.
func (w *world) rub(path string) {
	w.t.Helper()
	children, err := w.st.Children(w.t.Context(), path)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		w.t.Fatal(err)
	}
	for _, c := range children {
		w.rub(path + "/" + c)
	}
	if err := w.st.Multi(w.t.Context(), store.Delete(path, store.AnyVersion)); err != nil && !errors.Is(err, store.ErrNotFound) {
		w.t.Fatal(err)
	}
}

// spoil makes table published say what no release said: as a group of commits that was cut short does.
func (w *world) spoil() {
	w.t.Helper()
	pub, err := table.OpenWriter(w.t.Context(), w.st, tablePublished, table.Options{Instance: "spoiler"})
	if err != nil {
		w.t.Fatal(err)
	}
	tx := pub.Begin()
	tx.Delete("h1.example.")
	value, _ := pub.Get("h2.example.")
	tx.Put("ghost.example.", value)
	if err := table.Commit(w.t.Context(), tx); err != nil {
		w.t.Fatal(err)
	}
}

// When it is not known what was served, much less than it had is not published before somebody says so (P2).
func TestBlindWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.start("a")
	p := fill(t, w, 40)
	a.stop()
	os.RemoveAll(filepath.Join(w.cfg.Data, "bases"))
	w.rub("/tables/" + tablePublished)
	w.commit(func(e edit) {
		for i := range 30 {
			e.drop(fmt.Sprintf("h%d.example.", i))
		}
	})
	before := p.head
	a = w.start("a")
	for deadline := time.Now().Add(10 * time.Second); a.h.Ready.Err() == nil || len(a.h.Ready.Err().Error()) < 100; w.pause() {
		if time.Now().After(deadline) {
			t.Fatalf("ready says %v", a.h.Ready.Err())
		}
	}
	if p.follow(); p.head.Version != before.Version {
		t.Fatalf("released %d, blindly", p.head.Version)
	}
	a.mustPost("/v1/epoch", request{Reason: "the base is gone for good"})
	p.synced("after the epoch was raised")
	if p.head.Epoch != before.Epoch+1 || p.head.Version <= before.Version {
		t.Errorf("head is (%d, %d) after (%d, %d)", p.head.Epoch, p.head.Version, before.Epoch, before.Version)
	}
}

func TestEpoch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.start("a")
	p := fill(t, w, 5)
	before := p.head
	if got := a.post("/v1/epoch", request{}); got.Code != http.StatusBadRequest {
		t.Errorf("without a reason: %d %s", got.Code, got.Body)
	}
	a.mustPost("/v1/epoch", request{Reason: "test"})
	p.follow()
	if p.head.Epoch != before.Epoch+1 || p.head.Version != before.Version+1 || p.head.Base.Version != p.head.Version {
		t.Errorf("head %+v", p.head)
	}
	node, err := w.st.Get(t.Context(), release.LogPath(p.head.Version))
	if err != nil {
		t.Fatal(err)
	}
	e, err := release.DecodeEntry(node.Data)
	if err != nil || e.Prev != 0 || e.Note != "new epoch: test" {
		t.Errorf("entry %+v, %v", e, err)
	}
	if err := e.Verify(release.Hash{}); err != nil {
		t.Errorf("the first of an epoch: %v", err)
	}
	restGoesOn(w, p)
}

// What people decide is logged with the deed, and what comes to nothing is not.
func TestDecisionsAreLogged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.start("a")
	p := fill(t, w, 40)
	w.commit(func(e edit) { e.dropZone("example.") })
	item := w.held("example.", "zone-gone")
	for path, body := range map[string]request{
		"/v1/stages/publisher/held/" + item.ID + "/release": {By: "ana"},
		"/v1/stages/publisher/held/publisher:x/release":     {Reason: "no such item"},
		"/v1/resume":   {Reason: "nothing was rolled back"},
		"/v1/rollback": {Reason: "no such version", To: 1},
		"/v1/stages/publisher/held/" + item.ID + "x/release": {Reason: "no such item"},
	} {
		if got := a.post(path, body); got.Code/100 != 4 {
			t.Errorf("%s %+v: %d", path, body, got.Code)
		}
	}
	before := p.head.Version
	a.mustPost("/v1/stages/publisher/held/"+item.ID+"/release", request{Reason: "zone retired", By: "ana@host1"})
	a.mustPost("/v1/rollback", request{Reason: "oops", To: before})
	a.mustPost("/v1/resume", request{Reason: "mended"})
	a.mustPost("/v1/epoch", request{Reason: "test"})
	list, err := decision.List(t.Context(), w.st, 10)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range list {
		if e.At == 0 || e.From == "" || e.Stage != owner || e.Effect == "" {
			t.Errorf("%+v", e)
		}
		got = append(got, e.What+" "+e.Reason+" "+e.By)
	}
	if want := []string{"new-epoch test ", "resume mended ", "rollback oops ", "release zone retired ana@host1"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if last := list[3]; last.ID != item.ID || last.Check != "zone-gone" || last.Subject != "example." || last.Cause != item.Cause {
		t.Errorf("%+v", last)
	}
}

func TestRollback(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.start("a")
	p := fill(t, w, 5)
	good := p.head.Version
	old := len(p.names())
	w.commit(func(e edit) {
		e.drop("h1.example.")
		e.put("example.", "h2.example.", "A 192.0.2.99")
		e.put("example.", "bad.example.", "A 192.0.2.99")
	})
	p.synced("a change to regret")
	bad := p.head
	for _, to := range []uint64{0, good - 1, bad.Version, bad.Version + 1} {
		if got := a.post("/v1/rollback", request{Reason: "test", To: to}); got.Code != http.StatusConflict {
			t.Errorf("roll back to %d: %d %s", to, got.Code, got.Body)
		}
	}
	a.mustPost("/v1/rollback", request{Reason: "oops", By: "me", To: good})
	p.follow()
	if p.head.Version != bad.Version+1 || !p.serves("h1.example.") || p.serves("bad.example.") || len(p.names()) != old {
		t.Errorf("version %d serves %v", p.head.Version, p.names())
	}
	rolled := p.head
	w.commit(func(e edit) { e.put("example.", "new.example.", "A 192.0.2.5") })
	a.stop() // it stays through a restart
	a = w.start("a")
	p.until("a head of the new leader", func() bool { return p.head.Newer(rolled) })
	if p.serves("new.example.") || p.head.Version != rolled.Version || p.head.AsOf != rolled.AsOf {
		t.Errorf("version %d, as-of %d; %d, %d when rolled back", p.head.Version, p.head.AsOf, rolled.Version, rolled.AsOf)
	}
	a.mustPost("/v1/resume", request{Reason: "mended", By: "me"})
	p.synced("resumed")
	if got := a.post("/v1/resume", request{Reason: "mended"}); got.Code != http.StatusConflict {
		t.Errorf("resume twice: %d %s", got.Code, got.Body)
	}
}

// A leader whose table was taken over publishes nothing more (P4).
func TestFencedLeader(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.byHand()
	w.start("new")
	p := fill(t, w, 3)
	before := p.head
	if err := old.step(); !errors.Is(err, table.ErrFenced) {
		t.Errorf("the old leader's release: %v", err)
	}
	old.close()
	if p.follow(); p.head.Version != before.Version {
		t.Errorf("version %d after %d", p.head.Version, before.Version)
	}
}

// A standby builds the same bases, offers them, sends writers to the leader, and takes over.
func TestStandby(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.cfg.Bases.Deltas = 2
	a := w.start("a")
	p := fill(t, w, 5)
	cfg := w.cfg
	cfg.Data = filepath.Join(t.TempDir(), "standby")
	if err := os.CopyFS(cfg.Data, os.DirFS(w.cfg.Data)); err != nil { // its first base; the others it makes
		t.Fatal(err)
	}
	b := w.startWith("b", cfg)
	first := p.head.Base
	for i := range 5 {
		w.commit(func(e edit) { e.put("example.", fmt.Sprintf("x%d.example.", i), "A 192.0.2.3") })
		p.synced("change")
	}
	p.until("a later base", func() bool { return p.head.Base.Version > first.Version })
	for _, instance := range []string{"a", "b"} {
		for deadline := time.Now().Add(15 * time.Second); !offers(w, instance, p.head.Base.Version); w.pause() {
			if time.Now().After(deadline) {
				t.Fatalf("%s does not offer base %d", instance, p.head.Base.Version)
			}
			p.follow()
		}
	}
	body := b.get(t, fmt.Sprintf("/v1/bases/%d", p.head.Base.Version), "")
	if hash(body.Body.Bytes()) != p.head.Base.SHA256 {
		t.Error("the standby's base has another hash")
	}
	got := b.post("/v1/epoch", request{Reason: "test"})
	var answer map[string]string
	if err := json.Unmarshal(got.Body.Bytes(), &answer); err != nil || got.Code != http.StatusServiceUnavailable || answer["leader"] != "http://192.0.2.1:5380" {
		t.Errorf("a standby answers %d %s", got.Code, got.Body)
	}
	a.stop()
	w.commit(func(e edit) { e.put("example.", "after.example.", "A 192.0.2.3") })
	p.dirs = append(p.dirs, cfg.Data)
	p.synced("taken over")
	if info, err := leader.Find(t.Context(), w.st, owner); err != nil || info.Instance != "b" {
		t.Errorf("leader is %+v, %v", info, err)
	}
}

func offers(w *world, instance string, version uint64) bool {
	node, err := w.st.Get(w.t.Context(), release.OfferPath(instance))
	if errors.Is(err, store.ErrNotFound) {
		return false
	}
	var o release.Offer
	if err := errors.Join(err, json.Unmarshal(node.Data, &o)); err != nil {
		w.t.Fatal(err)
	}
	for _, v := range o.Versions {
		if v == version {
			return o.URL == "http://192.0.2.1:5380"
		}
	}
	return false
}

func TestKnownKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.start("a")
	p := fill(t, w, 2)
	before := p.head
	a.stop()
	cfg := w.cfg
	cfg.KeyFile = filepath.Join(t.TempDir(), "key2")
	public, err := EnsureKey(cfg.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	b := w.startWith("b", cfg)
	for deadline := time.Now().Add(10 * time.Second); !errors.Is(b.h.Ready.Err(), release.ErrSignature); w.pause() {
		if time.Now().After(deadline) {
			t.Fatalf("a head with an unknown signature was taken over: %v", b.h.Ready.Err())
		}
	}
	b.stop()
	cfg.KnownKeys = []string{string(w.public)}
	w.startWith("b", cfg)
	w.public = public
	changed := func() bool {
		node, err := w.st.Get(context.Background(), release.HeadPath("stable"))
		if err != nil {
			t.Fatal(err)
		}
		head, err := release.Open(node.Data, []release.VerifyKey{public})
		return err == nil && head.Newer(before)
	}
	for deadline := time.Now().Add(10 * time.Second); !changed(); w.pause() {
		if time.Now().After(deadline) {
			t.Fatal("no head with the new key")
		}
	}
}
