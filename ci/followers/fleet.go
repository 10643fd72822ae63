package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	reports "zonecast/internal/fleet"
	"zonecast/internal/release"
	"zonecast/internal/store"
	"zonecast/internal/store/zk"
	"zonecast/localproxy/follow"
	"zonecast/localproxy/live"
)

// patience is how long any step may take.
const patience = 5 * time.Minute

// fleet is all followers.
type fleet struct {
	ctx    context.Context
	cancel context.CancelFunc
	done   sync.WaitGroup
	hosts  []*follower
	silent bool
	bases  atomic.Int64 // fetched

	mu      sync.Mutex
	awaited *arrival
	heads   []release.Head // in force, by follower
}

// follower is one simulated host.
type follower struct {
	*fleet
	index   int
	id      string
	st      store.Store
	slot    live.Slot
	f       *follow.Follower
	started time.Time
}

func startFleet(p *pipeline, dir string, o options) (*fleet, error) {
	f := &fleet{heads: make([]release.Head, o.n), silent: o.silent}
	f.ctx, f.cancel = context.WithCancel(context.Background())
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	key, err := os.ReadFile(filepath.Join(p.dir, "key.pub"))
	if err != nil {
		return f, err
	}
	for i := range o.n {
		cfg := zk.DefaultConfig()
		cfg.Servers, cfg.Connections, cfg.SessionTimeout, cfg.Log = p.servers(), 1, 20*time.Second, quiet
		st, err := zk.Start(cfg)
		if err != nil {
			return f, err
		}
		h := &follower{fleet: f, index: i, id: fmt.Sprintf("host%05d", i), st: st, started: time.Now()}
		f.hosts = append(f.hosts, h)
		source := &counted{Source: follow.NewStoreSource(st, "stable"), bases: &f.bases}
		events := follow.Events{Refused: h.refused, Failed: func(error) {}, Swapped: h.swapped,
			Broken: func(error) {}, Lost: func(error) {}}
		h.f = follow.New(follow.Config{Stream: "stable", Keys: []release.VerifyKey{release.VerifyKey(strings.TrimSpace(string(key)))},
			Dir: filepath.Join(dir, h.id)}, source, &h.slot, events, quiet)
	}
	return f, nil
}

// follow lets all of them go.
func (f *fleet) follow() {
	for _, h := range f.hosts {
		f.done.Go(func() {
			if err := h.f.Open(); err != nil {
				fmt.Println(h.id, err)
				return
			}
			if !f.silent {
				f.done.Go(func() {
					reports.Keep(f.ctx, reports.NewStoreSender(h.st, h.id), h.report, reports.Pace{Every: 10 * time.Second}, slog.New(slog.DiscardHandler))
				})
			}
			_ = h.f.Run(f.ctx)
		})
	}
}

func (f *fleet) stop() {
	if f == nil {
		return
	}
	f.cancel()
	f.done.Wait()
	for _, h := range f.hosts {
		h.slot.Swap(nil)
		h.st.Close()
	}
}

// counted counts the bases that are fetched.
type counted struct {
	follow.Source
	bases *atomic.Int64
}

func (c *counted) FetchBase(ctx context.Context, b release.Base, offset int64, w io.Writer) error {
	c.bases.Add(1)
	return c.Source.FetchBase(ctx, b, offset, w)
}

func (h *follower) refused(r follow.Reason) { fmt.Println(h.id, "refused a release:", r) }

func (h *follower) swapped(r *live.Release, _ time.Duration, _ bool) {
	now := time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	before := h.heads[h.index]
	h.heads[h.index] = r.Head
	if a := h.awaited; a != nil && !a.is(before) && a.is(r.Head) {
		a.times = append(a.times, now)
		if len(a.times) == len(h.hosts) {
			close(a.done)
		}
	}
}

func (h *follower) report() reports.Report {
	h.mu.Lock()
	defer h.mu.Unlock()
	head := h.heads[h.index]
	r := reports.Report{ID: h.id, State: reports.Fresh, Epoch: head.Epoch, Version: head.Version, Released: head.Released, AsOf: head.AsOf,
		Build: "measured", Started: h.started.Unix(), At: time.Now().Unix()}
	if head.Version == 0 {
		r.State = reports.Empty
	}
	return r
}

// arrival waits until all followers serve what it is about.
type arrival struct {
	is    func(release.Head) bool
	times []time.Time
	done  chan struct{}
}

// await begins to wait; what it is about must not be served anywhere yet.
func (f *fleet) await(is func(release.Head) bool) *arrival {
	a := &arrival{is: is, done: make(chan struct{})}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.awaited = a
	return a
}

// expect waits for a version, or a newer one.
func (f *fleet) expect(version uint64) *arrival {
	return f.await(func(h release.Head) bool { return h.Version >= version })
}

// newest gives the newest version that any follower serves.
func (f *fleet) newest() (version uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, h := range f.heads {
		version = max(version, h.Version)
	}
	return version
}

func (f *fleet) head() release.Head {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.heads[0]
}

func (a *arrival) wait() error {
	select {
	case <-a.done:
		return nil
	case <-time.After(patience):
		return fmt.Errorf("only %d followers came within %v", len(a.times), patience)
	}
}

// last gives how long the slowest took.
func (a *arrival) last(since time.Time) time.Duration { return a.times[len(a.times)-1].Sub(since) }

// each gives how long each of them took.
func (a *arrival) each(since time.Time) []time.Duration {
	list := make([]time.Duration, len(a.times))
	for i, t := range a.times {
		list[i] = t.Sub(since)
	}
	return list
}
