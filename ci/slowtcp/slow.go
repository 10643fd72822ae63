package main

import (
	"context"
	"encoding/binary"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// slowClients hold connections: each sends a query octet by octet, for ever, and reads nothing. One that is closed is
// opened again at the next tick.
type slowClients struct {
	server   string
	each     time.Duration // between two octets of a connection
	conns    []net.Conn
	offset   []int // of the next octet
	stream   []byte
	opened   atomic.Int64
	octets   atomic.Int64
	finished chan struct{}
}

// slowParts is over how many moments of a tick the octets are spread.
const slowParts = 20

// startSlow opens n connections and lets them trickle until ctx ends.
func startSlow(ctx context.Context, server string, n int, each time.Duration, query []byte) *slowClients {
	s := &slowClients{server: server, each: each, conns: make([]net.Conn, n), offset: make([]int, n), finished: make(chan struct{})}
	s.stream = append(binary.BigEndian.AppendUint16(nil, uint16(len(query))), query...)
	var first sync.WaitGroup
	first.Add(1)
	go func() {
		defer close(s.finished)
		for i := range s.conns {
			s.trickle(i)
		}
		first.Done()
		s.run(ctx)
	}()
	first.Wait()
	return s
}

func (s *slowClients) run(ctx context.Context) {
	tick := time.NewTicker(s.each / slowParts)
	defer tick.Stop()
	for part := 0; ; part = (part + 1) % slowParts {
		select {
		case <-ctx.Done():
			for _, c := range s.conns {
				if c != nil {
					c.Close()
				}
			}
			return
		case <-tick.C:
		}
		for i := part; i < len(s.conns); i += slowParts {
			s.trickle(i)
		}
	}
}

// trickle sends connection i's next octet, on a new connection if the server closed the old one.
func (s *slowClients) trickle(i int) {
	if c := s.conns[i]; c != nil {
		_ = c.SetWriteDeadline(time.Now().Add(s.each / slowParts)) // a full window is what a client that never reads gets
		_, err := c.Write(s.stream[s.offset[i] : s.offset[i]+1])
		if err == nil {
			s.offset[i] = (s.offset[i] + 1) % len(s.stream)
			s.octets.Add(1)
			return
		}
		c.Close()
	}
	s.conns[i], s.offset[i] = nil, i%len(s.stream) // somewhere in the middle: what it means is the server's trouble
	if c, err := net.DialTimeout("tcp", s.server, time.Second); err == nil {
		s.conns[i] = c
		s.opened.Add(1)
	}
}
