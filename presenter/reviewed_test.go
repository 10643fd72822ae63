package presenter

import (
	"cmp"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zonecast/internal/checkout"
	"zonecast/internal/load"
	"zonecast/internal/plan"
	"zonecast/internal/row"
	"zonecast/internal/table"
)

// reviewed makes the plan that people approve, of files given as path and text in turn.
func (r *rig) reviewed(files ...string) *plan.Plan {
	r.t.Helper()
	changes, end := r.planOf(files...)
	p := &plan.Plan{Format: plan.Format, Made: time.Now(), Against: plan.Against{Kind: plan.Live}, Changes: changes, Stopped: end.Stopped,
		Zones: &plan.Files{Commit: "next", Loaded: end.Loaded.Commit, Before: end.Files, After: map[string]string{}},
		Rules: &plan.Files{Source: "main", Before: map[string]string{}}}
	for i := 0; i < len(files); i += 2 {
		if hash := load.Hash([]byte(files[i+1])); end.Files[files[i]] != hash {
			p.Zones.After[files[i]] = hash
		}
	}
	if err := p.Seal(); err != nil {
		r.t.Fatal(err)
	}
	return p
}

// pushPlan pushes files with the plan that was approved.
func (r *rig) pushPlan(commit string, p *plan.Plan, files ...string) (a load.Answer, code int) {
	r.t.Helper()
	body := checkout.Push{Set: checkout.Set{Commit: commit, Prefix: "zones/"}, Descends: true, Plan: p}
	for i := 0; i < len(files); i += 2 {
		body.Files = append(body.Files, checkout.File{Path: files[i], Data: []byte(files[i+1])})
	}
	v, err := table.Read(r.t.Context(), r.st, "zones")
	if err != nil {
		r.t.Fatal(err)
	}
	current, _, _ := load.Loaded(v)
	body.Base = current.Commit
	code = r.call("PUT", "/v1/zones", body, &a)
	return a, code
}

func (r *rig) heldPush() row.Held {
	r.t.Helper()
	for _, h := range r.heldByID() {
		if h.Unit == unitPush {
			return h
		}
	}
	return row.Held{}
}

const db1 = "db1:\n  type: A\n  value: 192.0.2.99\n  zonecast: {mode: replace}\n"

func TestOnlyWhatWasReviewedLoads(t *testing.T) {
	t.Parallel()
	const www, other = "www:\n  type: A\n  value: 192.0.2.1\n", "other:\n  type: A\n  value: 192.0.2.7\n"
	for title, c := range map[string]struct {
		between func(r *rig) // the review and the push
		edit    func(p *plan.Plan)
		pushed  string // of example.com.yaml, besides what stands in small
		code    int
		check   string // that holds the push; "": it loads
		names   string // what the cause says
	}{
		"as it was reviewed": {pushed: www + db1},
		"an event of the inventory at another name": {pushed: www + db1, between: func(r *rig) {
			r.generate("new.example.com. A 192.0.2.50")
			r.serves("new.example.com.", "300 A 192.0.2.50")
		}},
		"an event of the inventory at a name of the plan": {pushed: www + db1, between: func(r *rig) {
			r.generate("db1.example.com. A 192.0.2.77")
			r.serves("db1.example.com.", "300 A 192.0.2.77")
		}},
		"a host of the plan is gone": {pushed: www + db1, between: func(r *rig) {
			r.generate("db1.example.com.")
			r.serves("db1.example.com.", "")
		}},
		"other people changed another name": {pushed: www + db1 + other, between: func(r *rig) {
			r.push("between", true, "example.com.yaml", small+"www:\n  type: A\n  value: 192.0.2.9\n"+other)
		}, edit: func(p *plan.Plan) {
			p.Zones.After["example.com.yaml"] = load.Hash([]byte(small + www + db1 + other))
			_ = p.Seal()
		}, check: checkPlanDrifted, names: "www.example.com."},
		"somebody set a record by hand": {pushed: www + db1, check: checkPlanDrifted, names: "db1.example.com.", between: func(r *rig) {
			r.set(GlassAsk{Name: "db1.example.com.", Type: "A", Values: []string{"192.0.2.66"}, Reason: "INC-1", By: "ops@example.com", Expires: "4h"})
		}},
		"another text is pushed": {pushed: www + db1 + other, check: checkPlanDrifted, names: "example.com.yaml: the push has"},
		"a rule was changed": {pushed: www + db1, check: checkPlanDrifted, names: "db1.example.com.", between: func(r *rig) {
			w, err := table.OpenWriter(r.t.Context(), r.st, "rules.main", table.Options{Instance: "rules"})
			if err != nil {
				r.t.Fatal(err)
			}
			tx := w.Begin()
			load.PutFile(tx, checkout.File{Path: "servers.yaml", Data: []byte("module: servers")}, "c", "")
			if err := table.Commit(r.t.Context(), tx); err != nil {
				r.t.Fatal(err)
			}
			r.generate("db1.example.com. A 192.0.2.77")
			r.serves("db1.example.com.", "300 A 192.0.2.77")
		}},
		"the plan's rules are not loaded": {pushed: www + db1, check: checkPlanDrifted, names: "db1.example.com.", between: func(r *rig) {
			r.generate("db1.example.com. A 192.0.2.77")
			r.serves("db1.example.com.", "300 A 192.0.2.77")
		}, edit: func(p *plan.Plan) {
			p.Rules.After = map[string]string{"servers.yaml": load.Hash([]byte("{}"))}
			_ = p.Seal()
		}},
		"the plan is of rules alone":     {pushed: www + db1, edit: func(p *plan.Plan) { p.Zones = nil; _ = p.Seal() }, check: checkPlanDrifted, names: "not about zone files"},
		"the plan was edited":            {pushed: www + db1, edit: func(p *plan.Plan) { p.Changes = p.Changes[1:] }, code: http.StatusBadRequest},
		"the plan is of a later program": {pushed: www + db1, edit: func(p *plan.Plan) { p.Format++; _ = p.Seal() }, code: http.StatusBadRequest},
		"no plan":                        {pushed: www + db1, edit: func(p *plan.Plan) { *p = plan.Plan{} }, check: checkPlanMissing, names: "require_plan"},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, nil)
			r.generate("db1.example.com. A 192.0.2.10")
			r.push("c1", true, "example.com.yaml", small)
			r.serves("db1.example.com.", "300 A 192.0.2.10")
			p := r.reviewed("example.com.yaml", small+www+db1)
			if c.between != nil {
				c.between(r)
			}
			if c.edit != nil {
				c.edit(p)
			}
			if p.Format == 0 {
				p = nil
				r.cfg.RequirePlan = true
				r.start()
			}
			a, code := r.pushPlan("c2", p, "example.com.yaml", small+c.pushed)
			if code != cmp.Or(c.code, http.StatusOK) {
				t.Fatalf("status %d", code)
			}
			loaded := strings.Contains(setLine(r.now("www.example.com.").Sets, 1), "192.0.2.1]")
			h := r.heldPush()
			switch {
			case c.check == "" && c.code == 0 && (a.Status != load.StatusLoaded || !loaded):
				t.Fatalf("not loaded: %+v: %s", a, h.Cause)
			case c.check != "" && (a.Status != load.StatusHeld || loaded || h.ID != a.HeldID || h.Check != c.check || !strings.Contains(h.Cause, c.names)):
				t.Fatalf("not held: %+v, %+v", a, h)
			case c.code != 0 && loaded:
				t.Fatal("loaded")
			}
			if c.check == "" {
				return
			}
			if code := r.call("POST", "/v1/stages/presenter/held/"+h.ID+"/release", map[string]string{"reason": "it is what we want"}, nil); code != 200 {
				t.Fatal("a release is refused:", code)
			}
			if got := setLine(r.now("www.example.com.").Sets, 1); !strings.Contains(got, "192.0.2.1]") || r.heldPush().ID != "" {
				t.Fatalf("released, and not loaded: %s", got)
			}
		})
	}
}

// The watched folder obeys too: without a plan it cannot say what people approved.
func TestTheFolderNeedsAPlanToo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "example.com.yaml"), []byte(small), 0o600); err != nil {
		t.Fatal(err)
	}
	r := newRig(t, func(c *Config) { c.Zones, c.RequirePlan = dir, true })
	if h := r.heldPush(); h.Check != checkPlanMissing || len(r.now("example.com.").Sets) != 0 {
		t.Fatal("loaded without a plan")
	}
	p := r.reviewed("example.com.yaml", small)
	if a, code := r.pushPlan("c1", p, "example.com.yaml", small); code != 200 || a.Status != load.StatusLoaded {
		t.Fatalf("%d %+v", code, a)
	}
	if len(r.now("example.com.").Sets) == 0 || r.heldPush().ID != "" {
		t.Fatal("the approved plan was not loaded")
	}
}

// loadRules writes a file of a source's rules, as its stage does.
func (r *rig) loadRules(source, text string) string {
	r.t.Helper()
	w, err := table.OpenWriter(r.t.Context(), r.st, "rules."+source, table.Options{Instance: "rules"})
	if err != nil {
		r.t.Fatal(err)
	}
	tx := w.Begin()
	load.PutFile(tx, checkout.File{Path: "servers.yaml", Data: []byte(text)}, "c", "")
	if err := table.Commit(r.t.Context(), tx); err != nil {
		r.t.Fatal(err)
	}
	return load.Hash([]byte(text))
}

// A record moves from a zone file into rules: it is there all the time, though the rules' records come after their load.
func TestAPushWaitsForItsRules(t *testing.T) {
	t.Parallel()
	const mail = "mail:\n  type: A\n  value: 192.0.2.5\n  ttl: 300\n"
	r := newRig(t, nil)
	r.push("c1", true, "example.com.yaml", small+mail)
	r.serves("mail.example.com.", "300 A 192.0.2.5")
	p := r.reviewed("example.com.yaml", small)
	for i := range p.Changes { // with the rules' record the name answers as before
		for j, s := range p.Changes[i].Sets {
			p.Changes[i].Sets[j].After, p.Changes[i].Kind = s.Before, plan.Touched
		}
	}
	p.Rules.After = map[string]string{"servers.yaml": r.loadRules("main", "module: servers")}
	if err := p.Seal(); err != nil {
		t.Fatal(err)
	}
	type result struct {
		a    load.Answer
		code int
	}
	done := make(chan result, 1)
	go func() {
		a, code := r.pushPlan("c2", p, "example.com.yaml", small)
		done <- result{a, code}
	}()
	r.generate("mail.example.com. A 192.0.2.5")
	if got := <-done; got.code != 200 || got.a.Status != load.StatusLoaded {
		t.Fatalf("%+v %+v", got, r.heldPush())
	}
	r.serves("mail.example.com.", "300 A 192.0.2.5")
}

// Rules of a source that the plan is not of count by what they say, and not by anybody's clock.
func TestRulesOfOtherSources(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *Config) { c.Sources = []string{"main", "extra"} })
	hash := r.loadRules("extra", "module: servers")
	for title, c := range map[string]struct {
		files map[string]string
		want  bool
	}{
		"as they were": {map[string]string{"servers.yaml": hash}, true},
		"others":       {map[string]string{"servers.yaml": "0"}, false},
		"new":          {nil, false},
	} {
		p := &plan.Plan{Made: time.Now().Add(time.Hour), Rules: &plan.Files{Source: "main"}, Others: map[string]string{"extra": plan.Fingerprint(c.files)}}
		if got, err := r.s.term.Load().sameRules(t.Context(), p); err != nil || got != c.want {
			t.Errorf("%s: %v, %v", title, got, err)
		}
	}
}
