package localproxy

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"time"

	"zonecast/internal/release"
	"zonecast/internal/snapshot"
	"zonecast/localproxy/live"
)

// fixedFile is the one file that is served. It belongs to whoever loads it: Run first, then keepFixed.
type fixedFile struct {
	path string
	base *live.Base
	info os.FileInfo // of the file that base is of
	seen os.FileInfo // of one that took its name and could not be used
}

// loadFixed puts the file that stands at the path in force.
func (s *Stage) loadFixed() error {
	f := &s.fixed
	info, err := os.Stat(f.path)
	if err != nil {
		return err
	}
	began := time.Now()
	snap, err := snapshot.Open(f.path)
	if err != nil {
		return err
	}
	st, seed := snap.Counts(), snap.Seed()
	if st.Zones == 0 {
		return errors.Join(fmt.Errorf("%s: no zone in it", f.path), snap.Close())
	}
	at := info.ModTime().Unix()
	head := release.Head{Released: at, Signed: at, AsOf: at}
	point := release.Base{Size: st.Size, Zones: st.Zones, Names: st.Names, Records: st.Records, Seed: hex.EncodeToString(seed[:])}
	base := live.NewBase(snap, point, nil)
	base.Broke = func(error) {
		select {
		case s.broke <- struct{}{}:
		default: // keepFixed is told already
		}
	}
	r := &live.Release{View: snapshot.NewView(snap), Base: base, Head: head, Facts: live.FactsOf(head)}
	s.slot.Swap(r)
	f.base, f.info, f.seen = base, info, nil
	s.swapped(r, time.Since(began), true)
	return nil
}

// Pauses between looks at a file that was damaged while it was served.
const (
	firstLook = 100 * time.Millisecond
	lastLook  = 30 * time.Second
)

// keepFixed serves the file that stands at the path: another one that is put there (rename it into place) takes over
// within a second if it is sound, and else what is served stays. If the file served is itself damaged, it looks for a
// sound one again and again, and meanwhile queries are told that nothing is ready: the damaged one might say what is
// wrong.
func (s *Stage) keepFixed(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			s.replaceFixed()
		case <-s.broke:
			err := s.fixed.base.Err()
			if err == nil {
				continue // it was the one before, which nobody is given any more
			}
			s.metrics.faults.Inc()
			s.slot.Swap(nil)
			s.lost(err)
			s.host.Log.Error("the file served is damaged; queries get SERVFAIL until a sound one stands there", "file", s.fixed.path, "err", err)
			if !s.mendFixed(ctx) {
				return nil
			}
		}
	}
}

// mendFixed tries until a sound file is in force; false when ctx ends before.
func (s *Stage) mendFixed(ctx context.Context) bool {
	for pause := firstLook; ; pause = min(2*pause, lastLook) {
		err := s.loadFixed()
		if err == nil {
			return true
		}
		s.lost(err)
		select {
		case <-ctx.Done():
			return false
		case <-time.After(pause):
		}
	}
}

// replaceFixed takes up another file that stands at the path. Octets changed within the file in force are scrub's.
func (s *Stage) replaceFixed() {
	f := &s.fixed
	info, err := os.Stat(f.path)
	if err != nil || os.SameFile(info, f.info) || f.seen != nil && os.SameFile(info, f.seen) &&
		info.Size() == f.seen.Size() && info.ModTime().Equal(f.seen.ModTime()) {
		return // a file that is gone is served on (P5)
	}
	if err := s.loadFixed(); err != nil {
		f.seen = info
		s.metrics.failed.Inc()
		s.host.Log.Error("another file stands at the path and cannot be served; the one before is served on", "file", f.path, "err", err)
	}
}
