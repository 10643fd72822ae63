package rules

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"zonecast/internal/load"
	"zonecast/internal/plan"
	"zonecast/internal/table"
)

// ask plans a folder of rules; what is loaded with the same text comes without it.
func (w *world) plan(files folder) (map[string][]byte, plan.End) {
	w.t.Helper()
	ask := plan.Ask{Commit: "planned", Prefix: "rules/"}
	infos := infosOf(w)
	for path, text := range files {
		f := plan.File{Path: path, SHA256: load.Hash([]byte(text))}
		if infos[path].SHA256 != f.SHA256 {
			f.Data = []byte(text)
		}
		ask.Files = append(ask.Files, f)
	}
	code, body := w.ask(ask)
	if code != 200 {
		w.t.Fatalf("%d %s", code, body)
	}
	changes := map[string][]byte{}
	dec := json.NewDecoder(strings.NewReader(body))
	for {
		var line plan.Line
		if err := dec.Decode(&line); err != nil {
			w.t.Fatalf("%v: %s", err, body)
		}
		if line.End != nil {
			return changes, *line.End
		}
		changes[line.Generated.Name.String()] = line.Generated.Value
		if line.Generated.Source != "main" {
			w.t.Fatalf("%+v", line.Generated)
		}
	}
}

func (w *world) ask(ask plan.Ask) (int, string) {
	w.t.Helper()
	body, err := json.Marshal(ask)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.do("POST", "/v1/rules/plan?source=main", "application/json", string(body))
}

// settled waits until rules that were loaded have done their work.
func (w *world) settled() {
	w.t.Helper()
	w.eventually("settled", func() bool {
		done := false
		l := w.stage.lead.Load()
		return l != nil && l.look(w.t.Context(), func() error { done = len(l.backlog) == 0; return nil }) == nil && done
	})
}

const planKinds = `kinds:
  server:
    hostname: label
    ipv4: ipv4
    state: {enum: [up, down]}
    roles: {list: label, optional: true}
    numbers: {list: {of: label, number: int}, optional: true}
  router:
    hostname: label
    ipv4: ipv4
    state: {enum: [up, down]}
    roles: {list: label, optional: true}
    numbers: {list: {of: label, number: int}, optional: true}
`

// planModules are texts that files of a folder may have; "" is no file.
var planModules = map[string][]string{
	"kinds.yaml": {planKinds, strings.Replace(planKinds, "[up, down]", "[up, down, new]", 1), strings.Replace(planKinds, "  router:\n    hostname: label", "  router:\n    hostname: name", 1)},
	"servers.yaml": {serversYAML, strings.Replace(serversYAML, "kind: server\n", "kind: server\nttl: 60\n", 1), strings.ReplaceAll(serversYAML, "prod.", "dev."),
		strings.Replace(serversYAML, "'state ==", "'state !=", 1), strings.Replace(serversYAML, "kind: server", "kind: router", 1), "module: servers\nkind: none\n", "",
		"# a comment\n" + serversYAML, strings.Replace(serversYAML, "'{ipv4}'", "'{ipvfour}'", 1)},
	"pools.yaml": {"", poolText(`{at_most: 2}`, "server"), poolText(`{at_most: 1, sticky: true}`, "server"), poolText(`{at_most: 3, keep_last: 1, rotate: cyclic}`, "server"), poolText(`{at_most: 2}`, "router")},
	"numbers.yaml": {"", numberText("0", "zk", "server"), numberText("24h", "zk", "server"), numberText("0", "web", "server"), numberText("0", "zk", "router"),
		strings.Replace(numberText("0", "zk", "server"), "A\n", "A\n    ttl: 30\n", 1)},
	"other.yaml": {"", otherYAML, otherYAML + "tests:\n  - given: {id: a, hostname: a, ipv4: 192.0.2.1, state: up}\n    expect: wrong. 300 A 192.0.2.1\n"},
}

func poolText(pool, kind string) string {
	return "module: pools\nkind: " + kind + "\nwhen: 'state == \"up\"'\nrecords:\n  - each: roles\n    name: 'pool-{it}.prod.example.'\n    type: A\n    value: '{ipv4}'\n    pool: " + pool + "\n"
}

func numberText(grace, prefix, kind string) string {
	return "module: numbers\nkind: " + kind + "\nwhen: 'state == \"up\"'\nrecords:\n  - each: roles\n    when: 'it startsWith \"" + prefix + "\"'\n    number: {of: it, grace: " + grace +
		"}\n    name: '{it}-{n}.prod.example.'\n    type: A\n    value: '{ipv4}'\n"
}

func drawFolder(t *rapid.T, label string) folder {
	f := folder{}
	for _, path := range slices.Sorted(maps.Keys(planModules)) {
		text := rapid.SampledFrom(planModules[path]).Draw(t, label+" "+path)
		if f[path] = text; text == "" {
			delete(f, path)
		}
	}
	return f
}

// TestPlanIsWhatLoadingDoes: what a plan says is what the push does to table generated then.
func TestPlanIsWhatLoadingDoes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, func(c *Config) { c.Dir = ""; c.ModuleGuard.AtLeast = rapid.IntRange(1, 6).Draw(rt, "guard") })
		defer w.stop()
		if code, _ := w.push("c0", "", drawFolder(rt, "first").with("kinds.yaml", planKinds), nil); code != 200 {
			rt.Fatal(code)
		}
		var events []string
		for i := range rapid.IntRange(0, 25).Draw(rt, "entities") {
			e := member(fmt.Sprintf("h%d", i), i+1, rapid.SampledFrom([]string{"up", "up", "down"}).Draw(rt, "state"),
				rapid.SampledFrom([]string{"", "web", "zk", "web zk", "zk db"}).Draw(rt, "roles"), rapid.SampledFrom([][]string{nil, nil, {"zk=3"}}).Draw(rt, "pins")...)
			events = append(events, strings.Replace(e, `"server"`, rapid.SampledFrom([]string{`"server"`, `"router"`}).Draw(rt, "kind"), 1))
		}
		w.post(events...)
		w.settled()
		for round := range 3 {
			before := w.table("generated.main")
			held := len(w.held())
			next := drawFolder(rt, fmt.Sprint("round ", round))
			changes, end := w.plan(next)
			if now := w.table("generated.main"); !maps.EqualFunc(now, before, bytes.Equal) || len(w.held()) != held {
				rt.Fatal("a plan changed something")
			}
			_, a := w.push(fmt.Sprint("c", round+1), fmt.Sprint("c", round), next, nil)
			w.settled()
			if len(a.Problems) != len(end.Problems) || a.Status != load.StatusLoaded {
				rt.Fatalf("the push has problems %v, the plan %v", a.Problems, end.Problems)
			}
			for owner, value := range changes {
				if bytes.Equal(before[owner], value) {
					rt.Errorf("%s does not change", owner)
				}
				if before[owner] = value; value == nil {
					delete(before, owner)
				}
			}
			after := w.table("generated.main")
			if !maps.EqualFunc(after, before, bytes.Equal) {
				rt.Fatalf("planned %q\nloaded %q\nheld %+v", before, after, w.held())
			}
			for _, h := range w.held() {
				if (h.Unit == unitModuleFile || h.Unit == unitModule && len(h.Detail) > 0) && !slices.ContainsFunc(end.Stopped, func(s plan.Stop) bool {
					return s.Unit == h.Unit && s.Subject == h.Subject && s.Check == h.Check && s.Cause == h.Cause && s.CanFree == h.CanFree && s.Stage == "rules.main"
				}) {
					rt.Errorf("held is %+v; the plan stops %+v", h, end.Stopped)
				}
			}
		}
	})
}

func TestPlanQuestions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *Config) { c.Dir = "" })
	files := folder{"kinds.yaml": kindsYAML, "servers.yaml": serversYAML}
	w.push("c1", "", files, nil)
	w.post(put("web1", 1, 1, "up"), put("web2", 1, 2, "up"))
	changes, end := w.plan(files)
	if len(changes) != 0 || end.Loaded.Commit != "c1" || !maps.Equal(end.Files, files.hashes()) || len(end.Stopped)+len(end.Problems) != 0 {
		t.Errorf("an unchanged folder: %q %+v", changes, end)
	}
	if code, body := w.ask(plan.Ask{Loaded: true}); code != 200 || !strings.Contains(body, `"c1"`) {
		t.Errorf("what is loaded: %d %s", code, body)
	}
	if code, body := w.ask(plan.Ask{Files: []plan.File{{Path: "servers.yaml", SHA256: load.Hash([]byte("other"))}}}); code != 409 || !strings.Contains(body, "servers.yaml") {
		t.Errorf("a text that is not known: %d %s", code, body)
	}
	if code, body := w.do("POST", "/v1/rules/plan", "application/json", `{"files":[{"path":"../x","sha256":""}]}`); code != 400 {
		t.Errorf("a path that leads out: %d %s", code, body)
	}
	if code, body := w.do("POST", "/v1/rules/plan?source=lab", "application/json", `{}`); code != 503 || !strings.Contains(body, `"leader"`) {
		t.Errorf("another source: %d %s", code, body)
	}
	nothing := files.with("servers.yaml", strings.Replace(serversYAML, `"up"`, `"down"`, 1))
	changes, end = w.plan(nothing)
	if len(changes) != 0 || len(end.Stopped) != 1 || end.Stopped[0].Check != checkModuleGuard || !end.Stopped[0].CanFree || end.Stopped[0].Subject != "servers" {
		t.Errorf("a module that would give nothing: %q %+v", changes, end.Stopped)
	}
	gone := files.with("servers.yaml", "")
	if changes, end = w.plan(gone); len(changes) != 0 || len(end.Stopped) != 1 || end.Stopped[0].Check != "file-gone" {
		t.Errorf("a file that goes: %q %+v", changes, end.Stopped)
	}
	for range maxPlans {
		w.stage.plans.places <- struct{}{}
	}
	if code, body := w.ask(plan.Ask{Loaded: true}); code != 429 {
		t.Errorf("one too many: %d %s", code, body)
	}
	<-w.stage.plans.places
	if code, body := w.ask(plan.Ask{Loaded: true}); code != 200 {
		t.Errorf("with a place: %d %s", code, body)
	}
}

// TestOnlyChangedModulesAreEvaluated: the cost of a plan follows the change.
func TestOnlyChangedModulesAreEvaluated(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *Config) { c.Dir = "" })
	files := folder{"kinds.yaml": planKinds, "servers.yaml": serversYAML, "other.yaml": otherYAML, "numbers.yaml": numberText("0", "zk", "router")}
	w.push("c1", "", files, nil)
	w.post(put("web1", 1, 1, "up"))
	l := w.stage.lead.Load()
	var c *lead
	if err := l.look(t.Context(), func() error { c = l.rehearse(); return nil }); err != nil {
		t.Fatal(err)
	}
	var ask plan.Ask
	for path, text := range files.with("other.yaml", otherYAML+"ttl: 60\n") {
		ask.Files = append(ask.Files, plan.File{Path: path, SHA256: load.Hash([]byte(text)), Data: []byte(text)})
	}
	changes, _, err := c.foresee(t.Context(), ask)
	if err != nil || len(changes) != 1 || changes[0].Key != "o-web1.prod.example." {
		t.Fatal(changes, err)
	}
	if still := c.engine.still; len(still) != 1 || !still["servers"] { // numbered ones are, for others may take their numbers
		t.Fatalf("taken as they are: %v", still)
	}
	tx := c.inv.Begin()
	tx.Put("x", nil)
	if err := table.Commit(t.Context(), tx); err == nil {
		t.Fatal("a rehearsal wrote")
	}
}
