package zk

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-zookeeper/zk"
)

// session is one ZooKeeper session on one library connection, from its start to its end. It is never revived.
type session struct {
	link   *link
	conn   *zk.Conn
	cancel context.CancelFunc // of its dialer and its goroutines
	ctx    context.Context

	ready chan struct{} // closed when it is authenticated and as fresh as the ensemble
	lost  chan struct{} // closed when it has ended

	born    time.Time
	heard   atomic.Int64 // when the server last spoke, as time since born
	timeout atomic.Int64 // granted by the server; 0 before

	mu    sync.Mutex
	up    chan struct{} // closed while connected
	again chan struct{} // closed and replaced at each (re)connection: watches may have been lost
	armed map[string]armed
}

func (l *link) newSession() (*session, error) {
	ctx, cancel := context.WithCancel(context.Background())
	s := &session{
		link: l, ctx: ctx, cancel: cancel, ready: make(chan struct{}), lost: make(chan struct{}), born: time.Now(),
		up: make(chan struct{}), again: make(chan struct{}), armed: make(map[string]armed),
	}
	d := &dialer{setup: l.setup, ctx: ctx, session: s}
	connected := make(chan struct{}) // orders s.conn before the first event's use of it
	c, _, err := zk.Connect(l.Servers, l.SessionTimeout,
		zk.WithDialer(d.dial), zk.WithHostProvider(&servers{}), zk.WithLogger(logger{l.Log}), zk.WithLogInfo(false),
		zk.WithMaxBufferSize(maxResponse),
		// The event channel is 6 deep and drops what does not fit; the callback misses nothing.
		zk.WithEventCallback(func(e zk.Event) {
			<-connected
			if e.Type == zk.EventSession {
				if e.State == zk.StateHasSession {
					d.attempts.Store(0)
				}
				s.state(e.State)
			}
		}))
	if err != nil {
		cancel()
		return nil, err
	}
	s.conn = c
	close(connected)
	go s.establish()
	go s.watchdog()
	return s, nil
}

// maxResponse bounds what a server may send: a list of 10,000 children of the longest names, with room to spare.
const maxResponse = 16 << 20

// state is the library's callback; it must not block.
func (s *session) state(state zk.State) {
	s.mu.Lock()
	switch state {
	case zk.StateHasSession:
		select {
		case <-s.up:
		default:
			close(s.up)
		}
		close(s.again)
		s.again = make(chan struct{})
	case zk.StateDisconnected:
		select {
		case <-s.up:
			s.up = make(chan struct{})
		default:
		}
	}
	s.mu.Unlock()
	if state == zk.StateExpired || state == zk.StateAuthFailed {
		s.link.replace(s, "ended by the server")
	}
}

// connected gives the channel that is closed while there is a connection, and the one for the next reconnection.
func (s *session) connected() (up, again <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.up, s.again
}

// establish authenticates, and syncs: a new session may be with a server that lags behind what the former saw.
func (s *session) establish() {
	for authenticated := s.link.auth == nil; ; {
		err := s.await()
		if err == nil && !authenticated {
			if err = s.conn.AddAuth("digest", s.link.auth); err == nil {
				authenticated = true
			}
		}
		if err == nil {
			_, err = s.conn.Sync(s.link.Root)
		}
		if err == nil {
			close(s.ready)
			return
		}
		select {
		case <-s.ctx.Done():
			return
		case <-time.After(20 * time.Millisecond): // the pace is the dialer's; this only keeps a broken answer from spinning
		}
	}
}

func (s *session) await() error {
	up, _ := s.connected()
	select {
	case <-up:
		return nil
	case <-s.ctx.Done():
		return s.ctx.Err()
	}
}

func (s *session) heardNow() { s.heard.Store(int64(time.Since(s.born))) }

// granted notes the server's time-out; 0 comes with the refusal of an expired session.
func (s *session) granted(d time.Duration) {
	if d > 0 {
		s.timeout.Store(int64(min(d, s.link.SessionTimeout)))
	}
}

// watchdog ends the session when the server has been silent for two thirds of the time-out. The library pings at
// every third, so a live connection is never as silent.
func (s *session) watchdog() {
	tick := time.NewTicker(max(s.link.SessionTimeout/24, 5*time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-tick.C:
		}
		limit := time.Duration(s.timeout.Load()) * 2 / 3
		if silent := time.Since(s.born) - time.Duration(s.heard.Load()); limit > 0 && silent >= limit {
			s.link.replace(s, fmt.Sprintf("nothing heard for %v", silent.Round(time.Millisecond)))
			return
		}
	}
}

// end closes the session's channel first and then the connection, which tells the server if it can. It returns
// when the server knows, or after the library's 1 s.
func (s *session) end() {
	close(s.lost)
	s.cancel() // ends attempts to connect, which Close would wait for
	s.conn.Close()
}

// logger passes on the library's words, which are about single connections and hence for debugging.
type logger struct{ log *slog.Logger }

func (l logger) Printf(format string, args ...any) {
	l.log.Debug("zookeeper client: " + fmt.Sprintf(format, args...))
}
