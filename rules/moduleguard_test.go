package rules

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"

	"zonecast/internal/inventory"
)

// servers posts n servers that are up and gives what they make.
func servers(w *world, n int) map[string]string {
	w.t.Helper()
	events := make([]string, n)
	for i := range n {
		events[i] = put(fmt.Sprintf("web%d", i), 1, i, "up")
	}
	for _, a := range w.post(events...) {
		if a.Status != inventory.Accepted {
			w.t.Fatalf("%+v", a)
		}
	}
	return w.generated()
}

const nothingYAML = `module: servers
kind: server
when: 'state == "down"'
records: [{name: '{hostname}.prod.example.', type: A, value: '{ipv4}'}]
`

// TestP2AModuleThatSuddenlyGivesNothingIsHeld: an edit that empties a module, however few entities there are, is not in
// force before somebody releases it, and nothing of it is committed.
func TestP2AModuleThatSuddenlyGivesNothingIsHeld(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	whole := servers(w, 3)
	w.write("servers.yaml", nothingYAML)
	w.eventually("held", func() bool { _, ok := w.heldCheck(checkModuleGuard); return ok })
	h, _ := w.heldCheck(checkModuleGuard)
	if h.Unit != unitModule || h.Subject != "servers" || !h.CanFree || !strings.Contains(h.Cause, "nothing at all: 3 entities") ||
		!strings.Contains(h.Effect, "6 names") || !strings.Contains(h.Effect, "server/web0") {
		t.Fatalf("%+v", h)
	}
	if got := w.generated(); !maps.Equal(got, whole) {
		t.Fatalf("%v", got)
	}
	w.post(put("web9", 1, 9, "up")) // the last good version goes on
	if w.generated()["web9.prod.example."] == "" {
		t.Fatal("the last good version is not in force")
	}
	w.restart()
	if again, ok := w.heldCheck(checkModuleGuard); !ok || again.ID != h.ID || again.Since != h.Since || len(w.generated()) != 5 {
		t.Fatalf("after a restart: %+v %v", again, w.generated())
	}
	if code := w.release(h.ID); code != 200 {
		t.Fatal(code)
	}
	w.eventually("released", func() bool { return len(w.held()) == 0 && len(w.generated()) == 0 })
	w.restart()
	if len(w.held()) != 0 || len(w.generated()) != 0 {
		t.Fatalf("the folder has the released text: %v", w.held())
	}
}

// TestP2AModuleThatLosesMuchIsHeldUntilMended also sees a module that is given another name.
func TestP2AModuleThatLosesMuchIsHeldUntilMended(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	whole := servers(w, 40)
	few := strings.Replace(serversYAML, `state == "up"`, `state == "up" and not (hostname endsWith "7") and hostname < "web29"`, 1)
	few = strings.Replace(few, "module: servers", "module: hosts", 1)
	w.write("servers.yaml", few)
	w.eventually("held", func() bool { _, ok := w.heldCheck(checkModuleGuard); return ok })
	if h, _ := w.heldCheck(checkModuleGuard); !strings.Contains(h.Cause, "of 40 entities would lose their records; at most 10 may") {
		t.Fatalf("%+v", h)
	}
	if got := w.generated(); !maps.Equal(got, whole) {
		t.Fatalf("%v", got)
	}
	w.write("servers.yaml", strings.Replace(serversYAML, `state == "up"`, `state == "up" and not (hostname endsWith "7")`, 1))
	w.eventually("what loses little goes through", func() bool { return len(w.held()) == 0 && len(w.generated()) == 37 })
}

// TestP2AModuleIsTriedWhileItsFirstEvaluationIsUnderWay: what it gave by then counts.
func TestP2AModuleIsTriedWhileItsFirstEvaluationIsUnderWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	whole := servers(w, 3)
	l := w.stage.lead.Load()
	if err := l.do(t.Context(), &job{run: func(_ context.Context, b *batch) error { b.inv.Delete(keyRules); return nil }}); err != nil {
		t.Fatal(err) // the row is written with the last stretch
	}
	w.write("servers.yaml", nothingYAML)
	w.eventually("held", func() bool { _, ok := w.heldCheck(checkModuleGuard); return ok })
	if got := w.generated(); !maps.Equal(got, whole) {
		t.Fatalf("%v", got)
	}
}

// TestP2VarsThatEmptyAModuleFreezeIt: there is no other text to fall back to, so what it gave stays as it is.
func TestP2VarsThatEmptyAModuleFreezeIt(t *testing.T) {
	t.Parallel()
	byVar := strings.Replace(serversYAML, `state == "up"`, `hostname startsWith vars.wanted`, 1)
	w := newWorld(t, func(c *Config) { c.Vars = map[string]string{"wanted": "web"} })
	w.write("servers.yaml", byVar)
	w.eventually("loaded", func() bool {
		return strings.Contains(string(w.table("rules.main")["file/servers.yaml#0000"]), "wanted")
	})
	whole := servers(w, 3)
	w.stop()
	w.cfg.Vars = map[string]string{"wanted": "wbe"}
	w.start()
	w.eventually("held", func() bool { _, ok := w.heldCheck(checkModuleGuard); return ok })
	w.post(put("web0", 2, 77, "up"))
	if got := w.generated(); !maps.Equal(got, whole) {
		t.Fatalf("%v", got)
	}
	w.restart()
	h, ok := w.heldCheck(checkModuleGuard)
	if got := w.generated(); !ok || !maps.Equal(got, whole) {
		t.Fatalf("%v %v", w.held(), got)
	}
	if code := w.release(h.ID); code != 200 {
		t.Fatal(code)
	}
	w.eventually("released", func() bool { return len(w.held()) == 0 && len(w.generated()) == 0 })
	w.restart()
	w.eventually("still", func() bool { return len(w.held()) == 0 && len(w.generated()) == 0 })
}

// TestP2VarsThatKeepRecordsPassByThemselves is the other side: what was frozen while it was tried catches up.
func TestP2VarsThatKeepRecordsPassByThemselves(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *Config) { c.Vars = map[string]string{"suffix": "prod.example."} })
	w.write("servers.yaml", strings.ReplaceAll(serversYAML, "prod.example.", "{vars.suffix}"))
	w.eventually("loaded", func() bool {
		return strings.Contains(string(w.table("rules.main")["file/servers.yaml#0000"]), "suffix")
	})
	servers(w, 3)
	w.stop()
	w.cfg.Vars = map[string]string{"suffix": "dev.example."}
	w.start()
	w.eventually("new names", func() bool {
		g := w.generated()
		return len(g) == 4 && g["web1.dev.example."] != "" && len(w.held()) == 0
	})
}

// TestP2EntitiesThatSuddenlyGiveNothingAreHeld: a whole site that flips to down loses the first few names, not all.
func TestP2EntitiesThatSuddenlyGiveNothingAreHeld(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	servers(w, 40)
	down := make([]string, 30)
	for i := range down {
		down[i] = put(fmt.Sprintf("web%d", i), 2, i, "down")
	}
	count := map[string]int{}
	for _, a := range w.post(down...) {
		count[a.Status]++
	}
	if count["accepted"] != 10 || count["held"] != 20 || len(w.generated()) != 31 {
		t.Fatalf("%v %d", count, len(w.generated()))
	}
	h, ok := w.heldCheck(checkModuleGuard)
	if !ok || len(w.held()) != 1 || h.Unit != unitModule || h.Subject != "servers" || !h.CanFree {
		t.Fatalf("%v", w.held())
	}
	w.eventually("the list counts", func() bool { h, _ := w.heldCheck(checkModuleGuard); return strings.HasPrefix(h.Effect, "20 more keep") })
	w.post(del("web39", 2), put("web29", 3, 29, "up")) // a delete has a guard of its own; one came back
	w.restart()
	if a := w.post(put("web38", 2, 38, "down"))[0]; a.Status != "held" || len(w.generated()) != 30 {
		t.Fatalf("after a restart: %+v %d", a, len(w.generated()))
	}
	if code := w.release(h.ID); code != 200 {
		t.Fatal(code)
	}
	w.eventually("released", func() bool { return len(w.held()) == 0 && len(w.generated()) == 10 })
	if a := w.post(put("web37", 2, 37, "down"))[0]; a.Status != "accepted" {
		t.Fatalf("the guard did not start afresh: %+v", a)
	}
}

// TestP2LossesMendThemselves: once all are back nothing is held any more.
func TestP2LossesMendThemselves(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	whole := servers(w, 20)
	var events []string
	for i := range 12 {
		events = append(events, put(fmt.Sprintf("web%d", i), 2, i, "down"))
	}
	w.post(events...)
	if _, ok := w.heldCheck(checkModuleGuard); !ok || len(w.generated()) != 11 {
		t.Fatalf("%v %d", w.held(), len(w.generated()))
	}
	for i := range events {
		events[i] = put(fmt.Sprintf("web%d", i), 3, i, "up")
	}
	w.post(events...)
	if got := w.generated(); len(w.held()) != 0 || !maps.Equal(got, whole) {
		t.Fatalf("%v %v", w.held(), got)
	}
}
