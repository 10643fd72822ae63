package localproxy

import (
	"context"
	"errors"
	"time"

	"zonecast/internal/snapshot"
	"zonecast/localproxy/live"
)

const (
	// lookEvery is how often the file system is asked whether somebody wrote to the base in force. Nobody may: one look
	// costs a system call, and what is wrong is found in a second.
	lookEvery = time.Second
	// scrubRate is how fast a base is read again without a reason, in octets a second: ten million records in some
	// twenty seconds, a few hundredths of a core.
	scrubRate = 32 << 20
)

var errReplaced = errors.New("another base is in force")

// scrub watches the base in force: damage that no read fails on is found by its checksums. It is read again at once when
// its file was written to or cut, and slowly every cfg.Scrub (0: never) for what no file system tells, disks and memory
// that lose bits.
func (s *Stage) scrub(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var w watched
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if r := s.slot.Take(); r != nil {
			s.look(ctx, &w, r.Base)
			r.Done()
		}
	}
}

// watched is what is known of the base in force.
type watched struct {
	base  *live.Base
	stamp snapshot.Stamp // with which its octets were right
	at    time.Time      // when they were
}

func (s *Stage) look(ctx context.Context, w *watched, base *live.Base) {
	if w.base != base {
		*w = watched{base, base.Snapshot.Opened(), time.Now()}
	}
	stamp, err := base.Snapshot.Stamp()
	touched := err != nil || stamp != w.stamp
	if !touched && (s.cfg.Scrub == 0 || time.Since(w.at) < s.cfg.Scrub) {
		return
	}
	began := time.Now()
	pace := func(read int64) error {
		if !s.slot.Serves(base) {
			return errReplaced
		}
		due := time.Duration(float64(read) / scrubRate * float64(time.Second))
		if touched || due < time.Since(began) {
			return ctx.Err()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(due - time.Since(began)):
			return nil
		}
	}
	err = base.Snapshot.Verify(pace)
	switch {
	case errors.Is(err, errReplaced) || ctx.Err() != nil:
		return
	case err != nil:
		base.Break(err)
		return
	case touched:
		s.host.Log.Warn("the base file in force was written to; its octets are as they were", "size", stamp.Size, "modified", stamp.Modified)
	}
	w.stamp, w.at = stamp, time.Now()
}
