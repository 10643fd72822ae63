package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"time"

	"github.com/miekg/dns"

	"zonecast/ci/benchzone"
	"zonecast/ci/measure"
)

// process is a server that runs, pinned to its core.
type process struct {
	*server
	cmd   *exec.Cmd
	ended chan struct{} // closed when it has exited
	first time.Duration // from its start to the first right answer
}

// startLimit is how long a server may take to its first answer.
const startLimit = 3 * time.Minute

// start runs the server and asks it until the first right answer. It prints what a server says when that never comes.
func (w *world) start(ctx context.Context, s *server) (*process, error) {
	p := &process{server: s, ended: make(chan struct{})}
	p.cmd = exec.CommandContext(ctx, "taskset", append([]string{"-c", w.serverCore}, s.args...)...)
	p.cmd.Env = append(os.Environ(), s.env...)
	p.cmd.Dir = w.dir
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.cmd.Cancel = func() error { return syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) } // a group of its own: its children go too
	log, err := os.Create(w.in(s.flag + ".log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	if s.flag != "tinydns" { // it writes a line a query
		p.cmd.Stdout, p.cmd.Stderr = log, log
	}
	begun := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	go func() { _ = p.cmd.Wait(); close(p.ended) }()
	if err := p.await(ctx); err != nil {
		p.stop()
		text, _ := os.ReadFile(log.Name())
		return nil, fmt.Errorf("%s: %w\n%.2000s", s.name, err, text)
	}
	p.first = time.Since(begun)
	return p, nil
}

func (p *process) await(ctx context.Context) error {
	for end := time.Now().Add(startLimit); time.Now().Before(end); {
		select {
		case <-p.ended:
			return errors.New("it ended before its first answer")
		case <-ctx.Done():
			return ctx.Err()
		default:
		}
		if conn, err := dns.DialTimeout("udp", p.addr, time.Second); err == nil {
			err = p.ask(conn, benchzone.First(), 5*time.Millisecond)
			conn.Close()
			if err == nil {
				return nil
			}
		}
		time.Sleep(200 * time.Microsecond)
	}
	return fmt.Errorf("no right answer within %v", startLimit)
}

// ask compares one answer with the right one; an echo has only to send something.
func (p *process) ask(conn *dns.Conn, q benchzone.Question, wait time.Duration) error {
	m := new(dns.Msg).SetQuestion(q.Name, dns.StringToType[q.Type])
	r, _, err := (&dns.Client{Timeout: wait}).ExchangeWithConn(m, conn)
	if err != nil || p.bare {
		return err
	}
	exists, want := q.Wanted()
	rcode := dns.RcodeSuccess
	if !exists {
		rcode = dns.RcodeNameError
	}
	var got []string
	for _, rr := range r.Answer {
		got = append(got, rr.String()[len(rr.Header().String()):])
	}
	slices.Sort(got)
	if r.Rcode != rcode || !r.Authoritative || !slices.Equal(got, want) {
		return fmt.Errorf("%s %s: %s, AA %t, %q; right is %s, AA, %q", q.Name, q.Type, dns.RcodeToString[r.Rcode], r.Authoritative, got,
			dns.RcodeToString[rcode], want)
	}
	return nil
}

// check asks a sample before anything is measured: a fast wrong answer counts for nothing.
func (p *process) check(sample []benchzone.Question) error {
	conn, err := dns.DialTimeout("udp", p.addr, time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	for _, q := range sample {
		if err := p.ask(conn, q, 2*time.Second); err != nil {
			return fmt.Errorf("%s answers wrongly: %w", p.name, err)
		}
	}
	return nil
}

// stop ends the server and waits for it.
func (p *process) stop() {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGTERM)
	select {
	case <-p.ended:
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // children that outlived it
		return
	case <-time.After(10 * time.Second):
	}
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.ended
}

func (p *process) pids() []int { return measure.Tree(p.cmd.Process.Pid) }
