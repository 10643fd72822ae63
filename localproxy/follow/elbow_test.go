package follow

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
)

// TestElbow runs in a process of its own: the number of processors is everybody's.
func TestElbow(t *testing.T) {
	t.Parallel()
	if os.Getenv("ELBOW_ALONE") != "" {
		elbowRoom(t)
		return
	}
	for _, processors := range []string{"1", "2", "4"} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestElbow$", "-test.v")
		cmd.Env = append(os.Environ(), "ELBOW_ALONE=1", "GOMAXPROCS="+processors)
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestElbow") {
			t.Errorf("%s processors: %v\n%s", processors, err, out)
		}
	}
}

func elbowRoom(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	want := func(when string, n int) {
		if got := runtime.GOMAXPROCS(0); got != n {
			t.Errorf("%d processors %s, want %d", got, when, n)
		}
	}
	first := room.take()
	want("while there is long work", max(before, 2))
	second := room.take()
	first()
	want("while there still is", max(before, 2))
	second()
	want("after it", before)
	room.take()()
	want("after more", before)
}
