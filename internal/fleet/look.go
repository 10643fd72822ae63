package fleet

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"zonecast/internal/release"
	"zonecast/internal/store"
)

// Look is the fleet as it was read at one moment, and the log of releases to compare it with.
type Look struct {
	Proxies []Proxy // sorted by id
	At      time.Time

	st  store.Store
	log []uint64 // versions that are in the log, ascending
}

// Read looks at the fleet. It rests so long after each of at most 256 shards.
func Read(ctx context.Context, st store.Store, rest time.Duration) (*Look, error) {
	l := &Look{st: st, At: time.Now()}
	var err error
	if l.Proxies, err = List(ctx, st, rest); err != nil {
		return nil, err
	}
	names, err := st.Children(ctx, release.PathLog)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	for _, name := range names {
		if v, err := strconv.ParseUint(name, 10, 64); err == nil {
			l.log = append(l.log, v)
		}
	}
	slices.Sort(l.log)
	return l, nil
}

// Lags gives what tells whether a proxy lags: one that is alive, without a version that has been out for so long.
func (l *Look) Lags(ctx context.Context, after time.Duration) (func(Proxy) bool, error) {
	cutoff := l.At.Add(-after).Unix()
	// The log is in order of time: how many entries are that old?
	low, high := 0, len(l.log)
	for low < high {
		middle := (low + high) / 2
		at, err := l.released(ctx, l.log[middle])
		if err != nil {
			return nil, err
		}
		if at <= cutoff {
			low = middle + 1
		} else {
			high = middle
		}
	}
	if low == 0 {
		return func(Proxy) bool { return false }, nil
	}
	must := l.log[low-1]
	return func(p Proxy) bool { return p.Alive && p.Version < must }, nil
}

// behind gives how long ago, in seconds, the version after this one was released.
func (l *Look) behind(ctx context.Context, version uint64) (int64, error) {
	i, _ := slices.BinarySearch(l.log, version+1)
	if version == 0 || i == len(l.log) {
		return 0, nil
	}
	at, err := l.released(ctx, l.log[i])
	if err != nil || at == 0 {
		return 0, err
	}
	return max(0, l.At.Unix()-at), nil
}

// released gives when a version was; 0 for one that was trimmed meanwhile, which is long ago.
func (l *Look) released(ctx context.Context, version uint64) (int64, error) {
	n, err := l.st.Get(ctx, release.LogPath(version))
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	e, err := release.DecodeEntry(n.Data)
	return e.Released, err
}

// Reader looks at the fleet for many who ask: it reads once for all who ask within a few seconds.
type Reader struct {
	st   store.Store
	busy chan struct{} // held by whoever reads or looks at the fields below
	last *Look
	next time.Time // when to read again
}

// cacheFor is how long a look serves; a look that took long serves twenty times as long as it took.
const (
	cacheFor  = 3 * time.Second
	cacheLoad = 20
)

// NewReader reads nothing yet.
func NewReader(st store.Store) *Reader { return &Reader{st: st, busy: make(chan struct{}, 1)} }

// Look gives the fleet as it was at most a few seconds ago.
func (r *Reader) Look(ctx context.Context) (*Look, error) {
	select {
	case r.busy <- struct{}{}:
		defer func() { <-r.busy }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if r.last != nil && time.Now().Before(r.next) {
		return r.last, nil
	}
	start := time.Now()
	l, err := Read(ctx, r.st, 0)
	if err != nil {
		return nil, err
	}
	r.last, r.next = l, time.Now().Add(max(cacheFor, cacheLoad*time.Since(start)))
	return l, nil
}
