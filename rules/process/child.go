package process

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"sync"
	"time"

	"zonecast/internal/service"
)

const (
	protocol   = 1
	maxVersion = 100         // characters
	maxLine    = 1 << 20     // octets of a line from the program: 1,000 records of 1 KB
	ahead      = 32          // lines read and not looked at yet
	inherited  = time.Second // for which the ends of the pipes are waited for once the program has ended
)

// child is one run of a program.
type child struct {
	stdin   io.WriteCloser
	lines   chan []byte // closed at the end of its standard output; then readErr says why
	readErr error
	gone    chan struct{} // closed when it has ended and is collected
	stop    chan struct{} // closed when nobody reads lines any more
	mu      sync.Mutex
	pid     int // of its group; 0 once it is collected
	exit    error
	version string
	seq     uint64
}

// start starts the program and waits for its first line.
func start(ctx context.Context, cfg Config, log *slog.Logger) (*child, error) {
	c := &child{lines: make(chan []byte, ahead), gone: make(chan struct{}), stop: make(chan struct{})}
	started := make(chan error)
	go c.run(cfg, log, started)
	if err := <-started; err != nil {
		return nil, err
	}
	if err := c.greet(ctx, cfg); err != nil {
		c.end()
		return nil, err
	}
	return c, nil
}

// run starts the program and collects it. The thread is kept: the kernel tells the child that its parent died when
// this thread does (prctl(2), PR_SET_PDEATHSIG).
func (c *child) run(cfg Config, log *slog.Logger, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.Command(cfg.Command[0], cfg.Command[1:]...)
	cmd.Dir, cmd.Env, cmd.SysProcAttr = cfg.Dir, environment(cfg.Env), attributes()
	stdin, err1 := cmd.StdinPipe()
	stdout, err2 := cmd.StdoutPipe()
	stderr, err3 := cmd.StderrPipe()
	err := errors.Join(err1, err2, err3)
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		started <- err
		return
	}
	c.stdin, c.pid = stdin, cmd.Process.Pid
	started <- nil
	logged, read := make(chan struct{}), make(chan struct{})
	go func() { defer close(logged); logLines(stderr, log) }()
	go func() { defer close(read); c.read(stdout) }()
	awaitExit(cmd.Process.Pid, read)
	c.kill() // what it left behind
	late, stop := context.WithTimeout(context.Background(), inherited)
	for _, end := range []chan struct{}{logged, read} { // or somebody outside the group has inherited the pipes
		select {
		case <-end:
		case <-late.Done():
		}
	}
	stop()
	c.mu.Lock()
	c.pid = 0
	c.mu.Unlock()
	c.exit = cmd.Wait()
	close(c.gone)
}

// kill kills the program and all it started, unless it is collected already: its number may be another's by then.
func (c *child) kill() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pid != 0 {
		killGroup(c.pid)
	}
}

func environment(more map[string]string) []string {
	var env []string
	for _, key := range []string{"PATH", "HOME", "LANG", "TZ"} {
		if value, ok := os.LookupEnv(key); ok {
			env = append(env, key+"="+value)
		}
	}
	for key, value := range more {
		env = append(env, key+"="+value)
	}
	slices.Sort(env)
	return env
}

func (c *child) read(stdout io.Reader) {
	defer close(c.lines)
	s := bufio.NewScanner(stdout)
	s.Buffer(make([]byte, 64<<10), maxLine)
	for s.Scan() {
		select {
		case c.lines <- bytes.Clone(s.Bytes()):
		case <-c.stop:
			return
		}
	}
	c.readErr = s.Err()
}

// greet reads the program's first line.
func (c *child) greet(ctx context.Context, cfg Config) error {
	limit := time.NewTimer(cfg.Start)
	defer limit.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-limit.C:
		return fmt.Errorf(`no first line within %s: it is to print {"zonecast":1,"version":"…"} and a newline, flushed`, cfg.Start)
	case line, ok := <-c.lines:
		if !ok {
			return c.ended()
		}
		var hello struct {
			Zonecast int    `json:"zonecast"`
			Version  string `json:"version"`
		}
		if err := json.Unmarshal(line, &hello); err != nil {
			return fmt.Errorf(`the first line is not {"zonecast":1,"version":"…"}: %s`, quote(line))
		}
		if hello.Zonecast != protocol {
			return fmt.Errorf("it speaks version %d of the protocol; this is %d", hello.Zonecast, protocol)
		}
		if hello.Version == "" || len(hello.Version) > maxVersion {
			return fmt.Errorf("its version must have 1 to %d characters", maxVersion)
		}
		c.version = hello.Version
		if cfg.Version != "" {
			c.version += "+" + cfg.Version
		}
		return nil
	}
}

// ended says why there are no more lines.
func (c *child) ended() error {
	if c.readErr != nil {
		return fmt.Errorf("standard output: %w", c.readErr)
	}
	select {
	case <-c.gone:
		if c.exit != nil {
			return fmt.Errorf("it ended: %w", c.exit)
		}
		return errors.New("it ended")
	case <-time.After(2 * time.Second): // collecting it takes a moment
		return errors.New("it closed its standard output")
	}
}

// end ends the program, at once: it has nothing to lose.
func (c *child) end() {
	close(c.stop)
	_ = c.stdin.Close()
	c.kill()
	<-c.gone
}

func quote(line []byte) string { return service.OneLine(fmt.Sprintf("%.200q", line)) }
