package publisher

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"

	"zonecast/internal/leader"
	"zonecast/internal/release"
	"zonecast/internal/service"
	"zonecast/internal/store"
	"zonecast/internal/zone"
)

// Stage is the publisher of one process: it leads when it can, and keeps and offers base files always.
type Stage struct {
	cfg       Config
	st        store.Store
	h         *service.Host
	m         *metrics
	terms     *leader.Terms
	protected []zone.Name
	gates     map[zone.Name]Gates // zones with limits of their own
	shelf     *shelf
	files     *files
	witness   *witness
	leading   atomic.Pointer[term]
	census    *census
}

// New checks the configuration and mounts metrics and endpoints. It makes the data folder and reads nothing else.
func New(cfg Config, st store.Store, h *service.Host) (*Stage, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	s := &Stage{cfg: cfg, st: st, h: h, gates: map[zone.Name]Gates{}}
	for _, text := range cfg.Gates.Protected {
		n, err := zone.ParseName(text)
		if err != nil {
			return nil, err
		}
		s.protected = append(s.protected, n)
	}
	for text, limits := range cfg.Gates.Zones {
		apex, err := zone.ParseName(text)
		if err != nil {
			return nil, err
		}
		s.gates[apex] = cfg.Gates.of(limits)
	}
	var err error
	if s.shelf, err = newShelf(filepath.Join(cfg.Data, "bases")); err != nil {
		return nil, fmt.Errorf("publisher: %w", err)
	}
	if s.witness, err = openWitness(cfg.Data); err != nil {
		return nil, fmt.Errorf("publisher: %w", err)
	}
	s.files = newFiles(s.shelf)
	s.m = newMetrics(h.Metrics)
	s.census = &census{s: s}
	h.Metrics.MustRegister(s.census)
	s.terms = leader.NewTerms(h.Metrics, owner)
	s.mount(h)
	h.Ready.Set(owner, fmt.Errorf("starting"))
	return s, nil
}

// Run works until ctx ends.
func (s *Stage) Run(ctx context.Context) error {
	key, public, err := readKey(s.cfg.KeyFile)
	if err != nil {
		return fmt.Errorf("publisher: %w", err)
	}
	hist := history{st: s.st, stream: s.cfg.Stream, keys: s.cfg.keys(public), shelf: s.shelf}
	g, _ := service.NewGroup(ctx)
	g.Go("bases", func(ctx context.Context) error { return s.keep(ctx, hist) })
	g.Go("leader", func(ctx context.Context) error {
		me := leader.Info{Instance: s.h.Instance, URL: s.h.URL()}
		return leader.Run(ctx, s.st, owner, me, s.h.Log, s.terms.Count(func(ctx context.Context) error { return s.lead(ctx, hist, key) }))
	})
	err = g.Wait()
	if err := s.witness.close(); err != nil {
		s.h.Log.Warn("the newest head cannot be remembered", "stage", owner, "error", err)
	}
	return err
}

// lead is one term of leadership.
func (s *Stage) lead(ctx context.Context, hist history, key release.SigningKey) error {
	mem, err := openMemory(s.cfg.Data)
	if err != nil {
		return err
	}
	t := s.term(hist, key, mem)
	s.leading.Store(t)
	defer func() {
		s.leading.CompareAndSwap(t, nil)
		s.m.resigned()
		close(t.ended)
	}()
	var counting sync.WaitGroup
	counted, stop := context.WithCancel(ctx)
	counting.Go(func() { s.census.run(counted) })
	err = t.run(ctx)
	stop()
	counting.Wait()
	if err != nil && ctx.Err() == nil {
		s.m.failed("term")
		s.h.Ready.Set(owner, err)
	}
	return err
}

func (s *Stage) term(hist history, key release.SigningKey, mem *memory) *term {
	return &term{
		cfg: s.cfg, gates: s.gates, protected: s.protected, instance: s.h.Instance, st: s.st, log: s.h.Log.With("stage", owner),
		m: s.m, ready: func(err error) { s.h.Ready.Set(owner, err) }, key: key, hist: hist, mem: mem, witness: s.witness, serve: s.files.add,
		policies: newPolicies(s.st, s.h.Log.With("stage", owner)),
		asks:     make(chan ask), built: make(chan built, 1), ended: make(chan struct{}),
	}
}
