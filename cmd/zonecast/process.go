package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"zonecast/internal/api"
	"zonecast/internal/fleet"
	"zonecast/internal/notify"
	"zonecast/internal/service"
	"zonecast/internal/store"
	"zonecast/internal/store/embedded"
	"zonecast/internal/store/zk"
	"zonecast/localproxy"
	"zonecast/presenter"
	"zonecast/presenter/zonefile"
	"zonecast/publisher"
	"zonecast/rules"
)

// stage is one of the four: what New gives.
type stage interface {
	Run(ctx context.Context) error
}

// process is one running zonecast: a store, an HTTP listener and some stages.
type process struct {
	cfg   Config
	host  *service.Host
	store store.Store
}

// opener opens a store: openStore or startStore.
type opener func(context.Context, Config) (store.Store, error)

// newProcess opens the store.
func newProcess(ctx context.Context, cfg Config, log io.Writer, open opener) (*process, error) {
	cfg.settle()
	token, read, err := cfg.tokens()
	if err != nil {
		return nil, err
	}
	logger, err := newLogger(cfg.Log, log)
	if err != nil {
		return nil, err
	}
	cfg.Store.ZK.Log = logger
	p := &process{cfg: cfg, host: service.NewHost(cfg.Instance, token, logger)}
	p.host.ReadToken = read
	if p.store, err = open(ctx, cfg); err != nil {
		return nil, err
	}
	if st, ok := p.store.(*embedded.Store); ok {
		st.Health(p.storeHealth)
	}
	return p, nil
}

// storeHealth says that nothing can be written: what was accepted is served, and events wait.
func (p *process) storeHealth(err error) {
	p.host.Ready.Set("store", err)
	if err != nil {
		p.host.Log.Error("the store cannot be written: events wait, what was released is served", "error", err)
		return
	}
	p.host.Log.Info("the store can be written again")
}

func newLogger(c LogConfig, w io.Writer) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		return nil, fmt.Errorf("log.level %q: debug, info, warn or error", c.Level)
	}
	opt := &slog.HandlerOptions{Level: level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, opt)), nil
	}
	return slog.New(slog.NewTextHandler(w, opt)), nil
}

func openStore(ctx context.Context, cfg Config) (store.Store, error) {
	if cfg.Store.Kind == "zk" {
		return zk.Open(ctx, cfg.Store.ZK)
	}
	if err := os.MkdirAll(cfg.Data, 0o750); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	st, err := embedded.Open(filepath.Join(cfg.Data, "store.db"), 500*time.Millisecond)
	if errors.Is(err, embedded.ErrLocked) {
		return nil, fmt.Errorf("data folder %s is in use by another zonecast: stop it, or name another folder with --data", cfg.Data)
	}
	if errors.Is(err, embedded.ErrDamaged) {
		return nil, fmt.Errorf("%w; move the file away: folders and lists are loaded anew then, events are to be sent again", err)
	}
	if err != nil {
		return nil, err
	}
	return st, nil
}

// startStore does not wait for the ensemble: a proxy answers from its last good release meanwhile (P5).
func startStore(_ context.Context, cfg Config) (store.Store, error) { return zk.Start(cfg.Store.ZK) }

// The makers of the stages.
func (p *process) rules() (stage, error)     { return rules.New(p.cfg.Rules, p.store, p.host) }
func (p *process) presenter() (stage, error) { return presenter.New(p.cfg.Presenter, p.store, p.host) }
func (p *process) publisher() (stage, error) { return publisher.New(p.cfg.Publisher, p.store, p.host) }
func (p *process) localproxy() (stage, error) {
	return localproxy.New(p.cfg.LocalProxy, p.store, p.host)
}

func (p *process) notifier() (stage, error) {
	return notify.New(p.cfg.Notify, p.store, p.host, p.cfg.Publisher.Stream)
}

// run makes the stages, listens and works until ctx ends or something fails. Ready, if any, runs beside them.
func (p *process) run(ctx context.Context, ready func(context.Context) error, makers ...func() (stage, error)) error {
	defer p.store.Close()
	saveMemory()
	if len(p.cfg.Notify.Receivers) > 0 {
		makers = append(makers, p.notifier)
	}
	var stages []stage
	for _, make := range makers {
		s, err := make()
		if err != nil {
			return err
		}
		stages = append(stages, s)
	}
	p.pointElsewhere(stages)
	reports, err := readToken(p.cfg.HTTP.ReportTokenFile)
	if err != nil {
		return err
	}
	keeper := fleet.NewKeeper(p.store, p.host, reports)
	api.Mount(p.host, p.store, p.cfg.Publisher.Stream, zonefile.Locate)
	listener, err := p.listen()
	if err != nil {
		return err
	}
	group, _ := service.NewGroup(ctx)
	group.Go("http", func(ctx context.Context) error { return p.host.Serve(ctx, listener) })
	group.Go("store probe", store.NewProbe(p.store, p.host.Metrics).Run)
	group.Go("proxies", keeper.Run)
	for _, s := range stages {
		group.Go(stageName(s), s.Run)
	}
	if ready != nil {
		group.Go("ready", ready)
	}
	return p.ended(group.Wait())
}

// saveMemory has garbage collected at half the growth of Go's default, unless GOGC says otherwise: starting with
// 100,000 entities and 300,000 names it takes the peak from 1.4 GB to 0.95 GB for a twentieth more CPU.
func saveMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50)
	}
}

// stageName is the stage's package: "rules".
func stageName(s stage) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(fmt.Sprintf("%T", s), "*"), ".")
	return name
}

// ended logs an end that was asked for; another is the program's error.
func (p *process) ended(err error) error {
	if err == nil {
		p.host.Log.Info("stopped")
	}
	return advise(err)
}

// advise says what to do about a DNS address that is taken: HTTP's is dealt with before the stages run.
func advise(err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%w: stop what listens there, or choose another with --dns", err)
	}
	return err
}

func (p *process) listen() (net.Listener, error) {
	addr := p.cfg.HTTP.Listen
	l, err := p.host.Listen(addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("http address %s is in use: stop what listens there, or choose another with --http", addr)
	}
	if err != nil {
		return nil, fmt.Errorf("http: %w", err)
	}
	if p.cfg.HTTP.Advertise != "" {
		p.host.SetURL(p.cfg.HTTP.Advertise)
	}
	return l, nil
}
