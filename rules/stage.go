package rules

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"

	"zonecast/internal/leader"
	"zonecast/internal/service"
	"zonecast/internal/store"
	"zonecast/rules/process"
)

// Stage is a rules stage: the leader of its source, or a standby that waits to be.
type Stage struct {
	cfg     Config
	watched []watched
	// programs are those of the configuration. They run during a term.
	programs map[string]*process.Pool
	st       store.Store
	host     *service.Host
	log      *slog.Logger
	metrics  *metrics
	terms    *leader.Terms
	name     string               // in leaders, held things and /readyz: "rules.main"
	lead     atomic.Pointer[lead] // nil on a standby
	plans    plans
}

// errStarting is the readiness of a stage that neither leads nor knows who does.
var errStarting = errors.New("no leader yet")

// New validates the configuration and mounts metrics and endpoints. The store is not touched before Run.
func New(cfg Config, st store.Store, h *service.Host) (*Stage, error) {
	files, err := cfg.check()
	if err != nil {
		return nil, fmt.Errorf("rules: %w", err)
	}
	s := &Stage{cfg: cfg, watched: files, st: st, host: h, name: "rules." + cfg.Source, plans: newPlans()}
	s.log = h.Log.With("stage", s.name)
	s.metrics = newMetrics(h.Metrics, cfg.Source)
	s.programs = NewPrograms(cfg, s.log)
	s.metrics.programs(h.Metrics, cfg.Source, s.programs)
	s.terms = leader.NewTerms(h.Metrics, s.name)
	h.Ready.Set(s.name, errStarting)
	s.mount(h)
	return s, nil
}

// Run works until ctx ends: it stands for the leadership of its source and does the stage's work while it has it.
func (s *Stage) Run(ctx context.Context) error {
	g, _ := service.NewGroup(ctx)
	g.Go("lead", func(ctx context.Context) error {
		me := leader.Info{Instance: s.host.Instance, URL: s.host.URL()}
		return leader.Run(ctx, s.st, s.name, me, s.log, s.terms.Count(s.work))
	})
	g.Go("standby", func(ctx context.Context) error {
		leader.StandBy(ctx, s.st, s.host, s.name, func() bool { return s.lead.Load() != nil })
		return nil
	})
	return g.Wait()
}

// fenced notes a write that came too late: after another process had taken over.
func (s *Stage) fenced(err error) {
	s.metrics.fenced.Inc()
	s.log.Warn("a write was refused: another process leads now", "error", err)
}

// work is one term as leader: take the tables over, load the rules, repair what they changed, then serve jobs.
func (s *Stage) work(ctx context.Context) error {
	l, err := s.takeOver(ctx)
	if err != nil {
		s.log.Error("cannot take over", "error", err)
		return err
	}
	if l.unprimed.Store(int64(len(s.watched))); s.cfg.Dir != "" {
		l.unprimed.Add(1)
	}
	l.unprimed.Add(1)
	s.lead.Store(l)
	l.primed()
	defer func() {
		s.lead.Store(nil)
		s.metrics.resigned()
		s.host.Ready.Set(s.name, errStarting)
		close(l.ended)
	}()
	g, _ := service.NewGroup(ctx)
	g.Go("loop", l.loop)
	g.Go("trial", l.tryStored)
	for name, pool := range s.programs {
		g.Go("process "+name, pool.Run)
		g.Go("ask "+name, func(ctx context.Context) error { return l.askProgram(ctx, name, pool) })
	}
	if s.cfg.Dir != "" {
		g.Go("rules folder", l.watchRules)
	}
	for _, w := range s.watched {
		g.Go("feed "+w.feed, func(ctx context.Context) error { return l.watchFile(ctx, w) })
	}
	err = g.Wait()
	if err != nil && ctx.Err() == nil {
		s.log.Error("resigning", "error", err)
	}
	return err
}
