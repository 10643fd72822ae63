// Package live holds what is being served: one pointer that readers take and the follower swaps (P6).
//
// Readers of an old base may still be copying out of its memory when a newer one takes over, so bases are counted:
// the last reader closes the mapping. Views over the same base come and go without any of that; the garbage
// collector has them.
//
// A base whose file turns out to be damaged under its mapping is broken: nobody is given it any more, as if there
// were none, until another takes its place.
package live

import (
	"errors"
	"sync/atomic"

	"zonecast/internal/release"
	"zonecast/internal/snapshot"
	"zonecast/localproxy/answer"
)

// Base is an open snapshot file with a count of who uses it.
type Base struct {
	Snapshot *snapshot.Snapshot
	Point    release.Base // what the head or the log said of it
	users    atomic.Int64
	broken   atomic.Pointer[error]
	closed   func(error)

	// Broke, if set before anybody else has the base, hears of the first Break. It must not block.
	Broke func(error)
}

// NewBase counts its maker as the first user: Slot.Swap takes that over, or Drop gives it up. closed (may be nil) hears
// how closing went.
func NewBase(s *snapshot.Snapshot, point release.Base, closed func(error)) *Base {
	b := &Base{Snapshot: s, Point: point, closed: closed}
	b.users.Store(1)
	return b
}

// Take adds a user; false when the base is closed already.
func (b *Base) Take() bool {
	for {
		n := b.users.Load()
		if n == 0 {
			return false
		}
		if b.users.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// Break says that the base's file cannot be read, or not trusted, any more. Who reads it may go on until Done.
func (b *Base) Break(err error) {
	if b.broken.CompareAndSwap(nil, &err) && b.Broke != nil {
		b.Broke(err)
	}
}

// BreakOn is Break if err says that the mapping could not be read.
func (b *Base) BreakOn(err error) {
	if errors.Is(err, snapshot.ErrFault) {
		b.Break(err)
	}
}

// Err is what broke the base, or nil.
func (b *Base) Err() error {
	if err := b.broken.Load(); err != nil {
		return *err
	}
	return nil
}

// Drop gives up one use. The last one closes the file.
func (b *Base) Drop() {
	if b.users.Add(-1) == 0 {
		err := b.Snapshot.Close()
		if b.closed != nil {
			b.closed(err)
		}
	}
}

// Release is one version as it is served. It does not change.
type Release struct {
	View  *snapshot.View
	Base  *Base
	Head  release.Head
	Facts answer.Facts
}

// Done ends a reader's use.
func (r *Release) Done() { r.Base.Drop() }

// Slot is where readers find the release. The zero value is empty.
type Slot struct{ current atomic.Pointer[Release] }

// Take gives the current release for reading, until Done; nil while there is none, or its base is broken.
func (s *Slot) Take() *Release {
	for {
		r := s.current.Load()
		if r == nil || r.Base.broken.Load() != nil {
			return nil
		}
		if r.Base.Take() {
			return r
		}
		// Swapped out and drained between the two lines above: there is a newer one.
	}
}

// Serves tells whether a base is the one in force.
func (s *Slot) Serves(b *Base) bool {
	r := s.current.Load()
	return r != nil && r.Base == b
}

// Swap puts a release in place. With a new base it takes over its maker's use of it, and gives up the old one's.
// One goroutine swaps.
func (s *Slot) Swap(r *Release) {
	old := s.current.Swap(r)
	if old != nil && (r == nil || old.Base != r.Base) {
		old.Base.Drop()
	}
}

// FactsOf are what answers need of a head.
func FactsOf(h release.Head) answer.Facts {
	return answer.Facts{Epoch: h.Epoch, Version: h.Version, Released: h.Released, Signed: h.Signed, AsOf: h.AsOf}
}
