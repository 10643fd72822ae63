package presenter

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"zonecast/internal/checkout"
	"zonecast/internal/decision"
	"zonecast/internal/load"
	"zonecast/internal/row"
	"zonecast/internal/service"
	"zonecast/internal/store"
	"zonecast/internal/store/embedded"
	"zonecast/internal/table"
	"zonecast/internal/zone"
)

// rig is a presenter with a source beside it.
type rig struct {
	t    testing.TB
	st   store.Store
	host *service.Host
	s    *Stage
	gen  *table.Writer
	out  *table.Follower
	cfg  Config
	skew atomic.Int64 // what the stage's clock is ahead
	stop func()

	sweepFrom int64 // 0: every start compares beside the loop
}

func newRig(t testing.TB, change func(*Config)) *rig {
	t.Helper()
	st, err := embedded.Open(filepath.Join(t.TempDir(), "store"), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	r := &rig{t: t, st: st, cfg: DefaultConfig(), stop: func() {}}
	if change != nil {
		change(&r.cfg)
	}
	if r.gen, err = table.OpenWriter(t.Context(), st, "generated.main", table.Options{Instance: "rules"}); err != nil {
		t.Fatal(err)
	}
	r.out = table.Follow(st, "presented")
	t.Cleanup(func() { r.stop(); r.out.Close() })
	r.start()
	return r
}

// start runs the stage; the process before is stopped.
func (r *rig) start() {
	r.t.Helper()
	r.stop()
	r.host = service.NewHost("test", "", slog.New(slog.DiscardHandler))
	s, err := New(r.cfg, r.st, r.host)
	if err != nil {
		r.t.Fatal(err)
	}
	s.sweepFrom, r.s = r.sweepFrom, s
	s.now = func() time.Time { return time.Now().Add(time.Duration(r.skew.Load())) }
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Run(ctx) }()
	r.stop = func() { cancel(); <-done; r.stop = func() {} }
	for s.term.Load() == nil {
		select {
		case <-done:
			r.t.Fatal("the stage ended")
		case <-time.After(time.Millisecond):
		}
	}
}

// call sends a request and decodes the answer.
func (r *rig) call(method, path string, body, answer any) int {
	r.t.Helper()
	text, _ := json.Marshal(body)
	req := httptest.NewRequest(method, "http://localhost"+path, bytes.NewReader(text))
	w := httptest.NewRecorder()
	r.host.Mux.ServeHTTP(w, req)
	if answer != nil && w.Code == http.StatusOK {
		if err := json.Unmarshal(w.Body.Bytes(), answer); err != nil {
			r.t.Fatal(err)
		}
	}
	return w.Code
}

// push loads zone files, given as path and text in turn.
func (r *rig) push(commit string, descends bool, files ...string) load.Answer {
	r.t.Helper()
	p := checkout.Push{Set: checkout.Set{Commit: commit, Prefix: "zones/", Author: commit + "@example.com"}, Descends: descends}
	for i := 0; i < len(files); i += 2 {
		p.Files = append(p.Files, checkout.File{Path: files[i], Data: []byte(files[i+1])})
	}
	v, err := table.Read(r.t.Context(), r.st, "zones")
	if err != nil {
		r.t.Fatal(err)
	}
	current, _, _ := load.Loaded(v)
	p.Base = current.Commit
	var a load.Answer
	if code := r.call("PUT", "/v1/zones", p, &a); code != http.StatusOK {
		r.t.Fatalf("push: %d", code)
	}
	return a
}

// generate sets what a module gives at names: lines of "owner type data", nothing to delete.
func (r *rig) generate(lines ...string) {
	r.t.Helper()
	tx := r.gen.Begin()
	tx.SetAsOf(time.Now())
	rows := map[string][]row.Contribution{}
	for _, line := range lines {
		f := strings.SplitN(line, " ", 3)
		if len(f) == 1 {
			tx.Delete(f[0])
			continue
		}
		typ, _ := zone.ParseType(f[1])
		set := zone.RRset{Type: typ, TTL: 300}
		if d, err := zone.ParseRdata(typ, f[2], ""); err == nil {
			set.Data = []zone.Rdata{d}
		} else {
			set.Data = []zone.Rdata{zone.Rdata(f[2])}
		}
		rows[f[0]] = append(rows[f[0]], row.Contribution{Module: "m", Entity: fmt.Sprintf("server/%d", len(rows[f[0]])), Sets: []zone.RRset{set}})
	}
	for key, list := range rows {
		tx.Put(key, row.EncodeContributions(list))
	}
	if err := table.Commit(r.t.Context(), tx); err != nil {
		r.t.Fatal(err)
	}
}

// serves waits until a name serves exactly this: lines of "TTL type data", joined by "; "; "" for nothing.
func (r *rig) serves(name, want string) row.Presented {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), time.Minute)
	defer cancel()
	for {
		v, err := table.Read(ctx, r.st, "presented")
		if err != nil {
			r.t.Fatal(err)
		}
		got, p := r.at(v, name)
		if got == want && !v.Head.Inputs["generated.main"].Before(r.gen.Head().Position()) {
			return p
		}
		if _, err := r.out.Next(ctx); err != nil { // behind the view, or waits for what comes after it
			r.t.Fatalf("%s serves %q, want %q", name, got, want)
		}
	}
}

// now gives what a name serves at this moment.
func (r *rig) now(name string) row.Presented {
	r.t.Helper()
	v, err := table.Read(r.t.Context(), r.st, "presented")
	if err != nil {
		r.t.Fatal(err)
	}
	_, p := r.at(v, name)
	return p
}

func (r *rig) at(v *table.View, name string) (string, row.Presented) {
	value, ok := v.Get(name)
	if !ok {
		return "", row.Presented{}
	}
	p, err := row.DecodePresented(value)
	if err != nil {
		r.t.Fatal(err)
	}
	var lines []string
	for _, s := range p.Sets {
		for _, d := range s.Data {
			lines = append(lines, fmt.Sprintf("%d %s %s", s.TTL, s.Type, zone.RdataText(s.Type, d)))
		}
	}
	return strings.Join(lines, "; "), p
}

func (r *rig) held() map[string]row.Held {
	r.t.Helper()
	v, err := table.Read(r.t.Context(), r.st, "held.presenter")
	if err != nil {
		r.t.Fatal(err)
	}
	items := map[string]row.Held{}
	for _, value := range v.All() {
		var h row.Held
		if err := json.Unmarshal(value, &h); err != nil {
			r.t.Fatal(err)
		}
		items[h.Check] = h
	}
	return items
}

const small = "'':\n  type: NS\n  value: ns1.example.com.\nns1:\n  type: A\n  value: 192.0.2.53\n"

func TestOverrideComesAndGoes(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.generate("db1.example.com. A 192.0.2.10")
	if a := r.push("c1", true, "example.com.yaml", small); a.Status != load.StatusLoaded || len(a.Problems) > 0 {
		t.Fatalf("%+v", a)
	}
	r.serves("db1.example.com.", "300 A 192.0.2.10")
	r.push("c2", true, "example.com.yaml", small+"db1:\n  type: A\n  value: 192.0.2.99\n  zonecast: {mode: replace, reason: x}\n")
	p := r.serves("db1.example.com.", "3600 A 192.0.2.99")
	if len(p.Shadowed) != 1 || p.Shadowed[0].Why != "override" || p.Claims[0].Origin.Commit != "c2" || p.Claims[0].Origin.Author != "c2@example.com" {
		t.Fatalf("%+v", p)
	}
	if ns := r.now("ns1.example.com."); ns.Claims[0].Origin.Commit != "c1" || ns.Claims[0].Origin.Author != "c1@example.com" {
		t.Fatalf("an unchanged record has commit %s of %s", ns.Claims[0].Origin.Commit, ns.Claims[0].Origin.Author)
	}
	r.generate("db1.example.com. A 192.0.2.11")
	r.serves("db1.example.com.", "3600 A 192.0.2.99")
	r.push("c3", true, "example.com.yaml", small)
	r.serves("db1.example.com.", "300 A 192.0.2.11")
	r.generate("db1.example.com.")
	r.serves("db1.example.com.", "")
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.generate("db1.example.com. A 192.0.2.10", "db2.example.com. A 192.0.2.20")
	until := time.Now().Add(time.Hour).UTC().Format(time.RFC3339Nano)
	r.push("c1", true, "example.com.yaml", small+"db1:\n  type: A\n  zonecast: {mode: mask, expires: "+until+"}\n"+
		"db2:\n  type: A\n  zonecast: {mode: mask, expires: 2020-01-01}\n")
	r.serves("db2.example.com.", "300 A 192.0.2.20")
	r.serves("db1.example.com.", "")
	r.skew.Store(int64(2 * time.Hour))
	r.serves("db1.example.com.", "300 A 192.0.2.10")
}

// A clock that is wrongly ahead ends an override early; put right, it brings the override back, until its time has come.
func TestExpiryByAClockThatJumps(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.generate("db1.example.com. A 192.0.2.10")
	until := time.Now().Add(time.Hour).UTC().Format(time.RFC3339Nano)
	r.push("c1", true, "example.com.yaml", small+"db1:\n  type: A\n  zonecast: {mode: mask, expires: "+until+"}\n")
	r.serves("db1.example.com.", "")
	for range 2 {
		r.skew.Store(int64(2 * time.Hour))
		r.serves("db1.example.com.", "300 A 192.0.2.10")
		r.skew.Store(0)
		r.serves("db1.example.com.", "")
	}
}

func TestBadFilesAreHeld(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.push("c1", true, "example.com.yaml", small, "example.net.yaml", small)
	r.serves("ns1.example.com.", "3600 A 192.0.2.53")
	changed := strings.Replace(small, ".53", ".54", 1)
	a := r.push("c2", true, "example.com.yaml", changed+"x:\n  typ: A\n", "example.net.yaml", changed)
	if len(a.Problems) == 0 || a.HeldID == "" || a.Problems[0].Line != 8 || a.Problems[0].File != "zones/example.com.yaml" {
		t.Fatalf("%+v", a)
	}
	r.serves("ns1.example.net.", "3600 A 192.0.2.54")
	r.serves("ns1.example.com.", "3600 A 192.0.2.53")
	if h := r.held()["unknown-key"]; h.CanFree || r.call("POST", "/v1/stages/presenter/held/"+h.ID+"/release", why, nil) != http.StatusConflict {
		t.Fatalf("%+v", r.held())
	}
	r.start() // a restart with a broken file forgets nothing
	r.serves("ns1.example.com.", "3600 A 192.0.2.53")
	r.push("c3", true, "example.com.yaml", changed, "example.net.yaml", changed)
	r.serves("ns1.example.com.", "3600 A 192.0.2.54")
	if len(r.held()) != 0 {
		t.Fatalf("still held: %+v", r.held())
	}
}

// why is the body of a release.
var why = map[string]string{"reason": "it is meant", "by": "me"}

// Who let what go, when and why is kept, with the deed; what was refused is not.
func TestReleasesAreLogged(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.push("c1", true, "example.com.yaml", small)
	a := r.push("c2", true)
	path := "/v1/stages/presenter/held/" + a.HeldID + "/release"
	if code := r.call("POST", path, map[string]string{"by": "me"}, nil); code != http.StatusBadRequest {
		t.Errorf("without a reason: %d", code)
	}
	if code := r.call("POST", "/v1/stages/presenter/held/x/release", why, nil); code != http.StatusNotFound {
		t.Errorf("of nothing: %d", code)
	}
	if code := r.call("POST", path, why, nil); code != http.StatusOK {
		t.Fatalf("release: %d", code)
	}
	list, err := decision.List(t.Context(), r.st, 10)
	if err != nil || len(list) != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	e := list[0]
	if e.ID != a.HeldID || e.Check != "zone-gone" || e.By != "me" || e.From == "" || e.Reason != "it is meant" || e.What != decision.Release || e.Stage != "presenter" || e.At == 0 {
		t.Errorf("%+v", e)
	}
}

func TestVanishedAndEmptiedZonesAreHeld(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files []string
		check string
		after string
	}{
		"gone":         {nil, "zone-gone", ""},
		"zero bytes":   {[]string{"example.com.yaml", ""}, "zone-emptied", ""},
		"no records":   {[]string{"example.com.yaml", "{}\n"}, "zone-emptied", ""},
		"one of two":   {[]string{"example.com.yaml", "a:\n  type: A\n  value: 192.0.2.1\n"}, "zone-file-gone", ""},
		"no more than": {[]string{"example.com/a.yaml", "ns1:\n  type: A\n  value: 192.0.2.55\n"}, "zone-file-gone", "3600 A 192.0.2.55"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, nil)
			r.push("c1", true, "example.com.yaml", "a:\n  type: A\n  value: 192.0.2.1\n", "example.com/more.yaml", small)
			r.serves("ns1.example.com.", "3600 A 192.0.2.53")
			a := r.push("c2", true, c.files...)
			h := r.held()[c.check]
			if a.HeldID == "" || a.HeldID != h.ID || !h.CanFree {
				t.Fatalf("%+v\n%+v", a, r.held())
			}
			if c.check == "zone-gone" && !strings.Contains(h.Effect, "outside-zones") {
				t.Errorf("effect: %s", h.Effect)
			}
			r.start()
			r.serves("ns1.example.com.", "3600 A 192.0.2.53")
			if code := r.call("POST", "/v1/stages/presenter/held/"+h.ID+"/release", why, nil); code != http.StatusOK {
				t.Fatalf("release: %d", code)
			}
			r.serves("ns1.example.com.", c.after)
			if len(r.held()) != 0 {
				t.Fatalf("still held: %+v", r.held())
			}
			if r.call("POST", "/v1/stages/presenter/held/"+h.ID+"/release", why, nil) != http.StatusNotFound {
				t.Fatal("released twice")
			}
			v, _ := table.Read(t.Context(), r.st, "zones")
			for key := range v.All() {
				if strings.HasPrefix(key, prefixWanted) {
					t.Fatalf("left behind: %s", key)
				}
			}
		})
	}
}

func TestVanishedZoneComesBack(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.push("c1", true, "example.com.yaml", small)
	r.push("c2", true)
	if len(r.held()) != 1 {
		t.Fatalf("%+v", r.held())
	}
	r.push("c3", true, "example.com.yaml", small)
	if len(r.held()) != 0 {
		t.Fatalf("%+v", r.held())
	}
	r.push("c4", true, "example.com/all.yaml", small) // a file that moved with all of its records is no loss
	if len(r.held()) != 0 {
		t.Fatalf("%+v", r.held())
	}
}

func TestOlderPushIsHeld(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.push("c2", true, "example.com.yaml", small)
	a := r.push("c1", false, "example.com.yaml", strings.Replace(small, ".53", ".1", 1))
	if a.Status != load.StatusHeld || a.HeldID == "" {
		t.Fatalf("%+v", a)
	}
	r.serves("ns1.example.com.", "3600 A 192.0.2.53")
	if again := r.push("c1", false, "example.com.yaml", small); again.HeldID != a.HeldID {
		t.Fatalf("%+v", again)
	}
	if code := r.call("POST", "/v1/stages/presenter/held/"+a.HeldID+"/release", why, nil); code != http.StatusOK {
		t.Fatalf("release: %d", code)
	}
	r.serves("ns1.example.com.", "3600 A 192.0.2.1")
}

func TestZonesAppearAndCutsReach(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.generate("a.sub.example.com. A 192.0.2.1", "b.sub.example.com. A 192.0.2.2", "lost.invalid. A 192.0.2.3")
	r.serves("a.sub.example.com.", "")
	if h := r.held()["outside-zones"]; h.CanFree || h.Since == 0 {
		t.Fatalf("%+v", r.held())
	}
	r.push("c1", true, "example.com.yaml", small)
	r.serves("a.sub.example.com.", "300 A 192.0.2.1")
	if h := r.held()["outside-zones"]; h.Subject != "lost.invalid. A" {
		t.Fatalf("%+v", h)
	}
	r.push("c2", true, "example.com.yaml", small+"sub:\n  type: NS\n  value: a.sub.example.com.\n")
	r.serves("b.sub.example.com.", "")
	r.serves("a.sub.example.com.", "300 A 192.0.2.1") // glue
	if p := r.now("b.sub.example.com."); p.Shadowed[0].Why != "zone-cut" {
		t.Fatalf("%+v", p)
	}
	r.push("c3", true, "example.com.yaml", small)
	r.serves("b.sub.example.com.", "300 A 192.0.2.2")
}

func TestLastGoodOfARRset(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.push("c1", true, "example.com.yaml", small)
	r.generate("a.example.com. A 192.0.2.1")
	r.serves("a.example.com.", "300 A 192.0.2.1")
	r.generate("a.example.com. A nonsense", "b.example.com. A 192.0.2.2")
	r.serves("b.example.com.", "300 A 192.0.2.2")
	r.serves("a.example.com.", "300 A 192.0.2.1")
	if h := r.held()["bad-rdata"]; h.Subject != "a.example.com. A" || !strings.Contains(h.Problems[0].Text, "server/0") {
		t.Fatalf("%+v", r.held())
	}
	r.start()
	r.serves("a.example.com.", "300 A 192.0.2.1")
	r.generate("a.example.com. A 192.0.2.9")
	r.serves("a.example.com.", "300 A 192.0.2.9")
	if len(r.held()) != 0 {
		t.Fatalf("%+v", r.held())
	}
}

func TestStandbyPointsToTheLeader(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.stop()
	if code := r.call("PUT", "/v1/zones", checkout.Push{Set: checkout.Set{Commit: "c"}}, nil); code != http.StatusServiceUnavailable {
		t.Fatalf("%d", code)
	}
}
