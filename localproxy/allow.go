package localproxy

import (
	"fmt"

	"zonecast/localproxy/access"
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
