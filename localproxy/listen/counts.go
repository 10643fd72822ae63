package listen

import "sync/atomic"

// Ending is why a TCP connection ended.
type Ending int

// The endings.
const (
	ByClient  Ending = iota // it closed, or broke
	Idle                    // no complete query came in time
	TooOld                  // open for as long as a connection may be
	Enough                  // it asked as much as a connection may
	Unread                  // the client did not take its answers
	NoQuery                 // what it sent is no query
	Displaced               // a cap was reached, and it had been idle for longest
	endings
)

// String gives the ending as metrics name it.
func (e Ending) String() string {
	return [...]string{"client", "idle", "too_old", "enough", "unread", "no_query", "displaced"}[e]
}

// Endings lists them all.
func Endings() []Ending {
	list := make([]Ending, endings)
	for i := range list {
		list[i] = Ending(i)
	}
	return list
}

// TCPCounts are what became of TCP connections since the start.
type TCPCounts struct {
	Accepted       atomic.Uint64
	AcceptFailures atomic.Uint64 // the kernel had no connection to give, for want of file descriptors above all
	Ended          [endings]atomic.Uint64
}

// TCP gives the counts; they go on.
func (s *Server) TCP() *TCPCounts { return &s.tcp.counts }

// TCPOpen is how many connections there are now.
func (s *Server) TCPOpen() int {
	s.tcp.mu.Lock()
	defer s.tcp.mu.Unlock()
	return len(s.tcp.open)
}
