package fleet

import (
	"context"
	"errors"
	"time"

	"zonecast/internal/store"
)

// keepEvery is how often the persistent node is written: what is known of a proxy that is gone is so old at most.
const keepEvery = 10 * time.Minute

// slot is one proxy's place in the store. It belongs to one goroutine at a time.
type slot struct {
	st      store.Store
	node    string
	kept    time.Time       // when the persistent node was written
	session <-chan struct{} // the one that the ephemeral node was made in; nil without one
	version int64           // of the ephemeral node
}

// current tells whether the ephemeral node stands, as far as is known.
func (s *slot) current() bool {
	if s.session == nil {
		return false
	}
	select {
	case <-s.session:
		return false
	default:
		return true
	}
}

// errTaken is an ephemeral node that somebody else wrote: another process with this id.
var errTaken = errors.New("another process reports under the same id: each proxy needs an instance of its own")

// write puts a report in place.
func (s *slot) write(ctx context.Context, r Report) error {
	data, err := r.encode()
	if err != nil {
		return err
	}
	if s.kept.IsZero() || time.Since(s.kept) >= keepEvery {
		if err := put(ctx, s.st, s.node, data); err != nil {
			return err
		}
		s.kept = time.Now()
	}
	if s.current() {
		err := s.st.Multi(ctx, store.Set(s.node+alive, data, s.version))
		switch {
		case err == nil:
			s.version++
			return nil
		case errors.Is(err, store.ErrVersion):
			s.session = nil
			return errTaken
		case !errors.Is(err, store.ErrNotFound):
			s.session = nil // the outcome may be unknown: made anew next time
			return err
		}
		s.kept = time.Time{} // somebody forgot us
		if err := put(ctx, s.st, s.node, data); err != nil {
			return err
		}
	}
	return s.renew(ctx, data)
}

// restore makes the ephemeral node after a lost session, if nobody else has.
func (s *slot) restore(ctx context.Context, r Report) error {
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	data, err := r.encode()
	if err != nil {
		return err
	}
	session := s.st.Session()
	err = s.st.Multi(ctx, store.CreateEphemeral(s.node+alive, data))
	switch {
	case err == nil:
		s.session, s.version = session, 0
	case errors.Is(err, store.ErrExists):
		s.session = nil
	}
	return err
}

// renew makes the ephemeral node in place of whatever stands there: an earlier life's, most likely.
func (s *slot) renew(ctx context.Context, data []byte) error {
	s.session = nil
	session := s.st.Session() // before the node is made: it may be an older session's, never a newer one's
	err := s.st.Multi(ctx, store.Delete(s.node+alive, store.AnyVersion), store.CreateEphemeral(s.node+alive, data))
	if errors.Is(err, store.ErrNotFound) {
		err = s.st.Multi(ctx, store.CreateEphemeral(s.node+alive, data))
	}
	if err == nil {
		s.session, s.version = session, 0
	}
	return err
}

// put writes a persistent node, there or not.
func put(ctx context.Context, st store.Store, node string, data []byte) error {
	err := st.Multi(ctx, store.Set(node, data, store.AnyVersion))
	if errors.Is(err, store.ErrNotFound) {
		if err = st.Multi(ctx, store.Create(node, data)); errors.Is(err, store.ErrExists) {
			return nil
		}
	}
	return err
}

// Forget removes what is known of a proxy. ErrAlive while it is there: it would come back by itself.
func Forget(ctx context.Context, st store.Store, id string) error {
	if err := CheckID(id); err != nil {
		return err
	}
	err := st.Multi(ctx, store.Delete(Node(id), store.AnyVersion))
	if errors.Is(err, store.ErrNotEmpty) {
		return ErrAlive
	}
	return err
}

// ErrAlive is a proxy that cannot be forgotten.
var ErrAlive = errors.New("the proxy is alive: stop it first")
