package listen

import (
	"errors"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"zonecast/localproxy/answer"
)

// tcpServer answers the connections of all TCP listeners under one set of caps.
type tcpServer struct {
	limits  Limits
	workers chan *worker // idle ones
	large   atomic.Int64 // octets left for large queries
	counts  TCPCounts

	mu      sync.Mutex
	open    []*stream
	clients map[netip.Addr]*client
	closed  bool
	serving sync.WaitGroup
}

// worker is what it takes to answer. There are a few for all connections: one is held for as long as complete
// queries are answered, never while a client is waited for, so that a connection costs no session and no large buffer.
type worker struct {
	session Session
	buf     []byte
}

func newTCPServer(l Limits, handler Handler) *tcpServer {
	s := &tcpServer{limits: l, clients: map[netip.Addr]*client{}, workers: make(chan *worker, 2*runtime.GOMAXPROCS(0))}
	s.large.Store(largeQueries)
	for range cap(s.workers) {
		s.workers <- &worker{session: handler.Session(), buf: make([]byte, 0, answer.MaxMessage)}
	}
	return s
}

// Octets that the kernel keeps for a connection each way. It would let a socket that nobody reads grow to megabytes.
const (
	kernelReads  = 16 << 10
	kernelWrites = 64 << 10
)

// acceptPause is waited after a failed accept: time for a connection to end.
const acceptPause = 10 * time.Millisecond

// acceptor is what is needed of *net.TCPListener.
type acceptor interface{ AcceptTCP() (*net.TCPConn, error) }

// accept takes connections until the listener is closed.
func (s *tcpServer) accept(l acceptor) {
	for {
		conn, err := l.AcceptTCP()
		switch {
		case err == nil:
			_ = conn.SetReadBuffer(kernelReads) // wishes, like all socket options
			_ = conn.SetWriteBuffer(kernelWrites)
			s.take(conn)
		case errors.Is(err, net.ErrClosed):
			return
		case errors.Is(err, unix.ECONNABORTED): // the client went before it was accepted
		default:
			s.counts.AcceptFailures.Add(1)
			if errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) {
				s.displaceOne() // no file descriptor is left: who waits in the queue would wait for ever
			}
			time.Sleep(acceptPause)
		}
	}
}

// take serves a connection in a goroutine of its own.
func (s *tcpServer) take(conn socket) {
	st := s.admit(conn)
	if st == nil {
		conn.Close()
		return
	}
	go func() {
		why := s.serve(st)
		if st.displaced.Load() {
			why = Displaced // reading and writing failed because it was closed
		}
		s.leave(st, why)
	}()
}

// stop closes all connections and waits for their goroutines.
func (s *tcpServer) stop() {
	s.mu.Lock()
	s.closed = true
	for _, st := range s.open {
		st.conn.Close()
	}
	s.mu.Unlock()
	s.serving.Wait()
	for range cap(s.workers) {
		(<-s.workers).session.Close()
	}
}
