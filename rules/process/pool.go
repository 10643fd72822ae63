package process

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"zonecast/rules/maker"
)

// Back-off between two starts of a program that fails: doubled with each failure, jittered by half, begun afresh once
// it has lived for a while.
const (
	backoffFirst = 100 * time.Millisecond
	backoffMost  = 30 * time.Second
	livedWell    = time.Minute
)

// Pool is one configured program, with as many of it as the configuration says. It fulfils maker.Program.
type Pool struct {
	name string
	cfg  Config
	log  *slog.Logger
	asks []chan *job   // of each worker
	turn atomic.Int64  // which worker gets the first share
	well time.Duration // livedWell, but in tests

	mu      sync.Mutex
	state   State
	up      int           // workers
	changed chan struct{} // closed when state changes

	// Restarts, Timeouts and Requests count from when this one was made.
	Restarts, Timeouts, Requests atomic.Int64
}

// State is how a program is doing.
type State struct {
	Up       bool   // one of it is ready, at least
	Version  string // that it announced last; "": never yet
	Failures int    // in a row
	Cause    string // of the last one
}

// job is a stretch of requests for one worker.
type job struct {
	list    []maker.Request
	answers []maker.Answer
	done    chan struct{}
}

// New takes a checked configuration.
func New(name string, cfg Config, log *slog.Logger) *Pool {
	p := &Pool{name: name, cfg: cfg, log: log.With("process", name), well: livedWell, changed: make(chan struct{})}
	for range cfg.Workers {
		p.asks = append(p.asks, make(chan *job))
	}
	return p
}

// Run keeps the program running until ctx ends; then it is killed with all that it started.
func (p *Pool) Run(ctx context.Context) error {
	var group sync.WaitGroup
	for _, asks := range p.asks {
		group.Go(func() { p.work(ctx, asks) })
	}
	group.Wait()
	return ctx.Err()
}

// State tells how the program is doing; changed is closed with the next change of it.
func (p *Pool) State() (s State, changed <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state, p.changed
}

// Ask spreads the requests over the workers and waits for them.
func (p *Pool) Ask(ctx context.Context, list []maker.Request) []maker.Answer {
	answers := make([]maker.Answer, len(list))
	var jobs []*job
	share := (len(list) + len(p.asks) - 1) / len(p.asks)
	late := time.NewTimer(p.cfg.Start + p.cfg.Timeout) // nobody runs it, or all are busy
	defer late.Stop()
	turn := int(p.turn.Add(1) % int64(len(p.asks)))
	for i := 0; i*share < len(list); i++ {
		from, to := i*share, min((i+1)*share, len(list))
		j := &job{list[from:to], answers[from:to], make(chan struct{})}
		var err error
		select {
		case p.asks[(turn+i)%len(p.asks)] <- j:
			jobs = append(jobs, j)
			continue
		case <-ctx.Done():
			err = ctx.Err()
		case <-late.C:
			err = errors.New("it does not take requests")
		}
		j.refuse(err)
	}
	for _, j := range jobs {
		<-j.done
	}
	return answers
}

func (j *job) refuse(err error) {
	for i := range j.answers {
		j.answers[i].Err = fmt.Errorf("%w: %w", maker.ErrUnanswered, err)
	}
}

// work is the life of one worker: start, serve, wait, start again.
func (p *Pool) work(ctx context.Context, asks <-chan *job) {
	wait := backoffFirst
	for {
		began := time.Now()
		c, err := start(ctx, p.cfg, p.log)
		if err == nil {
			p.note(+1, c.version, nil)
			err = p.serve(ctx, c, asks)
			c.end()
		} else if ctx.Err() == nil {
			p.note(0, "", err)
		}
		if ctx.Err() != nil {
			return
		}
		p.Restarts.Add(1)
		if time.Since(began) > livedWell {
			wait = backoffFirst
		}
		p.log.Warn("the program failed: it is started again", "error", err, "in", wait)
		p.idle(ctx, wait/2+rand.N(wait), err, asks)
		wait = min(2*wait, backoffMost)
	}
}

// serve works requests off until the program fails.
func (p *Pool) serve(ctx context.Context, c *child, asks <-chan *job) error {
	down := func(err error) error { p.note(-1, "", err); return err }
	well := time.NewTimer(p.well)
	defer well.Stop()
	for {
		changed, err := p.overtaken(c)
		if err != nil {
			p.note(-1, "", nil)
			return err
		}
		select {
		case <-ctx.Done():
			p.note(-1, "", nil) // no failure of the program's
			return ctx.Err()
		case <-changed:
		case <-well.C: // though nobody asked it anything
			p.note(0, "", nil)
		case line, ok := <-c.lines:
			if !ok {
				return down(c.ended())
			}
			return down(fmt.Errorf("it spoke without being asked: %s", quote(line)))
		case j := <-asks:
			if _, err := p.overtaken(c); err != nil {
				p.note(-1, "", nil)
				j.refuse(err)
				close(j.done)
				return err
			}
			err := c.exchange(ctx, j.list, j.answers, p.cfg.Timeout)
			p.Requests.Add(int64(len(j.list)))
			if errors.Is(err, errTimeout) {
				p.Timeouts.Add(1)
			}
			if err != nil {
				_ = down(err) // before who asked can look
				close(j.done)
				return err
			}
			p.note(0, "", nil)
			close(j.done)
		}
	}
}

// overtaken tells whether another worker has announced another version since: all must answer alike, so this one is started again.
func (p *Pool) overtaken(c *child) (changed <-chan struct{}, err error) {
	state, changed := p.State()
	if state.Version != c.version {
		err = fmt.Errorf("it is of version %s, another one of it of %s by now", c.version, state.Version)
	}
	return changed, err
}

// idle refuses requests for a while.
func (p *Pool) idle(ctx context.Context, wait time.Duration, cause error, asks <-chan *job) {
	again := time.NewTimer(wait)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-again.C:
			return
		case j := <-asks:
			j.refuse(cause)
			close(j.done)
		}
	}
}

// note keeps the state: by is how many more workers are up, version that of one which has come up, err why one is not.
func (p *Pool) note(by int, version string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	was := p.state
	p.up += by
	p.state.Up = p.up > 0
	if version != "" {
		p.state.Version = version
	}
	switch {
	case err != nil:
		p.state.Failures++
		p.state.Cause = err.Error()
	case by == 0:
		p.state.Failures = 0
	}
	if p.state != was {
		close(p.changed)
		p.changed = make(chan struct{})
	}
}
