package rules

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zonecast/internal/table"
	"zonecast/rules/process"
	"zonecast/rules/process/processtest"
)

// boxes posts 30 servers that are up, and waits until the program has given a record for each.
func boxes(w *world, rev int) {
	w.t.Helper()
	var events []string
	for i := range 30 {
		events = append(events, put(fmt.Sprintf("web%d", i), rev, i+rev, "up"))
	}
	w.post(events...)
}

// guarded wants that of 30 boxes ten lost what the program gave, and the guard keeps the others'.
func guarded(w *world) {
	w.t.Helper()
	w.eventually("the guard keeps twenty", func() bool {
		h, ok := w.heldCheck(checkModuleGuard)
		return ok && h.Subject == "racks" && strings.HasPrefix(h.Effect, "20 more keep")
	})
	if n := len(w.generated()); n != 50 {
		w.t.Fatalf("%d names", n)
	}
}

// TestP2AProgramThatWasDownWhenItsModuleChangedIsGuarded: the trial could not ask it, so its answers are looked at when they come.
func TestP2AProgramThatWasDownWhenItsModuleChangedIsGuarded(t *testing.T) {
	t.Parallel()
	w, program := asking(t)
	boxes(w, 1)
	w.eventually("asked", func() bool { return len(w.generated()) == 60 })
	program.Order("dead", "die=web0")
	w.post(put("web0", 2, 1, "up"))
	pool := w.stage.programs["racks"]
	w.eventually("down", func() bool { s, _ := pool.State(); return !s.Up })
	w.write("servers.yaml", "ttl: 60\n"+racksYAML[:strings.Index(racksYAML, "tests:")])
	w.eventually("loaded", func() bool {
		return strings.Contains(string(w.table("rules.main")["file/servers.yaml#0000"]), "ttl: 60")
	})
	program.Order("nothing=*")
	guarded(w)
}

// TestP3AStandbyWithoutTheProgramHoldsWhatItGave: it says so, gives new entities nothing, and the next leader makes it good.
func TestP3AStandbyWithoutTheProgramHoldsWhatItGave(t *testing.T) {
	t.Parallel()
	w, _ := asking(t)
	w.post(put("web1", 1, 1, "up"), put("web2", 1, 2, "up"))
	w.eventually("asked", func() bool { return len(w.generated()) == 4 })
	programs := w.cfg.Processes
	w.stop()
	w.cfg.Processes = nil
	w.start()
	h, ok := w.heldCheck("unknown-process")
	if !ok || h.Unit != unitModuleFile || h.Subject != "servers.yaml" || h.CanFree {
		t.Fatalf("%v", w.held())
	}
	w.post(put("web1", 2, 11, "up"), put("web3", 1, 3, "up"), del("web2", 2))
	if g := w.generated(); len(g) != 3 || !w.has("web1.prod.example.", "[192 0 2 1]") || !w.has("web3.beside.example.", "[192 0 2 3]") {
		t.Fatalf("%v", g)
	}
	w.stop()
	w.cfg.Processes = programs
	w.start()
	w.eventually("made good", func() bool {
		return len(w.held()) == 0 && w.has("web1.prod.example.", "[192 0 2 11]") && w.has("web3.prod.example.", "[192 0 2 3]")
	})
}

// TestAProgramThatIsGoneFromTheConfigIsNotListed: nobody could release it.
func TestAProgramThatIsGoneFromTheConfigIsNotListed(t *testing.T) {
	t.Parallel()
	w, _ := asking(t, "dead")
	w.eventually("listed", func() bool { _, ok := heldUnit(w, unitProcess); return ok })
	w.stop()
	w.cfg.Processes = nil
	w.start()
	w.eventually("forgotten", func() bool { _, ok := heldUnit(w, unitProcess); return !ok })
}

// TestP2WhatATrialDidNotSeeOutlivesALeader that dies before it has evaluated all.
func TestP2WhatATrialDidNotSeeOutlivesALeader(t *testing.T) {
	t.Parallel()
	w, program := asking(t)
	boxes(w, 1)
	w.eventually("asked", func() bool { return len(w.generated()) == 60 })
	w.stop()
	inv, err := table.OpenWriter(t.Context(), w.st, "inventory.main", table.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tx, rules := inv.Begin(), inForce{}
	value, _ := inv.Get(keyRules)
	if err := json.Unmarshal(value, &rules); err != nil {
		t.Fatal(err)
	}
	rules["racks"] = moduleHash{Kind: "server", Hash: "before", Next: rules["racks"].Hash, Blind: true}
	if value, err = json.Marshal(rules); err != nil {
		t.Fatal(err)
	}
	tx.Put(keyRules, value)
	if err := table.Commit(t.Context(), tx); err != nil {
		t.Fatal(err)
	}
	program.Order("nothing=*")
	w.start()
	guarded(w)
}

// TestASlowProgramIsAskedAboutFewAtOnce, and a quick one about many.
func TestASlowProgramIsAskedAboutFewAtOnce(t *testing.T) {
	t.Parallel()
	w := newWaiting()
	for _, c := range []struct {
		took time.Duration
		most int
	}{{0, 256}, {0, 512}, {2 * time.Second, 512}, {0, 1024}, {0, 2000}, {0, 2000}, {time.Minute, 500}, {time.Minute, 125}, {time.Minute, 31}, {time.Minute, 16}, {time.Minute, 16}, {0, 32}} {
		if w.pace(c.took); w.most != c.most {
			t.Fatalf("%d at once, want %d", w.most, c.most)
		}
	}
	world, _ := asking(t, "dead")
	boxes(world, 1)
	l := world.stage.lead.Load()
	if err := l.look(t.Context(), func() error {
		l.waits["racks"].most = 20
		if r := l.takeWaiting("racks"); len(r.entities) != 20 {
			t.Errorf("%d entities in a round", len(r.entities))
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// TestP2WhatAProgramOwedIsGuarded: after a failover it is asked again for what it failed at, and nobody has seen the answers.
func TestP2WhatAProgramOwedIsGuarded(t *testing.T) {
	t.Parallel()
	w, program := asking(t)
	boxes(w, 1)
	w.eventually("asked", func() bool { return len(w.generated()) == 60 })
	program.Order("error=*")
	boxes(w, 2)
	w.eventually("all are held", func() bool { return len(w.held()) == 30 })
	program.Order("nothing=*")
	w.restart()
	guarded(w)
}

// TestEventsDoNotWaitForAProgramWhenANumberIsGivenBack: other modules' numbers are found without it.
func TestEventsDoNotWaitForAProgramWhenANumberIsGivenBack(t *testing.T) {
	t.Parallel()
	program := processtest.New(t)
	w := newWorld(t, func(c *Config) {
		c.Processes = map[string]process.Config{"racks": program.Config()}
		for name, text := range map[string]string{"kinds.yaml": numberedKinds, "servers.yaml": numberedYAML, "racks.yaml": "module: racks\nkind: server\nprocess: racks\n"} {
			if err := os.WriteFile(filepath.Join(c.Dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	})
	w.post(member("a", 1, "up", "zk"))
	w.eventually("asked", func() bool { return w.has("a.prod.example.", "[192 0 2 1]") })
	pool := w.stage.programs["racks"]
	program.Order("hang=a")
	w.post(member("a", 1, "down", "zk"))
	if n := pool.Timeouts.Load(); n != 0 || w.who("zk") != "" {
		t.Fatalf("the event waited for the program: %d time-outs, %s", n, w.who("zk"))
	}
}
