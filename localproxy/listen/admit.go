package listen

import (
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"zonecast/localproxy/answer"
)

// socket is what is needed of *net.TCPConn.
type socket interface {
	net.Conn
	CloseWrite() error
	SetLinger(seconds int) error
}

// stream is one connection.
type stream struct {
	conn      socket
	from      Client
	client    *client
	asked     atomic.Int64 // when its last complete query was there (or it was accepted), Unix nanoseconds
	displaced atomic.Bool
	place     int // in tcpServer.open; -1 when displaced
}

// client is who connections are counted for: a host of IPv4, a network of IPv6 (where a host has 2^64 addresses).
type client struct {
	key  netip.Addr
	open int
}

func clientKey(addr netip.Addr) netip.Addr {
	if addr.Is6() && !addr.IsLoopback() {
		if net64, err := addr.Prefix(64); err == nil {
			return net64.Addr()
		}
	}
	return addr
}

// admit takes a connection in. When a cap is reached, somebody else goes: a newcomer that is turned away is what an
// attacker wants who just holds connections. nil after stop.
func (s *tcpServer) admit(conn socket) *stream {
	addr := conn.RemoteAddr().(*net.TCPAddr).AddrPort().Addr().Unmap().WithZone("")
	key := clientKey(addr)
	st := &stream{conn: conn, from: Client{Addr: addr, Transport: answer.TCP}}
	st.asked.Store(time.Now().UnixNano())
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	c := s.clients[key]
	switch {
	case c != nil && c.open >= s.limits.PerClient && !key.IsLoopback(): // all of a host's programs are one loopback client
		s.displace(s.idlest(c))
	case len(s.open) >= s.limits.Connections:
		s.displace(s.idlest(nil))
	}
	if c = s.clients[key]; c == nil { // looked up again: its last connection may just have been displaced
		c = &client{key: key}
		s.clients[key] = c
	}
	c.open++
	st.client, st.place = c, len(s.open)
	s.open = append(s.open, st)
	s.serving.Add(1)
	s.counts.Accepted.Add(1)
	return st
}

// idlest gives the connection that has been without a complete query for longest, whatever octets trickled in: of one
// client, or (nil) of those that have as many as any client has. One that never asked does not go before one that did:
// whoever asks once on each of his connections would have all newcomers displace each other.
func (s *tcpServer) idlest(of *client) *stream {
	var found *stream
	most, since := 0, int64(0)
	for _, st := range s.open {
		open := st.client.open
		if of != nil && st.client != of || open < most {
			continue
		}
		if asked := st.asked.Load(); found == nil || open > most || asked < since {
			found, most, since = st, open, asked
		}
	}
	return found
}

// displace closes a connection to make room. Its goroutine ends by itself; it does not count any more.
func (s *tcpServer) displace(st *stream) {
	st.displaced.Store(true)
	_ = st.conn.SetLinger(0) // what a client did not take until now is not kept for it
	st.conn.Close()
	s.remove(st)
}

// displaceOne makes room where the caps leave some.
func (s *tcpServer) displaceOne() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if st := s.idlest(nil); st != nil {
		s.displace(st)
	}
}

func (s *tcpServer) remove(st *stream) {
	if st.place < 0 {
		return
	}
	last := s.open[len(s.open)-1]
	s.open[st.place], last.place = last, st.place
	s.open[len(s.open)-1] = nil
	s.open = s.open[:len(s.open)-1]
	st.place = -1
	if st.client.open--; st.client.open == 0 {
		delete(s.clients, st.client.key)
	}
}

// leave ends a connection's stay.
func (s *tcpServer) leave(st *stream, why Ending) {
	st.conn.Close()
	s.mu.Lock()
	s.remove(st)
	s.mu.Unlock()
	s.counts.Ended[why].Add(1)
	s.serving.Done()
}
