package zk

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"

	"zonecast/internal/store"
)

// maxInFlight bounds the requests of a link whose callers wait or have given up waiting.
const maxInFlight = 1024

// link is a connection to the ensemble through all its sessions.
type link struct {
	*setup
	name     string
	inFlight chan struct{}

	mu     sync.Mutex
	cur    *session
	closed bool
}

func newLink(setup *setup, name string) (*link, error) {
	l := &link{setup: setup, name: name, inFlight: make(chan struct{}, maxInFlight)}
	l.mu.Lock()
	defer l.mu.Unlock()
	var err error
	l.cur, err = l.newSession()
	return l, err
}

func (l *link) session() (*session, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return l.cur, store.ErrClosed
	}
	return l.cur, nil
}

// replace ends a session and starts the next. It does not block.
func (l *link) replace(old *session, why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.cur != old {
		return
	}
	next, err := l.newSession()
	if err != nil { // only for an empty list of servers, which Open refuses
		l.Log.Error("zookeeper: no new session", "link", l.name, "err", err)
		return
	}
	l.Log.Warn("zookeeper: session lost", "link", l.name, "why", why)
	l.cur = next
	go old.end()
}

// close ends the link; with a connection at hand the server knows when it returns.
func (l *link) close() {
	l.mu.Lock()
	closed := l.closed
	l.closed = true
	cur := l.cur
	l.mu.Unlock()
	if !closed {
		cur.end()
	}
}

// usable waits for a connected session.
func (l *link) usable(ctx context.Context) (*session, error) {
	for {
		s, err := l.session()
		if err != nil {
			return nil, err
		}
		up, _ := s.connected()
		for _, c := range []<-chan struct{}{s.ready, up} {
			select {
			case <-c:
				continue
			default:
			}
			select {
			case <-c:
			case <-s.lost:
			case <-ctx.Done():
				return nil, ctxError(ctx)
			}
		}
		select {
		case <-s.lost:
			continue
		default:
		}
		if ctx.Err() != nil {
			return nil, ctxError(ctx)
		}
		return s, nil
	}
}

// limit gives a context that also ends with RequestTimeout, as store.ErrUnavailable.
func (l *link) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, l.RequestTimeout, store.ErrUnavailable)
}

// ctxError tells our own time-out from the caller's.
func ctxError(ctx context.Context) error {
	if errors.Is(context.Cause(ctx), store.ErrUnavailable) {
		return fmt.Errorf("zookeeper: %w", store.ErrUnavailable)
	}
	return ctx.Err()
}

// call runs one request on a session. The library knows no contexts: when ctx ends first the request goes on by itself,
// until its answer comes or the connection breaks, and sent tells that it may have been sent.
func (l *link) call(ctx context.Context, s *session, request func(*zk.Conn) error) (sent bool, err error) {
	select {
	case l.inFlight <- struct{}{}:
	case <-ctx.Done():
		return false, ctxError(ctx)
	}
	done := make(chan error, 1)
	go func() {
		defer func() { <-l.inFlight }()
		done <- request(s.conn)
	}()
	select {
	case err := <-done:
		return true, err
	case <-ctx.Done():
		return true, ctx.Err()
	}
}

// read runs a request that may be repeated, until it is answered.
func (l *link) read(ctx context.Context, request func(*zk.Conn) error) error {
	ctx, cancel := l.limit(ctx)
	defer cancel()
	for {
		s, err := l.usable(ctx)
		if err != nil {
			return err
		}
		_, err = l.call(ctx, s, request)
		switch {
		case !broken(err):
			return answer(err)
		case ctx.Err() != nil:
			return ctxError(ctx)
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
}

// pause keeps repetitions from spinning while the library notices that its connection is gone.
func pause(ctx context.Context) error {
	select {
	case <-time.After(rand.N(20 * time.Millisecond)):
		return nil
	case <-ctx.Done():
		return ctxError(ctx)
	}
}
