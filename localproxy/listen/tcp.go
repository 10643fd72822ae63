package listen

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"zonecast/localproxy/answer"
)

// tcpServer answers the connections of all TCP listeners under one set of caps.
type tcpServer struct {
	limits  Limits
	handler Handler

	mu      sync.Mutex
	open    map[net.Conn]netip.Addr // connection -> client
	clients map[netip.Addr]int      // client -> open connections
	closed  bool
	serving sync.WaitGroup
}

func newTCPServer(l Limits, handler Handler) *tcpServer {
	return &tcpServer{limits: l, handler: handler, open: map[net.Conn]netip.Addr{}, clients: map[netip.Addr]int{}}
}

// acceptPause is waited after a failed accept (no file descriptors left): time for connections to end.
const acceptPause = 50 * time.Millisecond

// accept takes connections until the listener is closed.
func (s *tcpServer) accept(l *net.TCPListener) {
	for {
		conn, err := l.AcceptTCP()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			time.Sleep(acceptPause)
		case !s.admit(conn):
			conn.Close() // over a cap: the newcomer goes, who is being served stays
		default:
			go func() {
				defer s.leave(conn)
				s.serve(conn)
			}()
		}
	}
}

// client is the address that connections are counted for: a host of IPv4, a network of IPv6 (where a host has 2^64).
func client(conn net.Conn) netip.Addr {
	addr := conn.RemoteAddr().(*net.TCPAddr).AddrPort().Addr().Unmap().WithZone("")
	if addr.Is6() {
		if net64, err := addr.Prefix(64); err == nil && !addr.IsLoopback() {
			return net64.Addr()
		}
	}
	return addr
}

func (s *tcpServer) admit(conn net.Conn) bool {
	who := client(conn)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.open) >= s.limits.Connections {
		return false
	}
	if s.clients[who] >= s.limits.PerClient && !who.IsLoopback() { // all of a host's programs are one loopback client
		return false
	}
	s.open[conn] = who
	s.clients[who]++
	s.serving.Add(1)
	return true
}

func (s *tcpServer) leave(conn net.Conn) {
	conn.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	who := s.open[conn]
	delete(s.open, conn)
	if s.clients[who]--; s.clients[who] <= 0 {
		delete(s.clients, who)
	}
	s.serving.Done()
}

// stop closes all connections and waits for their goroutines.
func (s *tcpServer) stop() {
	s.mu.Lock()
	s.closed = true
	for conn := range s.open {
		conn.Close()
	}
	s.mu.Unlock()
	s.serving.Wait()
}

// tcpBuffer is what a connection reads and writes by: small, so that thousands of idle clients cost little.
const tcpBuffer = 2 << 10

// serve answers queries as they come, pipelined ones too (RFC 7766 6.2.1.1); answers that are ready together leave
// together. The idle time counts from one complete query to the next: octets that trickle in win no time.
func (s *tcpServer) serve(conn net.Conn) {
	end := time.Now().Add(s.limits.TotalTimeout)
	in := bufio.NewReaderSize(conn, tcpBuffer)
	out := bufio.NewWriterSize(conn, tcpBuffer)
	from := Client{Addr: conn.RemoteAddr().(*net.TCPAddr).AddrPort().Addr().Unmap().WithZone(""), Transport: answer.TCP}
	session := s.handler.Session()
	defer session.Close()
	var query, buf []byte
	for range s.limits.QueriesPerConn {
		if !complete(in) && !s.flush(conn, out) {
			return
		}
		if conn.SetReadDeadline(earlier(time.Now().Add(s.limits.IdleTimeout), end)) != nil {
			return
		}
		var err error
		if query, err = readMessage(in, query); err != nil {
			s.flush(conn, out)
			return
		}
		session.Begin()
		response := session.Answer(query, buf, from)
		session.End()
		if response == nil {
			return // no query at all: whoever sends that is not worth a connection
		}
		buf = response[:0]
		if conn.SetWriteDeadline(time.Now().Add(s.limits.WriteTimeout)) != nil || writeMessage(out, response) != nil {
			return
		}
	}
	s.flush(conn, out)
}

func (s *tcpServer) flush(conn net.Conn, out *bufio.Writer) bool {
	return out.Buffered() == 0 || conn.SetWriteDeadline(time.Now().Add(s.limits.WriteTimeout)) == nil && out.Flush() == nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// complete tells whether the next query has arrived whole: else the answers so far must leave before it is waited for.
func complete(in *bufio.Reader) bool {
	if in.Buffered() < 2 {
		return false
	}
	size, err := in.Peek(2)
	return err == nil && in.Buffered()-2 >= int(binary.BigEndian.Uint16(size))
}

// readMessage reads a two-octet length and so many octets (RFC 1035 4.2.2) into buf, grown if needed.
func readMessage(in *bufio.Reader, buf []byte) ([]byte, error) {
	var size [2]byte
	if _, err := io.ReadFull(in, size[:]); err != nil {
		return buf, err
	}
	n := int(binary.BigEndian.Uint16(size[:]))
	if cap(buf) < n {
		buf = make([]byte, n)
	}
	_, err := io.ReadFull(in, buf[:n])
	return buf[:n], err
}

func writeMessage(out *bufio.Writer, message []byte) error {
	size := [2]byte{byte(len(message) >> 8), byte(len(message))}
	if _, err := out.Write(size[:]); err != nil {
		return err
	}
	_, err := out.Write(message)
	return err
}
