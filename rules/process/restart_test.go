package process_test

import (
	"context"
	"log/slog"
	"syscall"
	"testing"
	"time"

	"zonecast/rules/process"
	"zonecast/rules/process/processtest"
)

// TestWhoInheritsThePipesDelaysNothing: what a program left outside its group may have its standard output and error. It is
// started again all the same, and ends with ctx.
func TestWhoInheritsThePipesDelaysNothing(t *testing.T) {
	t.Parallel()
	program := processtest.New(t, "heir")
	p := run(t, program.Config()) // its clean-up waits for Run
	wait(t, p, "failing", func(s process.State) bool { return s.Failures > 0 })
	heir := program.Child()
	t.Cleanup(func() { _ = syscall.Kill(heir, syscall.SIGKILL) })
	program.Order()
	wait(t, p, "up again", isUp)
}

// TestWorkersAreOfOneVersion: what answers by an older one is started again, or the inventory would be evaluated now by the one,
// now by the other.
func TestWorkersAreOfOneVersion(t *testing.T) {
	t.Parallel()
	program := processtest.New(t, "version=1")
	cfg := program.Config()
	cfg.Workers = 2
	p := run(t, cfg)
	for _, a := range p.Ask(t.Context(), requests(2)) { // one each: both are up
		if a.Err != nil {
			t.Fatal(a.Err)
		}
	}
	program.Order("version=2", "die=b0")
	p.Ask(t.Context(), requests(1))
	program.Order("version=2")
	wait(t, p, "of version 2", func(s process.State) bool { return s.Version == "2" })
	for late := time.Now().Add(20 * time.Second); p.Restarts.Load() < 2; {
		if time.Now().After(late) {
			t.Fatal("the other worker goes on with version 1")
		}
		time.Sleep(time.Millisecond) // not for order: a count has no channel
	}
	for range 4 {
		p.Ask(t.Context(), requests(8))
		if s, _ := p.State(); s.Version != "2" {
			t.Fatalf("%+v", s)
		}
	}
}

// TestWhoRunsWellIsNotCalledDown: failures count until the program has lived for a while, asked or not, and the end of a term is none.
func TestWhoRunsWellIsNotCalledDown(t *testing.T) {
	t.Parallel()
	program := processtest.New(t, "dead")
	p := process.New("racks", program.Config(), slog.New(slog.DiscardHandler))
	p.LivedWell(100 * time.Millisecond)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = p.Run(ctx) }()
	wait(t, p, "failing", func(s process.State) bool { return s.Failures >= 2 })
	program.Order()
	wait(t, p, "well", func(s process.State) bool { return s.Up && s.Failures == 0 })
	cancel()
	<-done
	if s, _ := p.State(); s.Failures != 0 || s.Up {
		t.Errorf("%+v", s)
	}
}
