//go:build linux && amd64

package main

import (
	"errors"
	"fmt"
	"os"
)

// network is a bridge with hosts in network namespaces of their own, in the second network of RFC 5737.
type network struct {
	bridge string
	prefix string
	hosts  []host
}

// gateway is our own address on the bridge.
const gateway = "198.51.100.1"

func ip(args ...string) error {
	_, err := output("/", "ip", args...)
	return err
}

// newNetwork makes n hosts. It wants root and iproute2; remove undoes all of it.
func newNetwork(n int) (*network, error) {
	id := os.Getpid() % 100_000
	w := &network{bridge: fmt.Sprintf("zfb%d", id), prefix: fmt.Sprintf("zf%d-", id)}
	err := errors.Join(ip("link", "add", w.bridge, "type", "bridge"), ip("addr", "add", gateway+"/24", "dev", w.bridge), ip("link", "set", w.bridge, "up"))
	for i := 0; i < n && err == nil; i++ {
		h := host{ip: fmt.Sprintf("198.51.100.%d", 11+i), ns: fmt.Sprintf("%s%d", w.prefix, i)}
		w.hosts = append(w.hosts, h)
		err = errors.Join(ip("netns", "add", h.ns),
			ip("link", "add", w.port(h), "type", "veth", "peer", "name", "eth0", "netns", h.ns),
			ip("-n", h.ns, "addr", "add", h.ip+"/24", "dev", "eth0"),
			ip("-n", h.ns, "link", "set", "eth0", "up"),
			ip("-n", h.ns, "link", "set", "lo", "up"),
			w.join(h))
	}
	if err != nil {
		w.remove()
		return nil, fmt.Errorf("network namespaces (wants root): %w", err)
	}
	return w, nil
}

// port is the host's end on the bridge.
func (w *network) port(h host) string { return "v" + h.ns }

func (w *network) remove() {
	for _, h := range w.hosts {
		_ = ip("netns", "del", h.ns) // its interface goes with it
	}
	_ = ip("link", "del", w.bridge)
}

// join and cut connect a host to the bridge, and take it off: packets vanish in both directions, and nobody is told.
func (w *network) join(h host) error {
	return errors.Join(ip("link", "set", w.port(h), "master", w.bridge), ip("link", "set", w.port(h), "up"))
}

func (w *network) cut(h host) error { return ip("link", "set", w.port(h), "nomaster") }

// nowhere is a hardware address that nobody has.
const nowhere = "02:00:00:00:00:01"

// deafen has what one host sends to another vanish; the other direction works.
func deafen(from host, to string) error {
	return ip("-n", from.ns, "neigh", "replace", to, "lladdr", nowhere, "dev", "eth0", "nud", "permanent")
}

func undeafen(from host, to string) error {
	return ip("-n", from.ns, "neigh", "del", to, "dev", "eth0")
}
