package service

import (
	"runtime/debug"
	"sync"
)

// startupGC is the garbage collector's percentage while a stage reads what it will keep: nearly all of it lives on, so
// that collecting as often as at rest finds nothing, and takes a quarter of a start's CPU time.
const startupGC = 300

var startup struct {
	sync.Mutex
	under int // starts under way
	rest  int // the percentage at rest
}

// Startup lets the heap grow faster until done, which may be called more than once. A limit of memory (GOMEMLIMIT)
// counts all the same.
func Startup() (done func()) {
	startup.Lock()
	defer startup.Unlock()
	if startup.under++; startup.under == 1 {
		startup.rest = debug.SetGCPercent(startupGC)
	}
	return sync.OnceFunc(func() {
		startup.Lock()
		defer startup.Unlock()
		if startup.under--; startup.under == 0 {
			debug.SetGCPercent(startup.rest)
		}
	})
}
