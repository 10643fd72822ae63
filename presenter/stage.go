package presenter

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"zonecast/internal/leader"
	"zonecast/internal/service"
	"zonecast/internal/store"
	"zonecast/presenter/zonefile"
)

// owner is the stage's name: in leaders, held things and /readyz.
const owner = "presenter"

// Stage is a presenter: the leader, or a standby that waits to be.
type Stage struct {
	cfg     Config
	st      store.Store
	host    *service.Host
	log     *slog.Logger
	metrics *metrics
	terms   *leader.Terms
	now     func() time.Time
	plans   plans

	sweepFrom int64                // rows; sweepFrom but in tests
	term      atomic.Pointer[term] // nil on a standby
}

var errStarting = errors.New("no leader yet")

// New validates the configuration and mounts metrics and endpoints. The store is not touched before Run.
func New(cfg Config, st store.Store, h *service.Host) (*Stage, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	cfg.memo = &zonefile.Memo{}
	s := &Stage{cfg: cfg, st: st, host: h, log: h.Log.With("stage", owner), now: time.Now, plans: newPlans(), sweepFrom: sweepFrom}
	s.metrics = newMetrics(h.Metrics, cfg.Sources)
	s.terms = leader.NewTerms(h.Metrics, owner)
	h.Ready.Set(owner, errStarting)
	s.mount(h)
	return s, nil
}

// Run works until ctx ends: it stands for the leadership and does the stage's work while it has it.
func (s *Stage) Run(ctx context.Context) error {
	g, _ := service.NewGroup(ctx)
	g.Go("lead", func(ctx context.Context) error {
		me := leader.Info{Instance: s.host.Instance, URL: s.host.URL()}
		return leader.Run(ctx, s.st, owner, me, s.log, s.terms.Count(s.work))
	})
	g.Go("standby", func(ctx context.Context) error {
		leader.StandBy(ctx, s.st, s.host, owner, func() bool { return s.term.Load() != nil })
		return nil
	})
	return g.Wait()
}

// fenced notes a write that came too late: after another process had taken over.
func (s *Stage) fenced(err error) {
	s.metrics.fenced.Inc()
	s.log.Warn("a write was refused: another process leads now", "error", err)
}

// work is one term as leader.
func (s *Stage) work(ctx context.Context) error {
	t := s.newTerm()
	defer func() {
		s.term.Store(nil)
		s.metrics.resigned()
		s.host.Ready.Set(owner, errStarting)
		close(t.ended)
	}()
	g, _ := service.NewGroup(ctx)
	for _, in := range t.inputs {
		g.Go("source "+in.source, func(ctx context.Context) error { return t.follow(ctx, in) })
	}
	g.Go("loop", func(ctx context.Context) error { // the inputs are read meanwhile
		if err := t.takeOver(ctx); err != nil {
			return fmt.Errorf("cannot take over: %w", err)
		}
		return t.loop(ctx)
	})
	if s.cfg.Zones != "" {
		g.Go("zones folder", t.watch)
	}
	err := g.Wait()
	if err != nil && ctx.Err() == nil {
		s.log.Error("resigning", "error", err)
	}
	return err
}
