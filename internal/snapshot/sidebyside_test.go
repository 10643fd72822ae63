package snapshot

import (
	"runtime"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// contender is one of several things measured against each other; run is given numbers that go on from call to call.
type contender struct {
	what string
	run  func(i int)
}

// sideBySide measures contenders in turn, many short rounds each, by the thread's processor time, and reports each
// one's median in nanoseconds a run: other programs on the machine then cost all of them the same.
func sideBySide(b *testing.B, contenders ...contender) {
	const rounds, runs = 25, 48_000
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	spent := make([][]float64, len(contenders))
	for b.Loop() {
		for round := range rounds {
			for c, it := range contenders {
				began := threadTime(b)
				for i := round * runs; i < (round+1)*runs; i++ {
					it.run(i)
				}
				spent[c] = append(spent[c], (threadTime(b)-began)/runs)
			}
		}
	}
	for c, it := range contenders {
		slices.Sort(spent[c])
		b.ReportMetric(spent[c][len(spent[c])/2], "ns/"+it.what)
	}
	b.ReportMetric(0, "ns/op") // of all rounds: says nothing
}

// threadTime gives nanoseconds.
func threadTime(b *testing.B) float64 {
	var used unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &used); err != nil {
		b.Fatal(err)
	}
	return float64(used.Utime.Nano() + used.Stime.Nano())
}
