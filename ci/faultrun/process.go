//go:build linux && amd64

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// process is one program of the world, as often as it is started. Its output is appended to one file, so that a
// diagnosis finds all of its lives in order.
type process struct {
	name string
	ns   string // network namespace; "": ours
	dir  string // working folder
	argv []string
	log  string

	mu     sync.Mutex
	cmd    *exec.Cmd
	ended  chan struct{} // of the present life, closed when it is over
	wanted bool          // it was started and neither killed nor stopped: an end now is its own
	lives  int
	frozen bool // stopped by SIGSTOP
}

// start begins another life. The child dies with us, however we end.
func (p *process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	out, err := os.OpenFile(p.log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	p.lives++
	fmt.Fprintf(out, "=== %s: life %d of %s\n", time.Now().Format(time.RFC3339Nano), p.lives, p.name)
	argv := p.argv
	if p.ns != "" {
		argv = append([]string{"ip", "netns", "exec", p.ns}, argv...)
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = p.dir, out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	ended := make(chan struct{})
	p.cmd, p.ended, p.wanted = cmd, ended, true
	go func() { _ = cmd.Wait(); close(ended) }()
	return nil
}

// kill is kill -9, also of a process that is stopped; it returns when the process is gone.
func (p *process) kill() { p.end(syscall.SIGKILL) }

// end sends a signal that ends the process, and waits.
func (p *process) end(sig syscall.Signal) {
	p.mu.Lock()
	cmd, ended := p.cmd, p.ended
	p.wanted, p.frozen = false, false
	p.mu.Unlock()
	if cmd == nil {
		return
	}
	_ = cmd.Process.Signal(sig) // it may have gone already
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		_ = cmd.Process.Kill()
		<-ended
	}
}

// signal sends SIGSTOP or SIGCONT.
func (p *process) signal(sig syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return errors.New(p.name + " does not run")
	}
	p.frozen = sig == syscall.SIGSTOP
	return p.cmd.Process.Signal(sig)
}

// died tells whether the process ended by itself.
func (p *process) died() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.wanted {
		return false
	}
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// answers tells whether it makes sense to ask the process.
func (p *process) answers() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.wanted && !p.frozen
}

// begun tells how often it was started.
func (p *process) begun() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lives
}

// saidSince gives what the process has said since it had said so many octets.
func (p *process) saidSince(mark int) string {
	text, _ := os.ReadFile(p.log)
	return string(text[min(mark, len(text)):])
}

func logPath(dir, name string) string { return filepath.Join(dir, "logs", name+".log") }
