package process_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"zonecast/rules/maker"
	"zonecast/rules/process"
	"zonecast/rules/process/processtest"
)

func TestMain(m *testing.M) {
	processtest.Main()
	os.Exit(m.Run())
}

func run(t *testing.T, cfg process.Config) *process.Pool {
	t.Helper()
	return runLogged(t, cfg, io.Discard)
}

func runLogged(t *testing.T, cfg process.Config, log io.Writer) *process.Pool {
	t.Helper()
	p := process.New("racks", cfg, slog.New(slog.NewTextHandler(log, nil)))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = p.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return p
}

func requests(n int) []maker.Request {
	list := make([]maker.Request, n)
	for i := range list {
		list[i] = maker.Request{Module: "m", Entity: maker.Entity{Kind: "box", ID: fmt.Sprintf("b%d", i), Attrs: map[string]any{"ipv4": "192.0.2.1"}}}
	}
	return list
}

func wait(t *testing.T, p *process.Pool, what string, ok func(process.State) bool) process.State {
	t.Helper()
	late := time.After(30 * time.Second)
	for {
		s, changed := p.State()
		if ok(s) {
			return s
		}
		select {
		case <-changed:
		case <-late:
			t.Fatalf("never %s: %+v", what, s)
		}
	}
}

func isUp(s process.State) bool { return s.Up }

func TestManyRequestsAreUnderWayAtOnce(t *testing.T) {
	t.Parallel()
	cfg := processtest.New(t, "version=7", "error=b3", "nothing=b4").Config()
	cfg.Workers, cfg.Version = 2, "data-9"
	p := run(t, cfg)
	if s := wait(t, p, "up", isUp); s.Version != "7+data-9" {
		t.Errorf("%+v", s)
	}
	for i, a := range p.Ask(t.Context(), requests(1000)) {
		switch {
		case i == 3:
			if a.Err == nil || a.Err.Error() != "process-error: no such rack" {
				t.Error(a)
			}
		case i == 4:
			if a.Err != nil || a.Records == nil || len(a.Records) != 0 {
				t.Error(a)
			}
		case a.Err != nil || len(a.Records) != 1 || a.Records[0].Name != fmt.Sprintf("b%d.prod.example.", i):
			t.Fatalf("%d: %+v", i, a)
		}
	}
}

// TestP3WhoFailsIsBlamedAndTheOthersAreAskedAgain: a program that hangs, dies or prints rubbish is started again; what it had
// answered counts, one request is blamed and the rest are free.
func TestP3WhoFailsIsBlamedAndTheOthersAreAskedAgain(t *testing.T) {
	t.Parallel()
	for order, cause := range map[string]string{"hang=b5": "no answer in time", "die=b5": "exit status 5", "rubbish=b5": "Traceback", "long=b5": "token too long", "twice=b4": "nothing that was asked"} {
		t.Run(order, func(t *testing.T) {
			t.Parallel()
			program := processtest.New(t, order)
			p := run(t, program.Config())
			answers := p.Ask(t.Context(), requests(10))
			for i, a := range answers {
				switch {
				case i < 5 && a.Err != nil,
					i == 5 && (!errors.Is(a.Err, maker.ErrBlamed) || !strings.Contains(a.Err.Error(), cause)),
					i > 5 && !errors.Is(a.Err, maker.ErrUnanswered):
					t.Errorf("%d: %+v", i, a)
				}
			}
			program.Order()
			wait(t, p, "up again", isUp)
			if again := p.Ask(t.Context(), requests(10)); again[5].Err != nil || p.Restarts.Load() != 1 {
				t.Errorf("%+v, %d restarts", again[5], p.Restarts.Load())
			}
			if hung := p.Timeouts.Load(); (hung == 1) != (order == "hang=b5") {
				t.Errorf("%d time-outs", hung)
			}
		})
	}
}

// TestWhoDoesNotStartRefusesAtOnce: nobody waits for a program that is down.
func TestWhoDoesNotStartRefusesAtOnce(t *testing.T) {
	t.Parallel()
	for order, cause := range map[string]string{"silent": "it is to print {\"zonecast\":1", "wrong": "hello there", "dead": "exit status 3"} {
		t.Run(order, func(t *testing.T) {
			t.Parallel()
			cfg := processtest.New(t, order).Config()
			cfg.Start = 200 * time.Millisecond
			p := run(t, cfg)
			s := wait(t, p, "failing", func(s process.State) bool { return s.Failures >= 2 })
			if s.Up || !strings.Contains(s.Cause, cause) {
				t.Errorf("%+v", s)
			}
			if a := p.Ask(t.Context(), requests(1)); !errors.Is(a[0].Err, maker.ErrUnanswered) {
				t.Errorf("%+v", a)
			}
		})
	}
	p := run(t, process.Config{Command: []string{"/does/not/exist"}, Workers: 1, Start: time.Second, Timeout: time.Second})
	wait(t, p, "failing", func(s process.State) bool { return strings.Contains(s.Cause, "no such file") })
}

// TestTheWholeGroupEnds: what a program started does not outlive it.
func TestTheWholeGroupEnds(t *testing.T) {
	t.Parallel()
	program := processtest.New(t, "child")
	p := process.New("racks", program.Config(), slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = p.Run(ctx) }()
	wait(t, p, "up", isUp)
	pid := program.Child()
	if pid == 0 || syscall.Kill(pid, 0) != nil {
		t.Fatalf("no child: %d", pid)
	}
	cancel()
	<-done
	for late := time.Now().Add(20 * time.Second); alive(pid); {
		if time.Now().After(late) {
			t.Fatalf("%d lives", pid)
		}
		time.Sleep(time.Millisecond) // not for order: somebody else collects it
	}
}

// alive does not count what only waits to be collected.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !bytes.Contains(stat, []byte(") Z "))
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]process.Config{
		"command": {},
		"workers": {Command: []string{"x"}, Workers: 17},
		"timeout": {Command: []string{"x"}, Timeout: time.Hour},
		"start":   {Command: []string{"x"}, Start: time.Millisecond},
		"version": {Command: []string{"x"}, Version: "a\nb"},
		"env":     {Command: []string{"x"}, Env: map[string]string{"A=B": ""}},
	} {
		if err := c.Check(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

type lockedLog struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedLog) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TestStandardErrorIsLoggedWithinBounds: a line each, cut, and not all of a flood.
func TestStandardErrorIsLoggedWithinBounds(t *testing.T) {
	t.Parallel()
	var log lockedLog
	script := `printf 'one\033[31m%s\n' "$(head -c 5000 /dev/zero | tr '\0' x)" >&2; i=0; while [ $i -lt 500 ]; do echo flood >&2; i=$((i+1)); done; echo '{"zonecast":1,"version":"1"}'; cat`
	p := runLogged(t, process.Config{Command: []string{"sh", "-c", script}, Workers: 1, Start: 10 * time.Second, Timeout: time.Second}, &log)
	wait(t, p, "up", isUp)
	text := log.text()
	for late := time.Now().Add(20 * time.Second); !strings.Contains(text, "flood") && time.Now().Before(late); text = log.text() {
		time.Sleep(time.Millisecond) // not for order: the log is written beside
	}
	if floods := strings.Count(text, "flood"); floods == 0 || floods > 100 || strings.Contains(text, "\033") || len(text) > 20_000 || !strings.Contains(text, "process=racks") {
		t.Errorf("%d lines of a flood, %d octets: %.300s", floods, len(text), text)
	}
}
