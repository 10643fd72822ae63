package presenter

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"zonecast/internal/load"
	"zonecast/internal/plan"
)

// begin starts a plan of loading files, and leaves it where nothing was looked at yet.
func (r *rig) begin(files ...string) (*planner, *termGround, plan.Ask) {
	r.t.Helper()
	t := r.s.term.Load()
	o, g, err := t.survey(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	a := plan.Ask{Commit: "next"}
	for i := 0; i < len(files); i += 2 {
		a.Files = append(a.Files, fileOf(files[i], files[i+1]))
	}
	return newPlanner(o, g, t.cfg, t.log), g, a
}

func (p *planner) list(t *testing.T) map[string]plan.Change {
	t.Helper()
	out := map[string]plan.Change{}
	if err := p.each(func(c plan.Change) error { out[c.Name.String()] = c; return nil }); err != nil {
		t.Fatal(err)
	}
	return out
}

// What an event changes while a plan is made is no work of the push: neither at a name that the push touches, nor at one
// that only the new zone makes part of it.
func TestEventsWhileAPlanIsMade(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.generate("db1.example.com. A 192.0.2.10", "web.new.example.net. A 192.0.2.20")
	r.push("c1", true, "example.com.yaml", small)
	r.serves("db1.example.com.", "300 A 192.0.2.10")
	p, g, ask := r.begin("example.com.yaml", small+"db1:\n  type: TXT\n  value: x\n", "new.example.net.yaml", "{}\n")
	defer g.end(t.Context())
	r.generate("db1.example.com. A 192.0.2.11", "late.new.example.net. A 192.0.2.21", "other.example.com. A 192.0.2.12")
	r.serves("db1.example.com.", "300 A 192.0.2.11")
	if err := p.run(t.Context(), ask); err != nil {
		t.Fatal(err)
	}
	got := p.list(t)
	for n, types := range map[string]string{"db1.example.com.": "TXT", "web.new.example.net.": "A", "late.new.example.net.": "A", "new.example.net.": "SOA"} {
		c, ok := got[n]
		if !ok || len(c.Sets) != 1 || c.Sets[0].Type.String() != types || c.Sets[0].Before != nil {
			t.Errorf("%s: %+v", n, c)
		}
		delete(got, n)
	}
	if len(got) > 0 {
		t.Errorf("not of the push: %+v", got)
	}
}

// A plan whose ground changes is begun again: by a load, and by a delegation that an event makes.
func TestAPlanIsOvertaken(t *testing.T) {
	t.Parallel()
	for title, change := range map[string]func(r *rig){
		"load": func(r *rig) { r.push("c2", true, "example.com.yaml", small+"w:\n  type: A\n  value: 192.0.2.1\n") },
		"delegation": func(r *rig) {
			r.generate("sub.example.com. NS ns1.example.net.")
			r.serves("sub.example.com.", "300 NS ns1.example.net.")
		},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, nil)
			r.push("c1", true, "example.com.yaml", small)
			p, g, ask := r.begin("example.com.yaml", small+"a.sub:\n  type: TXT\n  value: x\n")
			defer g.end(t.Context())
			change(r)
			if err := p.run(t.Context(), ask); !errors.Is(err, errOvertaken) {
				t.Fatal(err)
			}
		})
	}
}

// A delegation that comes while the plan is made, and that only the push brings to light, reaches further than its name.
func TestADelegationThatThePushUncovers(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.push("c1", true, "example.com.yaml", small+"hidden:\n  zonecast: {mode: mask, scope: name}\n")
	p, g, ask := r.begin("example.com.yaml", small)
	defer g.end(t.Context())
	if err := p.work(t.Context(), ask); err != nil {
		t.Fatal(err)
	}
	r.generate("hidden.example.com. NS ns1.example.net.")
	r.settled()
	if err := p.catchUp(t.Context()); !errors.Is(err, errOvertaken) {
		t.Fatal(err)
	}
}

// While all names are compared at the start, what is presented is not yet what the inputs give.
func TestNoPlanDuringTheFirstComparison(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	began := r.s.newTerm()
	began.sweep = &sweep{}
	go func() {
		j := <-began.jobs
		j.done <- j.run()
	}()
	if _, _, err := began.survey(t.Context()); !errors.Is(err, errSweeping) {
		t.Fatal(err)
	}
}

func TestPlansAreBounded(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.push("c1", true, "example.com.yaml", small)
	for range maxPlans {
		leave, err := r.s.plans.enter()
		if err != nil {
			t.Fatal(err)
		}
		defer leave()
	}
	if code := r.call("POST", "/v1/zones/plan", plan.Ask{Loaded: true}, nil); code != http.StatusTooManyRequests {
		t.Fatal(code)
	}
}

// Those who ask stand behind one another, and not in a push's way.
func TestAPushIsNotBehindQuestions(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.push("c1", true, "example.com.yaml", small)
	p := r.reviewed("example.com.yaml", small+"www:\n  type: A\n  value: 192.0.2.1\n")
	term := r.s.term.Load()
	term.plans.asking <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	asked := make(chan error)
	go func() {
		_, err := term.question(ctx, plan.Ask{Loaded: true})
		asked <- err
	}()
	if a, code := r.pushPlan("c2", p, "example.com.yaml", small+"www:\n  type: A\n  value: 192.0.2.1\n"); code != 200 || a.Status != load.StatusLoaded {
		t.Fatal(code, a)
	}
	cancel()
	if err := <-asked; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

func TestBadQuestions(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.push("c1", true, "example.com.yaml", small)
	wrong := fileOf("example.com.yaml", small)
	wrong.SHA256 = strings.Repeat("0", 64)
	bare := fileOf("other.example.yaml", "{}\n")
	bare.Data = nil
	for title, c := range map[string]struct {
		ask  plan.Ask
		code int
	}{
		"another hash than it has": {plan.Ask{Files: []plan.File{wrong}}, http.StatusConflict},
		"no text, and not loaded":  {plan.Ask{Files: []plan.File{bare}}, http.StatusConflict},
		"twice":                    {plan.Ask{Files: []plan.File{bare, bare}}, http.StatusBadRequest},
		"a path out of the folder": {plan.Ask{Files: []plan.File{fileOf("../x.yaml", "{}")}}, http.StatusBadRequest},
		"an unknown source":        {plan.Ask{Loaded: true, Generated: []plan.Generated{{Source: "x", Name: name(t, "a.example.com.")}}}, http.StatusBadRequest},
		"no row":                   {plan.Ask{Loaded: true, Generated: []plan.Generated{{Source: "main", Name: name(t, "a.example.com."), Value: []byte("nonsense")}}}, http.StatusBadRequest},
		"a long commit":            {plan.Ask{Commit: strings.Repeat("x", 200)}, http.StatusBadRequest},
	} {
		if code := r.call("POST", "/v1/zones/plan", c.ask, nil); code != c.code {
			t.Errorf("%s: %d, want %d", title, code, c.code)
		}
	}
}

// FuzzPlan: whatever comes as a question, it is refused or answered.
func FuzzPlan(f *testing.F) {
	f.Add(`{"commit":"c","files":[{"path":"example.com.yaml","sha256":"00","data":"e30K"}]}`)
	f.Add(`{"loaded":true,"generated":[{"source":"main","name":"a.example.com.","value":"AQ=="}]}`)
	f.Fuzz(func(t *testing.T, body string) {
		a, err := load.DecodeAsk(strings.NewReader(body))
		if err != nil {
			return
		}
		cfg := DefaultConfig()
		g, o := newFolders(cfg, Inputs{}, Inputs{}, false, time.Unix(1e9, 0))
		p := newPlanner(o, g, cfg, slog.New(slog.DiscardHandler))
		if p.run(t.Context(), a) == nil {
			_ = p.each(func(plan.Change) error { return nil })
			p.end()
		}
	})
}
