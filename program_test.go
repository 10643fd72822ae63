package zonecast

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// program is the real binary, built once: what is killed here is a process, not a goroutine.
var program string

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "zonecast-root-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "zonecast")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", program, "./cmd/zonecast").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the binary under test: %v\n%s", err, out)
		return 2
	}
	return m.Run()
}

// said is what a command printed, and its exit code.
type said struct {
	out, err string
	code     int
}

// command runs the program to its end.
func command(t testing.TB, dir string, args ...string) said {
	t.Helper()
	cmd := exec.Command(program, args...)
	var out, errs bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &errs
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return said{out.String(), errs.String(), cmd.ProcessState.ExitCode()}
}

// running is a started program; both its outputs go to log.
type running struct {
	cmd  *exec.Cmd
	log  lockedBuffer
	done chan struct{} // closed when it has ended
}

// launch starts the program; it is killed when the test ends.
func launch(t testing.TB, dir string, args ...string) *running {
	t.Helper()
	r := &running{cmd: exec.Command(program, args...), done: make(chan struct{})}
	r.cmd.Dir, r.cmd.Stdout, r.cmd.Stderr = dir, &r.log, &r.log
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = r.cmd.Wait(); close(r.done) }()
	t.Cleanup(func() {
		r.kill()
		if t.Failed() {
			t.Logf("%s:\n%s", strings.Join(args, " "), r.log.String())
		}
	})
	return r
}

// kill is kill -9.
func (r *running) kill() {
	_ = r.cmd.Process.Kill()
	<-r.done
}

// ended tells whether it ended by itself.
func (r *running) ended() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// lockedBuffer takes what a program says while the test reads it.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
