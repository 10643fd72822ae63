package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a condition may take on a slow, shared machine; nothing is ever asserted about speed.
const patience = time.Minute

// world is a folder of a user's own with rules, zones and data, and the addresses a pipeline of it uses.
type world struct {
	t         testing.TB
	dir       string
	dns, http string
	up        *running // the last start
}

// newWorld has one zone with servers made by rules, and two reverse zones.
func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), dns: freeAddr(t), http: freeAddr(t)}
	w.write("rules/kinds.yaml", "kinds:\n  server: {hostname: label, ipv4: ipv4, roles: {list: label, optional: true}}\n")
	w.write("rules/servers.yaml", serversModule)
	w.write("zones/corp.example.yaml", corpZone)
	w.write("zones/2.0.192.in-addr.arpa.yaml", "'': {type: NS, value: ns1.corp.example.}\n")
	return w
}

const serversModule = `module: servers
kind: server
ttl: 300
records:
  - {name: '{hostname}.corp.example.', type: A, value: '{ipv4}'}
  - {name: '{reverse(ipv4)}', type: PTR, value: '{hostname}.corp.example.'}
  - {each: roles, name: '{it}.corp.example.', type: A, value: '{ipv4}'}
`

const corpZone = `'': {type: NS, value: ns1.corp.example.}
ns1: {type: A, value: 192.0.2.53}
`

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

// write replaces a file as editors do: whole, by a rename.
func (w *world) write(name, text string) {
	w.t.Helper()
	path := w.path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path+"~", []byte(text), 0o644); err != nil {
		w.t.Fatal(err)
	}
	if err := os.Rename(path+"~", path); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) remove(name string) {
	w.t.Helper()
	if err := os.Remove(w.path(name)); err != nil {
		w.t.Fatal(err)
	}
}

// start runs the whole pipeline on the world's folders and waits until it says that it is ready.
func (w *world) start(more ...string) *running {
	w.t.Helper()
	return w.launchReady(append([]string{"up", "--data", w.path("data"), "--rules", w.path("rules"), "--zones", w.path("zones"), "--dns", w.dns, "--http", w.http}, more...)...)
}

// launchReady starts up with these arguments and waits until it says that it is ready.
func (w *world) launchReady(args ...string) *running {
	w.t.Helper()
	r := w.launch(args...)
	w.up = r
	eventually(w.t, "up is ready", func() bool {
		select {
		case <-r.done:
			w.t.Fatalf("up ended:\n%s", r.log.String())
		default:
		}
		return strings.Contains(r.log.String(), "\nready after ")
	})
	return r
}

// running is a started program; both its outputs go to log.
type running struct {
	cmd  *exec.Cmd
	log  lockedBuffer
	done chan struct{} // closed when it has ended
}

// launch starts the program in the world's folder; it is killed when the test ends.
func (w *world) launch(args ...string) *running {
	w.t.Helper()
	r := &running{cmd: exec.Command(program, args...), done: make(chan struct{})}
	r.cmd.Dir, r.cmd.Stdout, r.cmd.Stderr = w.dir, &r.log, &r.log
	if err := r.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	go func() { _ = r.cmd.Wait(); close(r.done) }()
	w.t.Cleanup(func() {
		r.kill()
		if w.t.Failed() {
			w.t.Logf("%s:\n%s", strings.Join(args, " "), r.log.String())
		} else if strings.Contains(r.log.String(), "WARNING: DATA RACE") {
			w.t.Errorf("data race:\n%s", r.log.String())
		}
	})
	return r
}

// kill is kill -9.
func (r *running) kill() {
	_ = r.cmd.Process.Kill()
	<-r.done
}

// stop asks the program to end, as Ctrl-C does, and gives its exit code.
func (r *running) stop(t testing.TB) int {
	t.Helper()
	if err := r.cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
	return r.wait(t)
}

func (r *running) wait(t testing.TB) int {
	t.Helper()
	select {
	case <-r.done:
	case <-time.After(patience):
		_ = r.cmd.Process.Signal(syscall.SIGQUIT) // shows where it hangs
		<-r.done
		t.Fatalf("it does not end:\n%s", r.log.String())
	}
	return r.cmd.ProcessState.ExitCode()
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

// eventually tries until it is true, for as long as a slow, shared machine may need.
func eventually(t testing.TB, what string, try func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !try() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}
