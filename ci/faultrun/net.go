//go:build linux && amd64

package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// netLimit is what a fault of the network may cost after it is over, until events are accepted and served everywhere again.
const netLimit = 30 * time.Second

// nets makes a network of five hosts, three for ZooKeeper and two with one process of every stage each, and a relay
// before each ZooKeeper node, and has them cut off, half cut off, delayed, and lied to.
func nets(ctx context.Context, r *referee, o options, rounds int) (bool, error) {
	network, err := newNetwork(5)
	if err != nil {
		return false, err
	}
	defer network.remove()
	var relays []*relay
	defer func() {
		for _, r := range relays {
			r.close()
		}
	}()
	local := host{ip: "127.0.0.1"}
	at := layout{zoo: [3]host(network.hosts[:3]), stages: [2]host(network.hosts[3:]), proxies: [3]host{local, local, local}}
	var fault error
	at.through = func(nodes []*node) (addrs []string) {
		for _, n := range nodes {
			r, err := newRelay(gateway, n.addr)
			if err != nil {
				fault = err
				return nil
			}
			relays = append(relays, r)
			addrs = append(addrs, r.listener.Addr().String())
		}
		return addrs
	}
	return campaign(ctx, r, "net", o, at, func(ctx context.Context, w *world, wr *writer) error {
		if fault != nil {
			return fault
		}
		c := &cutter{w: w, wr: wr, net: network, relays: relays}
		for round := range rounds {
			w.say("round %d of %d", round+1, rounds)
			if err := c.round(ctx); err != nil {
				return err
			}
		}
		w.note("network faults", "%d; accepted again after at most %.1f s, served everywhere after %.1f s", c.count, c.accepted.Seconds(), c.served.Seconds())
		return nil
	})
}

// cutter has one fault of the network after the other happen.
type cutter struct {
	w      *world
	wr     *writer
	net    *network
	relays []*relay

	count            int
	accepted, served time.Duration // the longest
}

// netFault is one way for a network to fail, and how it ends.
type netFault struct {
	what       string
	begin, end func() error
}

func (c *cutter) round(ctx context.Context) error {
	for _, f := range c.faults() {
		if err := c.happen(ctx, f); err != nil {
			return fmt.Errorf("%s: %w", f.what, err)
		}
	}
	return nil
}

// faults of one round. Who leads is looked up when the fault begins.
func (c *cutter) faults() (list []netFault) {
	hosts := c.net.hosts
	for i, name := range []string{"the first of every stage", "the second of every stage"} {
		h := hosts[3+i]
		list = append(list,
			netFault{name + " cut off", func() error { return c.net.cut(h) }, func() error { return c.net.join(h) }},
			netFault{name + " heard by nobody", func() error { return deafen(h, gateway) }, func() error { return undeafen(h, gateway) }})
	}
	for _, mode := range []string{"leader", "follower"} {
		var h host
		find := func() error {
			for i, n := range c.w.zoo {
				if n.mode() == mode {
					h = hosts[i]
					return nil
				}
			}
			return errors.New("there is none")
		}
		// Both neighbours, in both directions; clients still reach it.
		neighbours := func(do func(host, string) error) error {
			var errs []error
			for _, other := range hosts[:3] {
				if other != h {
					errs = append(errs, do(h, other.ip), do(other, h.ip))
				}
			}
			return errors.Join(errs...)
		}
		list = append(list,
			netFault{"ZooKeeper's " + mode + " cut off", func() error { return errors.Join(find(), c.net.cut(h)) }, func() error { return c.net.join(h) }},
			netFault{"ZooKeeper's " + mode + " cut off from the others, and asked", func() error { return errors.Join(find(), neighbours(deafen)) }, func() error { return neighbours(undeafen) }})
	}
	for m, name := range manners {
		one := c.relays[c.w.random.IntN(len(c.relays))]
		list = append(list, netFault{"one way to ZooKeeper " + name, func() error { one.behave(m); return nil }, func() error { one.behave(pass); return nil }})
		all := func(m manner) error {
			for _, r := range c.relays {
				r.behave(m)
			}
			return nil
		}
		list = append(list, netFault{"every way to ZooKeeper " + name, func() error { return all(m) }, func() error { return all(pass) }})
	}
	c.w.random.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

// happen has a fault last for a random time, and measures how long it takes to be over it.
func (c *cutter) happen(ctx context.Context, f netFault) error {
	w := c.w
	if _, err := w.quorum(ctx, time.Minute); err != nil {
		return err
	}
	last := w.between(sessionTimeout, 5*sessionTimeout)
	w.say("%s, for %.1f s", f.what, last.Seconds())
	c.count++
	if err := f.begin(); err != nil {
		return err
	}
	pause(ctx, last)
	if err := f.end(); err != nil {
		return err
	}
	accepted, served, err := w.recovered(ctx, c.wr, time.Now())
	if err != nil {
		return err
	}
	c.accepted, c.served = max(c.accepted, accepted), max(c.served, served)
	if served > netLimit {
		w.violate("recovery took too long", "%s: %v", f.what, served.Round(time.Millisecond))
	}
	return nil
}
