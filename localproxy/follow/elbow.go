package follow

import (
	"os"
	"runtime"
	"sync"
)

// longEntries is how large the entries of one way through the log are before applying them counts as long work, in
// octets: some hundred names, half a millisecond.
const longEntries = 64 << 10

// elbow gives long work a processor of the scheduler beside the one that answers, on hosts that have only one core.
//
// There Go has one processor, and gives it to whoever computes for ten milliseconds at a time; queries that come
// meanwhile are not even looked at, and loops in assembly (a checksum over a section) do not end for anybody. A second
// processor is a second thread, and the kernel shares the core between two in slices of a millisecond or two, at once to
// the one that was asleep until a packet came. It is there for as long as there is long work only: at rest one processor
// answers a third more queries per second of CPU. Hosts with more cores have what they need, and elbow does nothing.
type elbow struct {
	mu    sync.Mutex
	users int  // of the second processor
	alone bool // there was one processor when the first of them came
}

// room is of the whole process, as the scheduler is.
var room elbow

// take begins long work; the function it gives ends it, and is called once.
func (e *elbow) take() (done func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.users == 0 {
		if e.alone = runtime.GOMAXPROCS(0) == 1; e.alone {
			runtime.GOMAXPROCS(2)
		}
	}
	e.users++
	return e.drop
}

func (e *elbow) drop() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.users--; e.users > 0 || !e.alone {
		return
	}
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.SetDefaultGOMAXPROCS() // one again, and what the host has if that grew meanwhile
		return
	}
	runtime.GOMAXPROCS(1)
}
