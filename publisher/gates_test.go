package publisher

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"
)

// fill publishes example. with hosts h0…, and example.org. beside it.
func fill(t *testing.T, w *world, hosts int) *proxy {
	t.Helper()
	p := w.proxy()
	w.commit(func(e edit) {
		e.zone("example.")
		e.zone("example.org.")
		for i := range hosts {
			e.put("example.", fmt.Sprintf("h%d.example.", i), "A 192.0.2.1")
		}
	})
	p.synced("fill")
	return p
}

// restGoesOn shows that a held zone holds nobody else up (P3).
func restGoesOn(w *world, p *proxy) {
	w.t.Helper()
	owner := fmt.Sprintf("n%d.example.org.", time.Now().UnixNano())
	w.commit(func(e edit) { e.put("example.org.", owner, "A 192.0.2.7") })
	p.until("the other zone", func() bool { return p.serves(owner) })
}

func TestGates(t *testing.T) {
	t.Parallel()
	tests := []struct {
		check string
		cfg   func(*Gates)
		edit  func(e edit)
		still string // served while the zone is held
		final bool   // cannot be released
	}{
		{check: "deleted-share", still: "h0.example.", edit: func(e edit) {
			for i := range 11 {
				e.drop(fmt.Sprintf("h%d.example.", i))
			}
		}},
		{check: "changed", still: "h0.example.", cfg: func(g *Gates) { g.Changed = 3 }, edit: func(e edit) {
			for i := range 4 {
				e.put("example.", fmt.Sprintf("h%d.example.", i), "A 192.0.2.99")
			}
		}},
		{check: "deleted", still: "h0.example.", cfg: func(g *Gates) { g.Deleted, g.TotalShare = 3, 1 }, edit: func(e edit) {
			for i := range 4 {
				e.drop(fmt.Sprintf("h%d.example.", i))
			}
		}},
		{check: "deleted-total", still: "h0.example.", cfg: func(g *Gates) {
			many := 100
			g.Deleted, g.TotalShare, g.Zones = 4, 0.05, map[string]ZoneGates{"example.": {Deleted: &many}}
		}, edit: func(e edit) {
			for i := range 5 {
				e.drop(fmt.Sprintf("h%d.example.", i))
			}
		}},
		{check: "changed-share", still: "h0.example.", cfg: func(g *Gates) { g.ChangedFree = 5 }, edit: func(e edit) {
			for i := range 30 {
				e.put("example.", fmt.Sprintf("h%d.example.", i), "A 192.0.2.66")
			}
		}},
		{check: "created", still: "h0.example.", cfg: func(g *Gates) { g.Created = 50 }, edit: func(e edit) {
			for i := range 51 {
				e.put("example.", fmt.Sprintf("new%d.example.", i), "A 192.0.2.66")
			}
		}},
		{check: "protected", still: "h3.example.", cfg: func(g *Gates) { g.Protected = []string{"h3.example."} }, edit: func(e edit) {
			e.drop("h3.example.")
		}},
		{check: "protected", still: "example.", edit: func(e edit) {
			e.put("example.", "example.", "SOA ns.example. host.example. 1 3600 600 86400 60") // NS lost
		}},
		{check: "soa-missing", still: "example.", final: true, edit: func(e edit) {
			e.put("example.", "example.", "NS ns.example.")
		}},
		{check: "zone-gone", still: "h0.example.", edit: func(e edit) { e.dropZone("example.") }},
		{check: "zone-unknown", still: "h0.example.", final: true, edit: func(e edit) {
			e.put("net.", "www.net.", "A 192.0.2.1")
		}},
	}
	for _, test := range tests {
		t.Run(test.check, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if test.cfg != nil {
				test.cfg(&w.cfg.Gates)
			}
			a := w.start("a")
			p := fill(t, w, 40)
			w.commit(test.edit)
			subject := "example."
			if test.check == "zone-unknown" {
				subject = "net."
			}
			item := w.held(subject, test.check)
			if test.check != "zone-unknown" { // a plan knows the zones of its names
				w.foresees(a, w.plan(), item)
			}
			restGoesOn(w, p)
			if !p.serves(test.still) {
				t.Errorf("%s is not served while its zone is held", test.still)
			}
			if item.CanFree == test.final {
				t.Errorf("can_free is %v", item.CanFree)
			}
			got := a.post("/v1/stages/publisher/held/"+item.ID+"/release", request{Reason: "test", By: "test"})
			if test.final {
				if got.Code != http.StatusConflict {
					t.Errorf("release of what must be mended: %d %s", got.Code, got.Body)
				}
				return
			}
			if got.Code != http.StatusOK {
				t.Fatalf("release: %d %s", got.Code, got.Body)
			}
			if items := w.heldItems(); len(items) != 0 {
				t.Errorf("still held after the release: %+v", items)
			}
			// The answer came after the durable commit: nothing to wait for.
			if p.follow(); p.differs() != "" && test.check != "zone-gone" {
				t.Errorf("after the release %s differs", p.differs())
			}
			if test.check == "zone-gone" && (p.serves("h0.example.") || len(p.view.Zones()) != 1) {
				t.Errorf("the zone is served still: %v", p.view.Zones())
			}
		})
	}
}

func TestBelowGatesPasses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start("a")
	p := fill(t, w, 40)
	w.commit(func(e edit) {
		for i := range 10 { // 10 is the number that may always go
			e.drop(fmt.Sprintf("h%d.example.", i))
		}
	})
	p.synced("ten deletions")
}

func TestHeldGoesWithItsCause(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start("a")
	p := fill(t, w, 40)
	drop := func(n int) {
		w.commit(func(e edit) {
			for i := range n {
				e.drop(fmt.Sprintf("h%d.example.", i))
			}
		})
	}
	drop(20)
	w.held("example.", "deleted-share")
	w.commit(func(e edit) {
		for i := range 20 {
			e.put("example.", fmt.Sprintf("h%d.example.", i), "A 192.0.2.1")
		}
	})
	restGoesOn(w, p)
	p.synced("mended")
	if items := w.heldItems(); len(items) != 0 {
		t.Errorf("held though nothing differs: %+v", items)
	}
}

// A release frees what was shown, and not what has become much more since.
func TestReleaseFreesWhatWasShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.cfg.Gates.DeletedFree = 2
	a := w.start("a")
	p := fill(t, w, 100)
	drop := func(from, to int) {
		w.commit(func(e edit) {
			for i := from; i < to; i++ {
				e.drop(fmt.Sprintf("h%d.example.", i))
			}
		})
	}
	drop(0, 30)
	first := w.held("example.", "deleted-share")
	drop(30, 35) // within a tenth or ten
	restGoesOn(w, p)
	if again := w.held("example.", "deleted-share"); again.ID != first.ID || again.Since != first.Since {
		t.Errorf("a little more made another item: %s, then %s", first.ID, again.ID)
	}
	drop(35, 90)
	restGoesOn(w, p)
	second := w.held("example.", "deleted-share")
	if second.ID == first.ID {
		t.Error("much more is the same item")
	}
	if got := a.post("/v1/stages/publisher/held/"+first.ID+"/release", request{Reason: "test"}); got.Code != http.StatusNotFound {
		t.Errorf("release of what is no more: %d %s", got.Code, got.Body)
	}
	if got := a.post("/v1/stages/publisher/held/"+second.ID+"/release", request{Reason: "test"}); got.Code != http.StatusOK {
		t.Errorf("release: %d %s", got.Code, got.Body)
	}
	p.synced("released")
}

// Held items survive a new leader under the same id.
func TestHeldSurvivesRestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.start("a")
	p := fill(t, w, 40)
	w.commit(func(e edit) { e.dropZone("example.") })
	first := w.held("example.", "zone-gone")
	a.stop()
	b := w.start("b")
	restGoesOn(w, p)
	again := w.held("example.", "zone-gone")
	if again.ID != first.ID || again.Since != first.Since {
		t.Errorf("held as %s since %d, before the restart as %s since %d", again.ID, again.Since, first.ID, first.Since)
	}
	b.mustPost("/v1/stages/publisher/held/"+again.ID+"/release", request{Reason: "test"})
	p.until("zone removed", func() bool { return !p.serves("h0.example.") })
}

// A flood that comes in many releases is one loss within the window.
func TestWindowSeesAFlood(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.cfg.Gates.Window = time.Minute
	w.start("a")
	p := fill(t, w, 40)
	for i := range 12 {
		w.commit(func(e edit) { e.drop(fmt.Sprintf("h%d.example.", i)) })
		if i < 10 {
			p.synced("one by one")
		}
	}
	w.held("example.", "deleted-share")
	restGoesOn(w, p)
	if p.serves("h9.example.") || !p.serves("h11.example.") {
		t.Errorf("served: %v", p.names())
	}
}

// A flood that began before a new leader took over is seen whole: the log says how large the zone was. What a person let go
// counts no more.
func TestWindowSurvivesARestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.cfg.Gates.Window = time.Hour
	a := w.start("a")
	p := fill(t, w, 40)
	drop := func(from, to int) {
		w.commit(func(e edit) {
			for i := from; i < to; i++ {
				e.drop(fmt.Sprintf("h%d.example.", i))
			}
		})
	}
	for i := range 9 {
		drop(i, i+1)
		p.synced("one by one")
	}
	a.stop()
	a = w.start("a")
	drop(9, 12)
	item := w.held("example.", "deleted-share")
	var sum Summary
	if err := json.Unmarshal(item.Detail, &sum); err != nil || sum.Peak != 41 || sum.Shrink != 12 {
		t.Errorf("%+v, %v", sum, err)
	}
	a.mustPost("/v1/stages/publisher/held/"+item.ID+"/release", request{Reason: "racks removed"})
	p.synced("released")
	a.stop()
	w.start("a")
	drop(12, 14)
	p.synced("two more of what is left")
}

// A zone that suddenly has many times its names is held, unless it is new or small.
func TestCreatedShare(t *testing.T) {
	t.Parallel()
	g := defaultGates()
	for _, c := range []struct {
		names, created int
		held           bool
	}{{0, 1_000_000, false}, {999, 1_000_000, false}, {1_000, 100_000, false}, {1_000, 100_001, true}, {20_000, 200_000, false}, {20_000, 200_001, true}} {
		stopped := g.judge(Summary{Names: c.names, Created: c.created}, false, false)
		if held := len(stopped) == 1 && stopped[0].check == "created-share"; held != c.held || (!held && len(stopped) > 0) {
			t.Errorf("%d in a zone of %d: %+v", c.created, c.names, stopped)
		}
	}
}

// Every limit can be another in one zone, and only there.
func TestZoneLimits(t *testing.T) {
	t.Parallel()
	n, share, window := 1, 0.5, time.Minute
	all := ZoneGates{&n, &share, &n, &n, &share, &n, &n, &share, &n, &window}
	got := defaultGates().of(all)
	want := Gates{Deleted: 1, DeletedShare: 0.5, DeletedFree: 1, Changed: 1, ChangedShare: 0.5, ChangedFree: 1, Created: 1, CreatedShare: 0.5, CreatedFree: 1,
		Window: time.Minute, TotalShare: defaultGates().TotalShare}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if fmt.Sprint(defaultGates().of(ZoneGates{})) != fmt.Sprint(defaultGates()) {
		t.Error("what is left out does not stay general")
	}
}

// A zone split off takes its names along; while its removal is held they stay its own.
func TestZoneMoves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.start("a")
	p := fill(t, w, 3)
	w.commit(func(e edit) { e.put("example.", "x.sub.example.", "A 192.0.2.5") })
	p.synced("below the parent")
	w.commit(func(e edit) {
		e.zone("sub.example.")
		e.put("sub.example.", "x.sub.example.", "A 192.0.2.5")
	})
	p.synced("split off")
	if z, _ := p.view.FindZone(name(t, "x.sub.example.")); z.Apex != name(t, "sub.example.") {
		t.Errorf("x.sub.example. is in zone %s", z.Apex)
	}
	w.commit(func(e edit) {
		e.dropFacts("sub.example.")
		e.drop("sub.example.")
		e.put("example.", "x.sub.example.", "A 192.0.2.6")
		e.put("example.", "y.sub.example.", "A 192.0.2.6")
	})
	item := w.held("sub.example.", "zone-gone")
	restGoesOn(w, p)
	if node, _ := p.view.Lookup(name(t, "x.sub.example.")); node.Sets[0].Data[0] != "\xc0\x00\x02\x05" || p.serves("y.sub.example.") {
		t.Errorf("names below a held zone changed: %v", node)
	}
	a.mustPost("/v1/stages/publisher/held/"+item.ID+"/release", request{Reason: "test"})
	p.synced("back in the parent")
}

// A zone below one that is to go is another matter: it goes on while the other is held.
func TestZoneBelowAHeldOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start("a")
	p := fill(t, w, 1)
	w.commit(func(e edit) { e.zone("sub.example."); e.zone("deep.sub.example.") })
	p.synced("two zones")
	w.commit(func(e edit) {
		e.dropFacts("sub.example.")
		e.drop("sub.example.")
		e.put("deep.sub.example.", "x.deep.sub.example.", "A 192.0.2.1")
	})
	w.held("sub.example.", "zone-gone")
	p.until("the zone below", func() bool { return p.serves("x.deep.sub.example.") })
}

func TestCovers(t *testing.T) {
	t.Parallel()
	shown := Summary{Names: 1000, Deleted: 300, Lost: []string{"a. A"}, Checks: []string{"deleted-share", "protected"}}
	tests := map[string]struct {
		now  Summary
		want bool
	}{
		"same":          {shown, true},
		"a little more": {Summary{Deleted: 330, Checks: []string{"deleted-share"}}, true},
		"much more":     {Summary{Deleted: 331, Checks: []string{"deleted-share"}}, false},
		"another check": {Summary{Deleted: 1, Checks: []string{"changed-share"}}, false},
		"another name":  {Summary{Lost: []string{"b. A"}, Checks: []string{"protected"}}, false},
		"the zone":      {Summary{Gone: true}, false},
		"many changes":  {Summary{Changed: 11}, false},
	}
	for what, test := range tests {
		if got := shown.covers(test.now); got != test.want {
			t.Errorf("%s: covers is %v", what, got)
		}
	}
}

func TestGatesConfig(t *testing.T) {
	t.Parallel()
	bad := map[string]func(*Config){
		"rate 0":     func(c *Config) { c.Rate = 0 },
		"rate 11":    func(c *Config) { c.Rate = 11 },
		"share":      func(c *Config) { c.Gates.DeletedShare = 1.5 },
		"protected":  func(c *Config) { c.Gates.Protected = []string{"no-final-dot"} },
		"zone":       func(c *Config) { c.Gates.Zones = map[string]ZoneGates{"x": {}} },
		"zone limit": func(c *Config) { minus := -1; c.Gates.Zones = map[string]ZoneGates{"example.": {Deleted: &minus}} },
		"seed":       func(c *Config) { c.Seed = "12" },
		"stream":     func(c *Config) { c.Stream = "../x" },
		"Stream":     func(c *Config) { c.Stream = "Stable" },
		"expire":     func(c *Config) { c.ExpireAfter = time.Second },
		"bases":      func(c *Config) { c.Bases.Deltas = maxDeltas + 1 },
		"as-of":      func(c *Config) { c.AsOfEvery = time.Hour },
		"check":      func(c *Config) { c.Gates.Checks = []SiteCheck{{Name: "x"}} },
		"check name": func(c *Config) { c.Gates.Checks = []SiteCheck{{Command: []string{"x"}}} },
		"checks together": func(c *Config) {
			for range 4 {
				c.Gates.Checks = append(c.Gates.Checks, SiteCheck{Name: "x", Command: []string{"x"}, Timeout: 25 * time.Second})
			}
		},
		"check time": func(c *Config) { c.Gates.Checks = []SiteCheck{{Name: "x", Command: []string{"x"}, Timeout: time.Hour}} },
		"growth":     func(c *Config) { c.Gates.CreatedShare = -1 },
		"window":     func(c *Config) { c.Gates.Window = 2 * time.Hour },
	}
	if err := DefaultConfig().Check(); err != nil {
		t.Fatal(err)
	}
	for what, spoil := range bad {
		cfg := DefaultConfig()
		if spoil(&cfg); cfg.Check() == nil {
			t.Errorf("%s: accepted", what)
		}
	}
}

func TestHeldDetailIsWhatGatesSaw(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start("a")
	fill(t, w, 40)
	w.commit(func(e edit) {
		for i := range 20 {
			e.drop(fmt.Sprintf("h%d.example.", i))
		}
	})
	item := w.held("example.", "deleted-share")
	var sum Summary
	if err := json.Unmarshal(item.Detail, &sum); err != nil {
		t.Fatal(err)
	}
	if sum.Deleted != 20 || sum.Names != 41 || !slices.Equal(sum.Checks, []string{"deleted-share"}) {
		t.Errorf("detail %+v", sum)
	}
}
