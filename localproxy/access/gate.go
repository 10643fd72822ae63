package access

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"
)

// rereadEvery is how soon an address that the host was given, or lost, counts.
const rereadEvery = 10 * time.Second

// Gate keeps the Set of a list that may contain the host's own addresses.
type Gate struct {
	rules     Rules
	addresses func() ([]netip.Addr, error) // the host's own
	own       []netip.Addr                 // as compiled last, sorted; of the goroutine in New or Run
	set       atomic.Pointer[Set]
}

// NewGate compiles the rules with the addresses that the host has now. Without the word host it asks for none.
func NewGate(r Rules) (*Gate, error) { return newGate(r, hostAddresses) }

func newGate(r Rules, addresses func() ([]netip.Addr, error)) (*Gate, error) {
	g := &Gate{rules: r, addresses: addresses}
	g.compile()
	if r.host {
		if err := g.reread(); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// Set gives the set in force. Take it once for a batch of packets.
func (g *Gate) Set() *Set { return g.set.Load() }

// Run re-reads the host's addresses until ctx ends. When they cannot be read, those of before stay in force.
func (g *Gate) Run(ctx context.Context, log *slog.Logger) {
	if !g.rules.host {
		return
	}
	tick := time.NewTicker(rereadEvery)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := g.reread()
		if err != nil && !failing {
			log.Warn("who may ask: the host's addresses of before stay in force", "err", err)
		}
		failing = err != nil
	}
}

func (g *Gate) reread() error {
	own, err := g.addresses()
	if err != nil {
		return fmt.Errorf("this host's own addresses: %w", err)
	}
	slices.SortFunc(own, netip.Addr.Compare)
	if !slices.Equal(own, g.own) {
		g.own = own
		g.compile()
	}
	return nil
}

func (g *Gate) compile() {
	networks := slices.Clone(g.rules.prefixes)
	for _, a := range g.own {
		networks = append(networks, netip.PrefixFrom(a, a.BitLen()))
	}
	g.set.Store(NewSet(networks))
}

func hostAddresses() ([]netip.Addr, error) {
	list, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	var own []netip.Addr
	for _, a := range list {
		if n, ok := a.(*net.IPNet); ok {
			if addr, ok := netip.AddrFromSlice(n.IP); ok {
				own = append(own, addr.Unmap().WithZone(""))
			}
		}
	}
	return own, nil
}
