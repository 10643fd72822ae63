package localproxy

import (
	"context"
	"fmt"
	"sync"
	"time"

	"zonecast/internal/fleet"
	"zonecast/internal/service"
	"zonecast/internal/store"
)

// self is what a proxy remembers of its own troubles, for its reports.
type self struct {
	started time.Time
	build   string

	mu              sync.Mutex
	refused, failed uint64
	last            string // trouble
	at              time.Time
}

// buildText names the build in few characters.
func buildText() string {
	version, revision := build()
	if version == "" || version == "(devel)" {
		return revision
	}
	return version
}

// note counts one more of a kind.
func (s *self) note(count *uint64, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*count++
	s.last, s.at = service.OneLine(text), time.Now()
}

// reportTo chooses where reports go: the way that releases come.
func (s *Stage) reportTo(st store.Store) error {
	cfg := s.cfg.Report
	if cfg.Off {
		return nil
	}
	if err := cfg.check(); err != nil {
		return err
	}
	if err := fleet.CheckID(s.host.Instance); err != nil {
		return fmt.Errorf("instance: %w; or set localproxy.report.off", err)
	}
	if len(s.cfg.URLs) > 0 {
		s.reports = fleet.NewHTTPSender(s.cfg.URLs, s.host.Instance, cfg.TokenFile)
	} else {
		s.reports = fleet.NewStoreSender(st, s.host.Instance)
	}
	return nil
}

// report keeps the fleet's summary informed until ctx ends.
func (s *Stage) report(ctx context.Context) error {
	fleet.Keep(ctx, s.reports, s.observe, fleet.Pace{Every: s.cfg.Report.Every}, s.host.Log)
	return nil
}

// observe is the proxy's own view of itself, now.
func (s *Stage) observe() fleet.Report {
	now := time.Now()
	r := fleet.Report{ID: s.host.Instance, State: fleet.Empty, Build: s.self.build, Started: s.self.started.Unix(), At: now.Unix()}
	for _, a := range s.server.Addrs() {
		r.Addresses = append(r.Addresses, a.String())
	}
	s.self.mu.Lock()
	r.Refused, r.Failed, r.LastError = s.self.refused, s.self.failed, s.self.last
	if !s.self.at.IsZero() {
		r.ErrorAt = s.self.at.Unix()
	}
	s.self.mu.Unlock()
	loaded := s.metrics.loaded.Load()
	if loaded == nil {
		return r
	}
	h := loaded.Head
	r.Epoch, r.Version, r.Released, r.AsOf = h.Epoch, h.Version, h.Released, h.AsOf
	switch {
	case h.Expires > 0 && age(h.Expires) > 0:
		r.State = fleet.Expired
	case age(h.AsOf) > s.cfg.Report.StaleAfter.Seconds():
		r.State = fleet.Stale
	default:
		r.State = fleet.Fresh
	}
	return r
}
