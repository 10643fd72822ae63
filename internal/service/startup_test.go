package service

import (
	"runtime/debug"
	"testing"
)

// Not parallel: the percentage is the process's.
func TestStartupEndsWithTheLast(t *testing.T) {
	rest := debug.SetGCPercent(77)
	defer debug.SetGCPercent(rest)
	now := func() int { p := debug.SetGCPercent(100); debug.SetGCPercent(p); return p }
	one, two := Startup(), Startup()
	one()
	one()
	if now() != startupGC {
		t.Errorf("one of two has ended: %d", now())
	}
	two()
	if now() != 77 {
		t.Errorf("both have ended: %d", now())
	}
}
