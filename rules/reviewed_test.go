package rules

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"

	"zonecast/internal/checkout"
	"zonecast/internal/load"
	"zonecast/internal/plan"
	"zonecast/internal/row"
	"zonecast/internal/table"
	"zonecast/internal/zone"
)

// folder is a set of rules files by path.
type folder map[string]string

func (f folder) with(path, text string) folder {
	next := maps.Clone(f)
	if next[path] = text; text == "" {
		delete(next, path)
	}
	return next
}

func (f folder) hashes() map[string]string {
	list := map[string]string{}
	for path, text := range f {
		list[path] = load.Hash([]byte(text))
	}
	return list
}

func (f folder) files() (list []checkout.File) {
	for path, text := range f {
		list = append(list, checkout.File{Path: path, Data: []byte(text)})
	}
	return list
}

// planned is a plan of a change of folders.
func planned(t *testing.T, source string, before, after folder) *plan.Plan {
	t.Helper()
	p := &plan.Plan{Format: plan.Format, Rules: &plan.Files{Source: source, Before: before.hashes(), After: map[string]string{}}}
	for path, hash := range after.hashes() {
		if p.Rules.Before[path] != hash {
			p.Rules.After[path] = hash
		}
	}
	for path := range before {
		if after[path] == "" {
			p.Rules.After[path] = ""
		}
	}
	if err := p.Seal(); err != nil {
		t.Fatal(err)
	}
	return p
}

func (w *world) push(commit, base string, files folder, p *plan.Plan) (int, load.Answer) {
	w.t.Helper()
	body, err := json.Marshal(checkout.Push{Set: checkout.Set{Commit: commit, Prefix: "rules/", Files: files.files()}, Base: base, Descends: true, Plan: p})
	if err != nil {
		w.t.Fatal(err)
	}
	code, text := w.do("PUT", "/v1/rules", "application/json", string(body))
	var a load.Answer
	if err := json.Unmarshal([]byte(text), &a); code == 200 && err != nil {
		w.t.Fatal(err)
	}
	return code, a
}

const otherYAML = "module: other\nkind: server\nrecords:\n  - {name: 'o-{hostname}.prod.example.', type: A, value: '{ipv4}'}\n"

func TestOnlyWhatWasReviewedLoads(t *testing.T) {
	t.Parallel()
	now := folder{"kinds.yaml": kindsYAML, "servers.yaml": serversYAML, "other.yaml": otherYAML}
	change := func(path string) folder { return now.with(path, now[path]+"\n") }
	next := change("servers.yaml")
	for title, c := range map[string]struct {
		plan     *plan.Plan
		loaded   folder // what is loaded at the time of the push; nil: now
		push     folder
		required bool
		check    string // "": it loads
		says     string
	}{
		"none is wanted":                  {push: next},
		"none came":                       {push: next, required: true, check: "plan-missing", says: "1 file"},
		"none came, nothing changes":      {push: now, required: true},
		"the reviewed one":                {plan: planned(t, "main", now, next), push: next, required: true},
		"the reviewed one, though free":   {plan: planned(t, "main", now, next), push: next},
		"another text":                    {plan: planned(t, "main", now, next), push: now.with("servers.yaml", serversYAML+"\n\n"), check: "plan-drifted", says: "servers.yaml: approved: text "},
		"one file more":                   {plan: planned(t, "main", now, next), push: next.with("more.yaml", strings.ReplaceAll(otherYAML, "o", "m")), check: "plan-drifted", says: "more.yaml: approved: no change; now: the push has text "},
		"one file less":                   {plan: planned(t, "main", now, next.with("other.yaml", otherYAML+"\n")), push: next, check: "plan-drifted", says: "other.yaml: approved: text "},
		"a file vanished":                 {plan: planned(t, "main", now, next), push: next.with("other.yaml", ""), check: "plan-drifted", says: "other.yaml: approved: no change; now: the push has no such file"},
		"its file was changed meanwhile":  {plan: planned(t, "main", now, next), loaded: now.with("servers.yaml", serversYAML+"# later\n"), push: next, check: "plan-drifted", says: "servers.yaml: approved: a change of text "},
		"another was changed meanwhile":   {plan: planned(t, "main", now, next), loaded: change("other.yaml"), push: next.with("other.yaml", otherYAML+"\n"), required: true},
		"the kinds were changed meantime": {plan: planned(t, "main", now, next), loaded: change("kinds.yaml"), push: next.with("kinds.yaml", kindsYAML+"\n"), check: "plan-drifted", says: "kinds.yaml: approved: with text "},
		"kinds that are in the plan":      {plan: planned(t, "main", now, change("kinds.yaml")), push: change("kinds.yaml"), required: true},
		"of another source":               {plan: planned(t, "lab", now, next), push: next, check: "plan-drifted", says: "the rules of lab"},
		"of zones":                        {plan: func() *plan.Plan { p := &plan.Plan{Format: 1}; _ = p.Seal(); return p }(), push: next, check: "plan-drifted", says: "not about rules"},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(c *Config) { c.Dir = "" })
			loaded := c.loaded
			if loaded == nil {
				loaded = now
			}
			if code, a := w.push("c1", "", loaded, nil); code != 200 || a.Status != load.StatusLoaded || len(a.Problems) > 0 {
				t.Fatalf("%d %+v", code, a)
			}
			w.stop()
			w.cfg.RequirePlan = c.required
			w.start()
			w.post(put("web1", 1, 1, "up")) // the inventory's events are no drift
			code, a := w.push("c2", "c1", c.push, c.plan)
			if c.check == "" {
				if code != 200 || a.Status != load.StatusLoaded || len(w.held()) > 0 {
					t.Fatalf("%d %+v, held %+v", code, a, w.held())
				}
				return
			}
			h, held := w.heldCheck(c.check)
			if code != 200 || a.Status != load.StatusHeld || !held || a.HeldID != h.ID || !h.CanFree || h.Unit != unitPush || !strings.Contains(h.Cause, c.says) {
				t.Fatalf("%d %+v, held %+v", code, a, w.held())
			}
			if info := infosOf(w)["servers.yaml"]; info.SHA256 != loaded.hashes()["servers.yaml"] {
				t.Fatal("it was loaded")
			}
			if code := w.release(h.ID); code != 200 {
				t.Fatal(code)
			}
			if info := infosOf(w)["servers.yaml"]; info.SHA256 != c.push.hashes()["servers.yaml"] {
				t.Fatal("a released push is not loaded")
			}
		})
	}
}

// Every difference is listed, up to a bound, with what to do.
func TestDriftIsListed(t *testing.T) {
	t.Parallel()
	now := folder{"kinds.yaml": kindsYAML, "servers.yaml": serversYAML}
	pushed := now
	for i := range maxDrifted + 2 {
		pushed = pushed.with(fmt.Sprintf("m%02d.yaml", i), strings.ReplaceAll(otherYAML, "other", fmt.Sprintf("m%02d", i)))
	}
	w := newWorld(t, func(c *Config) { c.Dir = "" })
	w.push("c1", "", now, nil)
	_, a := w.push("c2", "c1", pushed, planned(t, "main", now, now))
	h, held := w.heldCheck(checkPlanDrifted)
	if !held || len(a.Problems) != maxDrifted || len(h.Problems) != maxDrifted || !strings.HasSuffix(h.Cause, "; and 11 more") {
		t.Fatalf("%+v, held %+v", a, h)
	}
	for i, p := range a.Problems {
		if p.File != fmt.Sprintf("m%02d.yaml", i) || !strings.HasPrefix(p.Text, "approved: no change; now: the push has text ") || !strings.HasSuffix(p.Fix, "zonecast held release "+h.ID) {
			t.Errorf("%+v", p)
		}
	}
}

func TestADamagedPlanIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *Config) { c.Dir = "" })
	files := folder{"kinds.yaml": kindsYAML, "servers.yaml": serversYAML}
	p := planned(t, "main", folder{}, files)
	p.Rules.After["servers.yaml"] = load.Hash(nil)
	if code, a := w.push("c1", "", files, p); code != 400 {
		t.Fatalf("%d %+v", code, a)
	}
}

func TestAWatchedFolderObeysThePlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *Config) { c.RequirePlan = true })
	w.eventually("held", func() bool { _, held := w.heldCheck(checkPlanMissing); return held })
	h, _ := w.heldCheck(checkPlanMissing)
	if len(infosOf(w)) != 0 || w.release(h.ID) != 200 || len(infosOf(w)) != 2 {
		t.Fatalf("%v, held %+v", infosOf(w), w.held())
	}
	w.write("servers.yaml", serversYAML+"\n")
	w.eventually("held again", func() bool { _, held := w.heldCheck(checkPlanMissing); return held })
}

func TestWhatPeopleWroteMeanwhileIsDrift(t *testing.T) {
	t.Parallel()
	now := folder{"kinds.yaml": kindsYAML, "servers.yaml": serversYAML}
	next := now.with("servers.yaml", serversYAML+"\n")
	owner, err := zone.ParseName("web1.prod.example.")
	if err != nil {
		t.Fatal(err)
	}
	record := func(ttl uint32) []row.HumanRecord {
		return []row.HumanRecord{{Zone: owner, File: "prod.example.yaml", Commit: "z1", Set: zone.RRset{Type: zone.TypeA, TTL: ttl}}}
	}
	for title, c := range map[string]struct {
		planned, loaded []row.HumanRecord
		glass           []row.HumanRecord // set by hand meanwhile, or before
		held            bool
	}{
		"nobody wrote":           {nil, nil, nil, false},
		"as it was":              {record(60), record(60), nil, false},
		"an override came":       {nil, record(60), nil, true},
		"an override went":       {record(60), nil, nil, true},
		"an override is new":     {record(60), record(300), nil, true},
		"set by hand meanwhile":  {record(60), record(60), record(30), true},
		"set by hand in between": {nil, nil, record(30), true},
		"set by hand before":     {append(record(60), record(30)...), record(60), record(30), false},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(c *Config) { c.Dir, c.RequirePlan = "", false })
			w.push("c1", "", now, nil)
			p := planned(t, "main", now, next)
			p.Changes = []plan.Change{{Name: owner, Written: plan.Written(c.planned, c.planned, nil)}}
			if err := p.Seal(); err != nil {
				t.Fatal(err)
			}
			zones, err := table.OpenWriter(t.Context(), w.st, "zones", table.Options{Instance: "test", Shards: 4})
			if err != nil {
				t.Fatal(err)
			}
			tx := zones.Begin()
			tx.Put("load", []byte(`{"commit":"z1"}`))
			if c.loaded != nil {
				tx.Put(row.PrefixName+owner.String(), row.EncodeHuman(c.loaded))
			}
			for _, h := range c.glass {
				text := func(v any) []byte {
					b, err := json.Marshal(v)
					if err != nil {
						t.Fatal(err)
					}
					return b
				}
				tx.Put(row.PrefixGlass+"g1", text(row.Glass{ID: "g1", Name: owner.String(), Record: h}))
				tx.Put(row.KeyGlass, text([]row.GlassNote{{ID: "g1", Name: owner.String()}}))
			}
			if err := table.Commit(t.Context(), tx); err != nil {
				t.Fatal(err)
			}
			code, a := w.push("c2", "c1", next, p)
			h, held := w.heldCheck(checkPlanDrifted)
			if code != 200 || held != c.held || (a.Status == load.StatusHeld) != c.held || held && !strings.Contains(h.Cause, owner.String()) {
				t.Fatalf("%d %+v, held %+v", code, a, w.held())
			}
		})
	}
}
