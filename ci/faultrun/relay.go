//go:build linux && amd64

package main

import (
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// manner is what a relay does to what passes through it.
type manner int

const (
	pass    manner = iota
	delay          // every piece waits, each connection and direction for itself: so requests of two connections change places
	refuse         // connections are closed, present ones and new ones
	swallow        // connections are taken, and nothing ever comes through them
	oneway         // requests pass, answers do not
	stall          // nothing passes until the manner changes, then all of it
)

var manners = map[manner]string{delay: "delays", refuse: "closes connections", swallow: "swallows", oneway: "lets no answer through", stall: "stalls"}

// relay stands between the clients and one ZooKeeper node.
type relay struct {
	listener net.Listener
	target   string

	mu      sync.Mutex
	now     manner
	changed chan struct{} // closed when now changes
	conns   map[net.Conn]struct{}
}

func newRelay(ip, target string) (*relay, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(ip, "0"))
	if err != nil {
		return nil, err
	}
	r := &relay{listener: l, target: target, changed: make(chan struct{}), conns: map[net.Conn]struct{}{}}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go r.serve(c)
		}
	}()
	return r, nil
}

// behave changes the manner. What was swallowed is lost, so such connections stay dead when things are well again.
func (r *relay) behave(m manner) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = m
	close(r.changed)
	r.changed = make(chan struct{})
	if m == refuse {
		for c := range r.conns {
			c.Close()
		}
	}
}

func (r *relay) manner() (manner, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now, r.changed
}

func (r *relay) close() {
	r.listener.Close()
	r.behave(refuse)
}

func (r *relay) serve(client net.Conn) {
	defer client.Close()
	if m, _ := r.manner(); m == refuse {
		return
	}
	server, err := net.DialTimeout("tcp", r.target, time.Second)
	if err != nil {
		return
	}
	defer server.Close()
	r.mu.Lock()
	r.conns[client], r.conns[server] = struct{}{}, struct{}{}
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.conns, client)
		delete(r.conns, server)
	}()
	ended := make(chan struct{}, 2)
	go func() { r.copy(server, client, false); ended <- struct{}{} }()
	go func() { r.copy(client, server, true); ended <- struct{}{} }()
	<-ended
}

// copy passes pieces on, each in the manner of its moment.
func (r *relay) copy(to, from net.Conn, answers bool) {
	buf := make([]byte, 64<<10)
	slow := rand.N(150 * time.Millisecond)
	for dead := false; ; {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		now, changed := r.manner()
		for now == stall {
			<-changed
			now, changed = r.manner()
		}
		switch {
		case now == refuse:
			return
		case now == swallow, now == oneway && answers:
			dead = true
		case now == delay:
			time.Sleep(slow/2 + rand.N(slow+1))
		}
		if dead {
			continue
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}
