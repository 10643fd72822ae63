package listen

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"zonecast/localproxy/answer"
)

// piped is the server's end of a connection in memory, whose time is a synctest bubble's.
type piped struct {
	net.Conn
	addr   string
	closed atomic.Bool
	linger atomic.Int64
}

func (p *piped) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(p.addr))
}
func (p *piped) CloseWrite() error { return nil }
func (p *piped) SetLinger(s int) error {
	p.linger.Store(int64(s))
	return nil
}

func (p *piped) Close() error {
	p.closed.Store(true)
	return p.Conn.Close()
}

// connect gives the client's end of a connection that the server has admitted.
func connect(s *tcpServer, addr string) (net.Conn, *piped) {
	client, server := net.Pipe()
	p := &piped{Conn: server, addr: addr}
	p.linger.Store(-1)
	s.take(p)
	return client, p
}

func ended(s *tcpServer) (list []Ending) {
	for why := range s.counts.Ended {
		for range s.counts.Ended[why].Load() {
			list = append(list, Ending(why))
		}
	}
	return list
}

// asks sends a query and reads its answer.
func asks(t *testing.T, conn net.Conn, id uint16) {
	t.Helper()
	if _, err := conn.Write(framed(id)); err != nil {
		t.Fatal(err)
	}
	if got := readID(t, conn); got != id {
		t.Fatalf("answer %d where %d was asked", got, id)
	}
}

func TestConnectionsEnd(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		limits Limits
		client func(t *testing.T, conn net.Conn)
		want   Ending
		after  time.Duration
	}{
		"silent":          {Limits{IdleTimeout: 9 * time.Second}, func(*testing.T, net.Conn) {}, Idle, 9 * time.Second},
		"a query at last": {Limits{IdleTimeout: 9 * time.Second}, func(t *testing.T, conn net.Conn) { time.Sleep(8 * time.Second); asks(t, conn, 1) }, Idle, 17 * time.Second},
		"octets that trickle win no time": {Limits{IdleTimeout: 9 * time.Second}, func(_ *testing.T, conn net.Conn) {
			for _, b := range framed(1)[:20] {
				time.Sleep(time.Second)
				_, _ = conn.Write([]byte{b})
			}
		}, Idle, 9 * time.Second},
		"too old": {Limits{TotalTimeout: time.Minute}, func(t *testing.T, conn net.Conn) {
			for id := range uint16(10) {
				asks(t, conn, id)
				time.Sleep(6 * time.Second)
			}
		}, TooOld, time.Minute + partTime},
		"nobody reads": {Limits{WriteTimeout: 7 * time.Second}, func(_ *testing.T, conn net.Conn) { _, _ = conn.Write(framed(1)) }, Unread, 7 * time.Second},
		"read by octets": {Limits{WriteTimeout: 7 * time.Second}, func(t *testing.T, conn net.Conn) {
			_, _ = conn.Write(framed(1))
			for range 7 {
				time.Sleep(time.Second)
				_, _ = conn.Read(make([]byte, 1))
			}
		}, Unread, 7 * time.Second},
		"enough asked": {Limits{QueriesPerConn: 2}, func(t *testing.T, conn net.Conn) { asks(t, conn, 1); asks(t, conn, 2); conn.Close() }, Enough, 0},
		"not a query":  {Limits{}, func(_ *testing.T, conn net.Conn) { _, _ = conn.Write([]byte{0, 3, 1, 2, 3}) }, NoQuery, 0},
		"no octets":    {Limits{}, func(_ *testing.T, conn net.Conn) { _, _ = conn.Write([]byte{0, 0}) }, NoQuery, 0},
		"by itself":    {Limits{}, func(t *testing.T, conn net.Conn) { asks(t, conn, 1); conn.Close() }, ByClient, 0},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newTCPServer(c.limits.withDefaults(), echo)
				began := time.Now()
				conn, _ := connect(s, "192.0.2.1:1000")
				go c.client(t, conn)
				s.serving.Wait()
				if took := time.Since(began); took != c.after {
					t.Errorf("ended after %v, not %v", took, c.after)
				}
				if got := ended(s); !slices.Equal(got, []Ending{c.want}) {
					t.Errorf("ended %v, not %v", got, c.want)
				}
				conn.Close()
				s.stop()
				time.Sleep(time.Minute) // whoever still trickles sees it closed
			})
		})
	}
}

// held is a server with connections that hold still, at the times given in seconds.
func held(limits Limits, addrs ...string) (*tcpServer, []*piped) {
	s := newTCPServer(limits.withDefaults(), echo)
	var all []*piped
	for i, addr := range addrs {
		_, p := connect(s, addr)
		for _, st := range s.open {
			if st.conn == socket(p) {
				st.asked.Store(int64(i) * int64(time.Second))
			}
		}
		all = append(all, p)
	}
	return s, all
}

func TestANewcomerDisplacesTheIdlest(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		limits Limits
		held   []string // from the idlest to the busiest
		comes  string
		goes   int // index in held; -1 is nobody
	}{
		"room":                      {Limits{Connections: 3}, []string{"192.0.2.1:1", "192.0.2.1:2"}, "192.0.2.1:3", -1},
		"total, one client":         {Limits{Connections: 2}, []string{"127.0.0.1:1", "127.0.0.1:2"}, "127.0.0.1:3", 0},
		"total, the largest client": {Limits{Connections: 3}, []string{"192.0.2.9:1", "192.0.2.1:1", "192.0.2.1:2"}, "192.0.2.3:1", 1},
		"total, all alike":          {Limits{Connections: 2}, []string{"192.0.2.9:1", "192.0.2.1:1"}, "192.0.2.3:1", 0},
		"per client":                {Limits{PerClient: 2}, []string{"192.0.2.9:1", "192.0.2.1:1", "192.0.2.1:2"}, "192.0.2.1:3", 1},
		"per client, only one":      {Limits{PerClient: 1}, []string{"192.0.2.9:1", "192.0.2.1:1"}, "192.0.2.1:3", 1},
		"a /64 is one client":       {Limits{PerClient: 1}, []string{"[2001:db8::1]:1"}, "[2001:db8::2]:1", 0},
		"another /64 is another":    {Limits{PerClient: 1}, []string{"[2001:db8::1]:1"}, "[2001:db8:0:1::1]:1", -1},
		"loopback is many clients":  {Limits{PerClient: 1}, []string{"127.0.0.1:1", "[::1]:1"}, "127.0.0.1:2", -1},
		"IPv4 in IPv6":              {Limits{PerClient: 1}, []string{"192.0.2.1:1"}, "[::ffff:192.0.2.1]:1", 0},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, before := held(c.limits, c.held...)
				client, _ := connect(s, c.comes)
				asks(t, client, 7) // who comes is served
				synctest.Wait()
				open := len(before) + 1
				for i, p := range before {
					if gone := p.closed.Load(); gone != (i == c.goes) {
						t.Errorf("%s closed: %t", c.held[i], gone)
					} else if gone {
						open--
						if p.linger.Load() != 0 {
							t.Error("what it did not take is kept for it")
						}
					}
				}
				if len(s.open) != open || s.counts.Ended[Displaced].Load() != uint64(len(before)+1-open) {
					t.Errorf("%d open, %v ended", len(s.open), ended(s))
				}
				s.stop()
				if len(s.open) != 0 || len(s.clients) != 0 {
					t.Errorf("%d connections and %d clients are left", len(s.open), len(s.clients))
				}
			})
		})
	}
}

// Octets do not make a connection busy; whole queries do.
func TestIdleIsWithoutAQuery(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newTCPServer(Limits{Connections: 2}.withDefaults(), echo)
		asking, one := connect(s, "192.0.2.1:1")
		time.Sleep(time.Second)
		trickling, two := connect(s, "192.0.2.1:2")
		time.Sleep(time.Second)
		asks(t, asking, 1)
		time.Sleep(time.Second)
		if _, err := trickling.Write(framed(1)[:9]); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		connect(s, "192.0.2.1:3")
		if one.closed.Load() || !two.closed.Load() {
			t.Error("displaced who asks, not who trickles")
		}
		s.stop()
	})
}

// queue is a listener's queue, whose accept(2) fails.
type queue chan error

func (q queue) AcceptTCP() (*net.TCPConn, error) { return nil, <-q }

func TestFailedAccepts(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		err       error
		displaced bool
		failures  uint64
	}{
		"no descriptor left": {unix.EMFILE, true, 1}, "nor in the system": {unix.ENFILE, true, 1},
		"no memory": {unix.ENOBUFS, false, 1}, "gone meanwhile": {unix.ECONNABORTED, false, 0},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, before := held(Limits{}, "192.0.2.1:1")
				q := make(queue, 2)
				q <- &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", c.err)}
				q <- net.ErrClosed
				s.accept(q)
				if before[0].closed.Load() != c.displaced || s.counts.AcceptFailures.Load() != c.failures {
					t.Errorf("displaced: %t; %d failures", before[0].closed.Load(), s.counts.AcceptFailures.Load())
				}
				s.stop()
			})
		})
	}
}

// A client that closes its half after its queries gets all answers (RFC 7766 6.2.4 leaves it open; common servers do).
func TestHalfClose(t *testing.T) {
	t.Parallel()
	conn := dial(t, start(t, Limits{}, echo, "127.0.0.1:0"))
	var all []byte
	for id := range uint16(100) {
		all = append(all, framed(id)...)
	}
	if _, err := conn.Write(all); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	for id := range uint16(100) {
		if got := readID(t, conn); got != id {
			t.Fatalf("answer %d where %d was asked", got, id)
		}
	}
	if n, err := conn.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("not closed in order: %v", err)
	}
}

// What was answered before the last allowed query arrives, though more queries were sent.
func TestTheLastAnswersArrive(t *testing.T) {
	t.Parallel()
	conn := dial(t, start(t, Limits{QueriesPerConn: 50}, echo, "127.0.0.1:0"))
	var all []byte
	for id := range uint16(200) {
		all = append(all, framed(id)...)
	}
	if _, err := conn.Write(all); err != nil {
		t.Fatal(err)
	}
	for id := range uint16(50) {
		if got := readID(t, conn); got != id {
			t.Fatalf("answer %d where %d was asked", got, id)
		}
	}
	if n, err := conn.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("not closed in order: %v", err)
	}
}

func message(n int) []byte {
	m := make([]byte, 2+n)
	binary.BigEndian.PutUint16(m, uint16(n))
	for i := range n {
		m[2+i] = byte(i % 251)
	}
	return m
}

// Queries of every size are read whole, while there is room for large ones; else their beginning is, and the stream
// stays in step.
func TestSizesOfQueries(t *testing.T) {
	t.Parallel()
	sizes := []int{12, 100, smallQuery - 1, smallQuery, smallQuery + 1, 40_000, answer.MaxMessage, 17}
	for _, room := range []int64{largeQueries, 0} {
		s := newTCPServer(Limits{}.withDefaults(), echo)
		s.large.Store(room)
		client, _ := connect(s, "192.0.2.1:1")
		go func() {
			for _, n := range sizes {
				_, _ = client.Write(message(n))
			}
		}()
		for _, n := range sizes {
			var head [2]byte
			if _, err := io.ReadFull(client, head[:]); err != nil {
				t.Fatal(err)
			}
			got := make([]byte, binary.BigEndian.Uint16(head[:]))
			if _, err := io.ReadFull(client, got); err != nil {
				t.Fatal(err)
			}
			want := message(n)[2:]
			if room == 0 {
				want = want[:min(n, smallQuery)]
			}
			want[2] |= 0x80
			if !bytes.Equal(got, want) {
				t.Fatalf("room %d, size %d: %d octets", room, n, len(got))
			}
		}
		client.Close()
		s.serving.Wait()
		if left := s.large.Load(); left != room {
			t.Errorf("room of %d became %d", room, left)
		}
	}
}

// An announced length alone takes no memory beyond the room for all.
func TestLargeQueriesAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newTCPServer(Limits{}.withDefaults(), echo)
		const many = 100
		for range many {
			client, _ := connect(s, "192.0.2.1:1")
			if _, err := client.Write([]byte{0xff, 0xff}); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if left := s.large.Load(); left < 0 || left > answer.MaxMessage {
			t.Errorf("%d octets left of %d", left, largeQueries)
		}
		s.stop()
		if left := s.large.Load(); left != largeQueries {
			t.Errorf("%d octets left of %d", left, largeQueries)
		}
	})
}

// A client that reads nothing holds up nobody: workers are free while it is waited for.
func TestWorkersWaitForNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newTCPServer(Limits{}.withDefaults(), echo)
		for range 4 * cap(s.workers) {
			client, _ := connect(s, "127.0.0.1:1")
			if _, err := client.Write(framed(1)); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait() // all of them write, and nobody reads
		client, _ := connect(s, "127.0.0.1:2")
		began := time.Now()
		asks(t, client, 1)
		if waited := time.Since(began); waited != 0 {
			t.Errorf("waited %v", waited)
		}
		s.stop()
	})
}

func TestNobodyIsAdmittedAfterTheEnd(t *testing.T) {
	t.Parallel()
	s := newTCPServer(Limits{}.withDefaults(), echo)
	s.stop()
	_, p := connect(s, "192.0.2.1:1")
	if !p.closed.Load() {
		t.Error("a connection outlives the server")
	}
}
