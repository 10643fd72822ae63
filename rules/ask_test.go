package rules

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"zonecast/rules/maker"
	"zonecast/rules/process"
	"zonecast/rules/process/processtest"
)

func TestMain(m *testing.M) {
	processtest.Main()
	os.Exit(m.Run())
}

const racksYAML = `module: racks
kind: server
when: 'state == "up"'
process: racks
tests:
  - given: {id: t1, hostname: t1, ipv4: 192.0.2.1, state: up}
    expect: t1.prod.example. 300 A 192.0.2.1
`

// asking is a world with one module that a program makes, and others beside it.
func asking(t *testing.T, orders ...string) (*world, *processtest.Program) {
	t.Helper()
	program := processtest.New(t, orders...)
	w := newWorld(t, func(c *Config) { c.Processes = map[string]process.Config{"racks": program.Config()} })
	w.write("beside.yaml", "module: beside\nkind: server\nrecords: [{name: '{hostname}.beside.example.', type: A, value: '{ipv4}'}]\n")
	w.write("servers.yaml", racksYAML)
	w.eventually("loaded", func() bool {
		return strings.Contains(string(w.table("rules.main")["file/servers.yaml#0000"]), "process") && w.table("rules.main")["file/beside.yaml"] != nil
	})
	return w, program
}

func (w *world) has(owner, what string) bool { return strings.Contains(w.generated()[owner], what) }

// TestP3AProgramThatFailsHoldsWhatItGave: whatever it does, other modules' records go on at once, what it gave last stays, the one
// entity that it fails at is held, and all is made good by itself when it is back.
func TestP3AProgramThatFailsHoldsWhatItGave(t *testing.T) {
	t.Parallel()
	for _, order := range []string{"hang=web2", "die=web2", "rubbish=web2"} {
		t.Run(order, func(t *testing.T) {
			t.Parallel()
			w, program := asking(t)
			w.post(put("web1", 1, 1, "up"), put("web2", 1, 2, "up"), put("web3", 1, 3, "up"))
			w.eventually("asked", func() bool {
				return w.has("web1.prod.example.", "[192 0 2 1]") && w.has("web3.prod.example.", "[192 0 2 3]")
			})
			program.Order(order)
			for _, a := range w.post(put("web1", 2, 11, "up"), put("web2", 2, 12, "up"), put("web3", 2, 13, "up")) {
				if a.Status != "accepted" {
					t.Fatalf("%+v", a)
				}
			}
			if !w.has("web2.beside.example.", "[192 0 2 12]") {
				t.Fatal("another module waits for the program")
			}
			w.eventually("the others are asked again", func() bool {
				return w.has("web1.prod.example.", "[192 0 2 11]") && w.has("web3.prod.example.", "[192 0 2 13]")
			})
			w.eventually("one is held", func() bool { h, ok := heldUnit(w, unitContribution); return ok && h.Subject == "racks server/web2" })
			if h, _ := heldUnit(w, unitContribution); h.Check != "process-failed" || !w.has("web2.prod.example.", "[192 0 2 2]") {
				t.Fatalf("%+v %v", h, w.generated())
			}
			program.Order()
			w.restart() // or wait until its turn comes
			w.eventually("mended", func() bool { return w.has("web2.prod.example.", "[192 0 2 12]") && len(w.held()) == 0 })
		})
	}
}

// TestAProgramThatIsDownIsListedAndForgotten: nothing waits for it but what it makes, through a restart too.
func TestAProgramThatIsDownIsListed(t *testing.T) {
	t.Parallel()
	w, program := asking(t)
	w.post(put("web1", 1, 1, "up"))
	w.eventually("asked", func() bool { return w.has("web1.prod.example.", "[192 0 2 1]") })
	w.stop()
	program.Order("dead")
	w.start()
	w.post(put("web1", 2, 11, "up"), put("web2", 1, 2, "up"), put("web1", 3, 12, "up"))
	if !w.has("web1.beside.example.", "[192 0 2 12]") || !w.has("web1.prod.example.", "[192 0 2 1]") {
		t.Fatalf("%v", w.generated())
	}
	w.eventually("listed", func() bool { _, ok := heldUnit(w, unitProcess); return ok })
	if h, _ := heldUnit(w, unitProcess); h.Subject != "racks" || h.Check != "process-down" || h.CanFree || !strings.Contains(h.Cause, "exit status 3") {
		t.Fatalf("%+v", h)
	}
	w.restart()
	program.Order()
	w.eventually("made good", func() bool {
		return w.has("web1.prod.example.", "[192 0 2 12]") && w.has("web2.prod.example.", "[192 0 2 2]") && len(w.held()) == 0
	})
	w.post(put("web1", 4, 12, "down"), del("web2", 2))
	if g := w.generated(); g["web1.prod.example."] != "" || g["web2.prod.example."] != "" {
		t.Fatalf("what its condition and deletes take away waits for it: %v", g)
	}
}

// TestANewVersionOfAProgramIsEvaluatedAnew, past the guard, which stops one that gives nothing any more (P2).
func TestANewVersionOfAProgramIsEvaluatedAnew(t *testing.T) {
	t.Parallel()
	w, program := asking(t)
	var events []string
	for i := range 30 {
		events = append(events, put(fmt.Sprintf("web%d", i), 1, i, "up"))
	}
	w.post(events...)
	w.eventually("asked", func() bool { return w.has("web29.prod.example.", "[192 0 2 29]") && len(w.generated()) == 60 })
	w.stop()
	program.Order("version=2", "nothing=web3")
	w.start()
	w.eventually("new", func() bool { return len(w.generated()) == 59 && w.generated()["web3.prod.example."] == "" })
	w.stop()
	program.Order("version=3", "nothing=*")
	w.start()
	w.eventually("held", func() bool { _, ok := w.heldCheck(checkModuleGuard); return ok })
	if h, _ := w.heldCheck(checkModuleGuard); h.Subject != "racks" || len(w.generated()) != 59 || !strings.Contains(h.Cause, "29 entities") {
		t.Fatalf("%+v %d", h, len(w.generated()))
	}
	h, _ := w.heldCheck(checkModuleGuard)
	if code := w.release(h.ID); code != 200 {
		t.Fatal(code)
	}
	w.eventually("released", func() bool { return len(w.generated()) == 30 && len(w.held()) == 0 })
}

// TestP2AProgramThatSuddenlyAnswersNothingIsHeld, of the same version: the first few go, the rest stay until somebody says so.
func TestP2AProgramThatSuddenlyAnswersNothingIsHeld(t *testing.T) {
	t.Parallel()
	w, program := asking(t)
	post := func(rev int) {
		var events []string
		for i := range 30 {
			events = append(events, put(fmt.Sprintf("web%d", i), rev, i+rev, "up"))
		}
		w.post(events...)
	}
	post(1)
	w.eventually("asked", func() bool { return len(w.generated()) == 60 })
	program.Order("nothing=*")
	post(2)
	w.eventually("held", func() bool {
		h, ok := w.heldCheck(checkModuleGuard)
		return ok && strings.HasPrefix(h.Effect, "20 more keep") && len(w.generated()) == 50
	})
}

// counted is a Go module that fails when it is told to.
type counted struct{ panics *atomic.Bool }

func (counted) Version() string { return "1" }
func (c counted) Records(_ context.Context, e maker.Entity) ([]maker.Record, error) {
	if c.panics.Load() {
		panic("a nil map")
	}
	return []maker.Record{{Name: e.ID + ".go.example.", Type: "A", Value: e.Attrs["ipv4"].(string)}}, nil
}

// TestP3APanicInAGoModuleHoldsItsContribution and takes nothing else with it.
func TestP3APanicInAGoModuleHoldsItsContribution(t *testing.T) {
	t.Parallel()
	c := counted{new(atomic.Bool)}
	w := newWorld(t, func(cfg *Config) { cfg.Go = map[string]maker.Module{"counted": c} })
	w.write("go.yaml", "module: go\nkind: server\ngo: counted\n")
	w.eventually("loaded", func() bool { return w.table("rules.main")["file/go.yaml"] != nil })
	w.post(put("web1", 1, 1, "up"))
	c.panics.Store(true)
	if a := w.post(put("web1", 2, 11, "up"))[0]; a.Status != "held" || !strings.Contains(a.Reason, "a nil map") {
		t.Fatalf("%+v", a)
	}
	if !w.has("web1.go.example.", "[192 0 2 1]") || !w.has("web1.prod.example.", "[192 0 2 11]") {
		t.Fatalf("%v", w.generated())
	}
	c.panics.Store(false)
	if a := w.post(put("web1", 3, 12, "up"))[0]; a.Status != "accepted" || !w.has("web1.go.example.", "[192 0 2 12]") || len(w.held()) != 0 {
		t.Fatalf("%+v %v", a, w.held())
	}
}

// TestBlamedEntitiesAreTriedAgainLaterAndLater.
func TestBlamedEntitiesAreTriedAgainLaterAndLater(t *testing.T) {
	t.Parallel()
	l := &lead{waits: map[string]*waiting{"racks": newWaiting()}}
	w, b := l.waits["racks"], &batch{l: l, now: time.Unix(1_800_000_000, 0)}
	failed := fmt.Errorf("%w: it hung", maker.ErrBlamed)
	for i, want := range []time.Duration{0, 30 * time.Second, time.Minute, 2 * time.Minute} {
		if again := b.unanswered(w, "server/web1", failed); again != (i == 0) {
			t.Errorf("time %d: %v", i, again)
		}
		if i > 0 && !w.blame["server/web1"].again.Equal(b.now.Add(want)) {
			t.Errorf("time %d: %v", i, w.blame["server/web1"].again.Sub(b.now))
		}
	}
	l.retryBlamed(b.now.Add(2 * time.Minute))
	if len(w.keys) != 0 {
		t.Error("too early")
	}
	l.retryBlamed(b.now.Add(2*time.Minute + 1))
	if len(w.keys) != 1 {
		t.Error("not tried again")
	}
	if b.unanswered(w, "server/web1", nil) || len(w.blame) != 0 {
		t.Error("still blamed")
	}
}
