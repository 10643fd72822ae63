package localproxy

import (
	"fmt"
	"net/netip"
	"slices"

	"zonecast/localproxy/access"
	"zonecast/localproxy/ratelimit"
)

// defaultAllow is the host alone: a name server that answers everybody lends itself to attacks on others (RFC 5358).
var defaultAllow = []string{access.Loopback, access.Host}

// allow gives the list in force.
func (c Config) allow() []string {
	if len(c.Allow) == 0 {
		return defaultAllow
	}
	return c.Allow
}

// gate compiles it.
func (c Config) gate() (*access.Gate, error) {
	rules, err := access.Parse(c.allow())
	if err != nil {
		return nil, fmt.Errorf("localproxy.allow: %w", err)
	}
	gate, err := access.NewGate(rules)
	if err != nil {
		return nil, fmt.Errorf("localproxy.allow: %w", err)
	}
	return gate, nil
}

// limiter is nil where nobody is limited: loopback clients alone are never.
func (c Config) limiter(listeners []netip.AddrPort) (*ratelimit.Limiter, error) {
	beyond := func(a netip.AddrPort) bool { return !a.Addr().IsLoopback() }
	if !slices.ContainsFunc(listeners, beyond) {
		return nil, c.RateLimit.Check()
	}
	return ratelimit.New(c.RateLimit)
}

// warnOfAccess says what surprises whoever opens one of listener and list, and forgets the other.
func (s *Stage) warnOfAccess() {
	others := false // may ask
	for _, text := range s.cfg.allow() {
		others = others || text != access.Loopback && text != access.Host
	}
	for _, addr := range s.server.Addrs() {
		if !addr.Addr().IsLoopback() && !others {
			s.host.Log.Warn("listening beyond loopback, but only this host may ask: name the clients' networks in localproxy.allow",
				"address", addr)
			return
		}
	}
}
