package localproxy

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"zonecast/internal/fleet"
	"zonecast/internal/release"
	"zonecast/internal/service"
	"zonecast/internal/store"
	"zonecast/localproxy/follow"
	"zonecast/localproxy/listen"
	"zonecast/localproxy/live"
)

// Stage is one proxy. Make it with New or NewFixed.
type Stage struct {
	cfg      Config
	addrs    []netip.AddrPort
	host     *service.Host
	metrics  *metrics
	slot     live.Slot
	sessions *sessions
	source   source       // nil when one file is served
	reports  fleet.Sender // nil when nothing is reported
	self     self
	keys     []release.VerifyKey // of source
	fixed    fixedFile           // the one file, if one is served
	broke    chan struct{}       // told when that breaks
	bound    chan struct{}       // closed when server is set
	server   *listen.Server
}

type source interface {
	follow.Source
	Close()
}

// readyName is the stage's condition in /readyz.
const readyName = "localproxy"

var errNoRelease = errors.New("no verified release yet")

// New makes a proxy that follows a stream: over HTTP if cfg.URLs says so (st may be nil then), else through the store.
func New(cfg Config, st store.Store, h *service.Host) (*Stage, error) {
	s, err := newStage(cfg, h)
	if err != nil {
		return nil, err
	}
	if cfg.Data == "" {
		return nil, errors.New("localproxy.data: no folder to keep the last good release in")
	}
	if cfg.Stream == "" {
		return nil, errors.New("localproxy.stream: no stream to follow")
	}
	if s.keys, err = cfg.VerifyKeys(); err != nil {
		return nil, err
	}
	if len(cfg.URLs) > 0 {
		if s.source, err = follow.NewHTTPSource(cfg.URLs, cfg.Stream); err != nil {
			return nil, fmt.Errorf("localproxy.urls: %w", err)
		}
	} else if st == nil {
		return nil, errors.New("localproxy: neither a store nor urls to follow releases from")
	} else {
		s.source = follow.NewStoreSource(st, cfg.Stream)
	}
	if err := s.reportTo(st); err != nil {
		return nil, err
	}
	s.register()
	return s, nil
}

// NewFixed makes a proxy that serves one snapshot file and follows nothing. Its _timestamp records say epoch 0 and
// version 0, and the file's modification time for all times; SOA serials are those in the file.
func NewFixed(cfg Config, path string, h *service.Host) (*Stage, error) {
	s, err := newStage(cfg, h)
	if err != nil {
		return nil, err
	}
	s.fixed.path = path
	s.register()
	return s, nil
}

func newStage(cfg Config, h *service.Host) (*Stage, error) {
	addrs, err := cfg.addrs()
	if err != nil {
		return nil, err
	}
	gate, err := cfg.gate()
	if err != nil {
		return nil, err
	}
	answers, err := cfg.answers()
	if err != nil {
		return nil, err
	}
	limiter, err := cfg.limiter(addrs)
	if err != nil {
		return nil, fmt.Errorf("localproxy.rate_limit.%w", err)
	}
	s := &Stage{cfg: cfg, addrs: addrs, host: h, broke: make(chan struct{}, 1), bound: make(chan struct{})}
	s.sessions = &sessions{slot: &s.slot, gate: gate, limiter: limiter, began: time.Now(), answers: answers}
	s.self.started, s.self.build = time.Now(), buildText()
	return s, nil
}

// register touches the host last, so that a config at fault leaves nothing behind.
func (s *Stage) register() {
	s.metrics = newMetrics(s.host.Metrics)
	s.host.Metrics.MustRegister(s.sessions, tcpCollector{s.listening}, udpCollector{s.listening})
	s.host.Ready.Set(readyName, errNoRelease)
}

// listening gives the listeners; nil before they are bound.
func (s *Stage) listening() *listen.Server {
	select {
	case <-s.bound:
		return s.server
	default:
		return nil
	}
}

// Bound gives the addresses listened on, with their real ports, as soon as Run has them; nil when ctx ends before.
func (s *Stage) Bound(ctx context.Context) []netip.AddrPort {
	select {
	case <-s.bound:
		return s.server.Addrs()
	case <-ctx.Done():
		return nil
	}
}

// Run listens, serves the last good release at once if there is one, and follows. It fails when an address cannot
// be bound, the data folder is in use, or (with NewFixed) the file cannot be served; else it works until ctx ends.
func (s *Stage) Run(ctx context.Context) error {
	var err error
	if s.server, err = listen.Bind(ctx, s.addrs, s.cfg.Limits, s.sessions); err != nil {
		return err
	}
	close(s.bound)
	group, ctx := service.NewGroup(ctx)
	serving, stopServing := context.WithCancel(ctx)
	defer stopServing()
	follower, err := s.load()
	group.Go("dns", func(context.Context) error { s.server.Serve(serving); return nil })
	if err != nil {
		stopServing()
		return errors.Join(err, group.Wait())
	}
	s.host.Log.Info("answering dns", "addresses", s.server.Addrs(), "allow", s.cfg.allow())
	s.warnOfAccess()
	group.Go("access", func(ctx context.Context) error { s.sessions.gate.Run(ctx, s.host.Log); return nil })
	if l := s.sessions.limiter; l != nil {
		group.Go("rate limits", func(ctx context.Context) error { l.Run(ctx, s.host.Log); return nil })
	}
	group.Go("scrub", s.scrub)
	if follower == nil {
		group.Go("file", s.keepFixed)
	} else {
		group.Go("follow", follower.Run)
		group.Go("expiry", s.watchExpiry)
		if s.reports != nil {
			group.Go("report", s.report)
		}
	}
	err = group.Wait()
	s.slot.Swap(nil)
	if s.source != nil {
		s.source.Close()
	}
	return err
}

// load puts the first release in force: the one file, or the last good one.
func (s *Stage) load() (*follow.Follower, error) {
	if s.source == nil {
		return nil, s.loadFixed()
	}
	events := follow.Events{
		Refused: func(r follow.Reason) {
			s.metrics.refused.WithLabelValues(string(r)).Inc()
			s.self.note(&s.self.refused, "refused: "+string(r))
		},
		Failed: func(err error) {
			s.metrics.failed.Inc()
			s.self.note(&s.self.failed, err.Error())
		},
		Swapped: s.swapped,
		Broken: func(err error) {
			s.metrics.faults.Inc()
			s.self.note(&s.self.failed, err.Error())
		},
		Lost: s.lost,
	}
	f := follow.New(follow.Config{Stream: s.cfg.Stream, Keys: s.keys, Dir: s.cfg.Data}, s.source, &s.slot, events, s.host.Log)
	return f, f.Open()
}

func (s *Stage) swapped(r *live.Release, took time.Duration, content bool) {
	s.metrics.swapped(r, took, content)
	s.host.Ready.Set(readyName, nil)
	switch {
	case s.source == nil:
		s.host.Log.Info("serving file", "file", s.fixed.path, "zones", r.Base.Point.Zones, "names", r.Base.Point.Names, "records", r.Base.Point.Records, "took", took)
	case content:
		s.host.Log.Info("serving release", "epoch", r.Head.Epoch, "version", r.Head.Version, "zones", len(r.View.Zones()), "took", took)
	}
}

// lost says that there is nothing to answer from, until a swap.
func (s *Stage) lost(err error) {
	s.metrics.loaded.Store(nil)
	s.host.Ready.Set(readyName, err)
}

// expiryEvery is how often expiry is looked at: an alarm, no deadline of anything.
const expiryEvery = 10 * time.Second

// watchExpiry logs when the head in force expires, and when a newer one ends that.
func (s *Stage) watchExpiry(ctx context.Context) error {
	tick := time.NewTicker(expiryEvery)
	defer tick.Stop()
	expired := false
	for {
		if r := s.metrics.loaded.Load(); r != nil && r.Head.Expires > 0 {
			now := age(r.Head.Expires) > 0
			if now && !expired {
				s.host.Log.Error("the head in force has expired; it is served all the same", "version", r.Head.Version,
					"signed", time.Unix(r.Head.Signed, 0).UTC(), "err", release.ErrExpired)
			} else if !now && expired {
				s.host.Log.Info("the head in force is current again", "version", r.Head.Version)
			}
			expired = now
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}
