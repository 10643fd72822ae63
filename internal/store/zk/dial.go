package zk

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"time"
)

// servers is the library's HostProvider: the ensemble in random order, so that clients spread, with names looked up
// at each dial; the library's own looks them up once, at start.
type servers struct {
	list  []string
	at    int
	tried int // since the last connection
}

func (s *servers) Init(list []string) error {
	s.list = list
	s.at = rand.IntN(len(list))
	return nil
}

func (s *servers) Len() int { return len(s.list) }

// Next says, once all servers were tried in vain, that a new round starts; the library then pauses for 1 s.
func (s *servers) Next() (server string, retryStart bool) {
	retryStart = s.tried > 0 && s.tried%len(s.list) == 0
	s.tried++
	s.at = (s.at + 1) % len(s.list)
	return s.list[s.at], retryStart
}

func (s *servers) Connected() { s.tried = 0 }

// dialer makes the connections of one session.
type dialer struct {
	*setup
	ctx      context.Context // ends with the session
	session  *session
	attempts atomic.Int32 // since there was last a session on a connection
}

// dial pauses for a random time before each attempt but the session's first: the clients of a server that went away
// should not come back in one instant. The pause doubles, up to a sixth of the session time-out, which leaves
// time for several attempts before the session is given up.
func (d *dialer) dial(network, address string, _ time.Duration) (net.Conn, error) {
	if n := d.attempts.Add(1) - 1; n > 0 {
		limit := min(d.SessionTimeout/6, 25*time.Millisecond<<min(n, 10))
		select {
		case <-time.After(rand.N(limit)):
		case <-d.ctx.Done():
			return nil, d.ctx.Err()
		}
	}
	ctx, cancel := context.WithTimeout(d.ctx, d.DialTimeout)
	defer cancel()
	var c net.Conn
	var err error
	if d.tls != nil {
		c, err = (&tls.Dialer{Config: d.tls}).DialContext(ctx, network, address)
	} else {
		c, err = new(net.Dialer).DialContext(ctx, network, address)
	}
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, session: d.session, limit: d.SessionTimeout * 2 / 3}, nil
}

// conn notes when we last heard from the server and which time-out it granted, and never waits for longer than
// a silent server may be believed in; the library's handshake would wait ten times as long, and without a limit for
// its second half.
type conn struct {
	net.Conn
	session *session
	limit   time.Duration
	hello   [12]byte // length, protocol version, time-out in ms: how the server's first answer starts
	got     int
}

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.session.heardNow()
		if c.got < len(c.hello) {
			if c.got += copy(c.hello[c.got:], p[:n]); c.got == len(c.hello) {
				granted := time.Duration(int32(binary.BigEndian.Uint32(c.hello[8:]))) * time.Millisecond
				c.session.granted(granted)
			}
		}
	}
	return n, err
}

func (c *conn) SetReadDeadline(t time.Time) error  { return c.Conn.SetReadDeadline(c.cap(t)) }
func (c *conn) SetWriteDeadline(t time.Time) error { return c.Conn.SetWriteDeadline(c.cap(t)) }

func (c *conn) cap(t time.Time) time.Time {
	if latest := time.Now().Add(c.limit); t.IsZero() || t.After(latest) {
		return latest
	}
	return t
}
