package rules

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"zonecast/internal/row"
	"zonecast/internal/table"
)

const poolsYAML = `module: pools
kind: server
when: 'state == "up"'
records:
  - each: roles
    when: 'it == "ntp"'
    name: 'ntp.prod.example.'
    type: A
    value: '{ipv4}'
    pool: {at_most: 1, keep_last: 1, sticky: true}
  - each: roles
    when: 'it == "web"'
    name: 'web.prod.example.'
    type: A
    value: '{ipv4}'
    pool: {at_most: 2, keep_last: 2, rotate: cyclic, order: hostname}
`

func newPoolWorld(t testing.TB, more map[string]string) *world {
	return newWorld(t, func(c *Config) {
		files := map[string]string{"kinds.yaml": numberedKinds, "servers.yaml": poolsYAML}
		for name, text := range more {
			files[name] = text
		}
		for name, text := range files {
			if err := os.WriteFile(filepath.Join(c.Dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// pool says who is in the pool of a name: "a b (c) -d" where c is kept and d stands by.
func (w *world) pool(owner string) string {
	w.t.Helper()
	value, ok := w.table("generated.main")[owner]
	if !ok {
		return ""
	}
	list, err := row.DecodeContributions(value)
	if err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for _, c := range list {
		_, entity, _ := strings.Cut(c.Entity, "/")
		switch c.Standings[0].State {
		case row.Kept:
			entity = "(" + entity + ")"
		case row.Standby:
			entity = "-" + entity
		}
		out = append(out, entity)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func TestPoolsAreNeverEmpty(t *testing.T) {
	t.Parallel()
	w := newPoolWorld(t, nil)
	want := func(step, ntp, web string) {
		t.Helper()
		if a, b := w.pool("ntp.prod.example."), w.pool("web.prod.example."); a != ntp || b != web {
			t.Fatalf("%s: ntp %q, web %q, want %q and %q", step, a, b, ntp, web)
		}
	}
	w.post(member("b", 2, "up", "ntp web"))
	want("one", "b", "b")
	w.post(member("a", 1, "up", "ntp web"), member("c", 3, "up", "ntp web"))
	want("three", "-a -c b", "-c a b")
	w.restart()
	w.post(member("a", 1, "up", "web"))
	want("one leaves, another stays", "-c b", "-c a b")
	w.post(member("c", 3, "down", "ntp web"))
	want("a standby leaves", "b", "a b")
	w.post(gone("a"), gone("b"))
	want("all leave", "(b)", "(a) (b)")
	w.restart()
	if kept := w.stage.lead.Load().kept; kept != 3 {
		t.Errorf("%d kept members are counted, want 3", kept)
	}
	w.post(member("d", 4, "up", "web"))
	want("a new one", "(b)", "(a) d")
	w.post(member("e", 5, "up", "web ntp"))
	want("another", "e", "d e")
	for key := range w.table("inventory.main") {
		if key == row.PrefixPool+"web.prod.example." {
			t.Error("a row of pools from which nothing is to be known")
		}
	}
	w.post(gone("d"), gone("e"))
	w.write("servers.yaml", strings.ReplaceAll(poolsYAML, "keep_last: 2, ", ""))
	w.eventually("web is not kept any more", func() bool { return w.pool("web.prod.example.") == "" })
	want("ntp is", "(e)", "")
	if code, text := w.do("GET", "/metrics", "", ""); code != 200 || !strings.Contains(text, `zonecast_rules_pool_kept{source="main"} 1`) {
		t.Errorf("%d: the metrics do not say that one member is kept", code)
	}
	w.write("servers.yaml", strings.ReplaceAll(strings.ReplaceAll(poolsYAML, "keep_last: 2, ", ""), "'ntp.prod", "'time.prod"))
	w.eventually("the old name is not kept", func() bool { return w.pool("ntp.prod.example.") == "" })
}

// What the module guard kept of a pool left by events: a release leaves the last members as any event does.
func TestAReleaseDoesNotEmptyAPool(t *testing.T) {
	t.Parallel()
	w := newPoolWorld(t, nil)
	w.stop()
	w.cfg.ModuleGuard.AtLeast, w.cfg.ModuleGuard.Share, w.cfg.ModuleGuard.AtMost = 1, 0.01, 1
	w.start()
	w.post(member("a", 1, "up", "web"), member("b", 2, "up", "web"), member("c", 3, "up", "web"))
	w.post(member("a", 1, "down", "web"), member("b", 2, "down", "web"), member("c", 3, "down", "web"))
	h, ok := w.heldCheck(checkModuleGuard)
	if got := w.pool("web.prod.example."); got != "b c" || !ok {
		t.Fatal(got)
	}
	w.release(h.ID)
	w.eventually("the release", func() bool { return w.pool("web.prod.example.") == "(b) (c)" })
	checkBuilt(t, w)
}

// What is kept, with those that came since, may be more than a row holds: less is kept then, and the commit goes through.
func TestKeptMembersFitTheRow(t *testing.T) {
	t.Parallel()
	w := newPoolWorld(t, map[string]string{"kinds.yaml": numberedKinds + "  text:\n    text: string\n",
		"texts.yaml": "module: texts\nkind: text\nrecords:\n  - name: 'texts.example.'\n    type: TXT\n    value: '{text}'\n    pool: {at_most: 200, keep_last: 200}\n"})
	text := strings.TrimSpace(strings.Repeat(strings.Repeat("x", 200)+" ", 20))
	for round := range 2 {
		var come, leave []string
		for i := range 25 {
			id := fmt.Sprintf("r%d-%d", round, i)
			come = append(come, fmt.Sprintf(`{"op":"put","kind":"text","id":%q,"attrs":{"text":"%s %s"}}`, id, id, text))
			leave = append(leave, fmt.Sprintf(`{"op":"delete","kind":"text","id":%q}`, id))
		}
		for _, a := range w.post(come...) {
			if a.Status != "accepted" {
				t.Fatalf("round %d: %+v", round, a)
			}
		}
		if round == 0 {
			w.post(leave...)
		}
	}
	got := strings.Fields(w.pool("texts.example."))
	kept := slices.IndexFunc(got, func(e string) bool { return e[0] != '(' })
	if len(got)-kept != 25 || kept == 0 {
		t.Fatalf("%d members, %d kept", len(got)-kept, kept)
	}
	checkBuilt(t, w)
}

// Entities that change while their module does not load leave its pools once it does, as by any event: the last ones are kept.
func TestAPoolIsNotEmptyAfterItsModuleWasFrozen(t *testing.T) {
	t.Parallel()
	w := newPoolWorld(t, nil)
	w.stop()
	w.cfg.Vars = map[string]string{"zone": "prod.example."}
	w.start()
	w.write("servers.yaml", strings.ReplaceAll(poolsYAML, "'web.prod.example.'", "'web.{vars.zone}'"))
	w.eventually("loaded", func() bool {
		return strings.Contains(string(w.table("rules.main")["file/servers.yaml#0000"]), "{vars.zone}'")
	})
	w.post(member("a", 1, "up", "web"), member("b", 2, "up", "web"), member("c", 3, "up", "ntp"))
	w.stop()
	vars := w.cfg.Vars
	w.cfg.Vars = nil
	w.start()
	w.post(member("a", 1, "down", "web"), member("b", 2, "down", "web"))
	if got := w.pool("web.prod.example."); got != "a b" {
		t.Fatalf("a module that does not load: %s", got)
	}
	w.stop()
	w.cfg.Vars = vars
	w.start()
	w.eventually("it loads again", func() bool { return w.pool("web.prod.example.") == "(a) (b)" })
}

// Who leaves because the rules changed is not kept.
func TestRulesEmptyAPool(t *testing.T) {
	t.Parallel()
	w := newPoolWorld(t, nil)
	w.post(member("a", 1, "up", "web"))
	w.write("servers.yaml", strings.ReplaceAll(poolsYAML, `it == "web"`, `it == "www"`))
	h := row.Held{}
	w.eventually("the module guard", func() (ok bool) { h, ok = heldUnit(w, unitModule); return ok })
	if got := w.pool("web.prod.example."); got != "a" {
		t.Fatal(got)
	}
	w.release(h.ID)
	w.eventually("the pool is empty", func() bool { return w.pool("web.prod.example.") == "" })
}

// A pool name carries thousands, of which only few are served: their size does not count against the RRset's.
func TestALargePoolOfFew(t *testing.T) {
	t.Parallel()
	w := newPoolWorld(t, nil)
	var events []string
	for i := range 1800 {
		events = append(events, fmt.Sprintf(`{"op":"put","kind":"server","id":"m%04d","attrs":{"hostname":"m%04d","ipv4":"198.51.%d.%d","state":"up","roles":["web"]}}`, i, i, i>>8, i&255))
	}
	for _, a := range w.post(events...) {
		if a.Status != "accepted" {
			t.Fatalf("%+v", a)
		}
	}
	if got := strings.Fields(w.pool("web.prod.example.")); len(got) != 1800 || strings.Join(got[1798:], " ") != "m0000 m0001" {
		t.Fatal(len(got), got[len(got)-3:])
	}
	w.post(gone("m0000"))
	if got := strings.Fields(w.pool("web.prod.example.")); len(got) != 1799 || strings.Join(got[1797:], " ") != "m0001 m0002" {
		t.Fatal(len(got), got[len(got)-3:])
	}
}

// After a crash in the middle of a group, choices, kept members and numbers are made anew from the inventory's rows.
func TestP2PoolsAreMended(t *testing.T) {
	t.Parallel()
	w := newPoolWorld(t, map[string]string{"mixed.yaml": mixedYAML})
	w.post(member("b", 2, "up", "ntp web zk"), member("c", 3, "up", "zk"))
	w.post(member("a", 1, "up", "ntp web"), gone("b"))
	w.post(gone("a"))
	whole := w.generated()
	if w.pool("web.prod.example.") != "(a) (b)" {
		t.Fatalf("%v", whole)
	}
	w.stop()
	gen, err := table.OpenWriter(t.Context(), w.st, "generated.main", table.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tx := gen.Begin()
	for _, owner := range []string{"web.prod.example.", "zk-2.prod.example."} {
		tx.Delete(owner)
	}
	if err := table.Commit(t.Context(), tx); err != nil {
		t.Fatal(err)
	}
	leaveOpen(t, w.st, "generated.main")
	w.start()
	if got := w.generated(); !maps.Equal(got, whole) {
		t.Fatalf("generated %v, want %v", got, whole)
	}
}

// The guard sees what a changed module with numbers would take away.
func TestP2NumberedModulesAreTried(t *testing.T) {
	t.Parallel()
	w := newNumberedWorld(t)
	w.post(member("a", 1, "up", "zk"), member("b", 2, "up", "zk"))
	w.write("servers.yaml", strings.Replace(numberedYAML, `it startsWith "zk"`, `it startsWith "kz"`, 1))
	w.eventually("the guard", func() bool { _, ok := heldUnit(w, unitModule); return ok })
	if got := w.who("zk"); got != "1=a 2=b" {
		t.Fatal(got)
	}
	w.write("servers.yaml", strings.Replace(numberedYAML, "{it}-{n}", "{it}-{n + 4}", 1))
	w.eventually("a change that takes nothing away", func() bool { return w.who("zk") == "5=a 6=b" })
}
