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

// loadFixed puts the one file in force.
func (s *Stage) loadFixed() error {
	info, err := os.Stat(s.fixed)
	if err != nil {
		return err
	}
	snap, err := snapshot.Open(s.fixed)
	if err != nil {
		return err
	}
	st, seed := snap.Counts(), snap.Seed()
	if st.Zones == 0 {
		return errors.Join(fmt.Errorf("%s: no zone in it", s.fixed), snap.Close())
	}
	at := info.ModTime().Unix()
	head := release.Head{Released: at, Signed: at, AsOf: at}
	point := release.Base{Size: st.Size, Zones: st.Zones, Names: st.Names, Records: st.Records, Seed: hex.EncodeToString(seed[:])}
	base := live.NewBase(snap, point, nil)
	base.Broke = func(err error) { s.broke <- err } // there is one at a time
	r := &live.Release{View: snapshot.NewView(snap), Base: base, Head: head, Facts: live.FactsOf(head)}
	s.slot.Swap(r)
	s.swapped(r, 0, true)
	return nil
}

// Pauses between looks at a file that was damaged while it was served.
const (
	firstLook = 100 * time.Millisecond
	lastLook  = 30 * time.Second
)

// keepFixed waits until the file in force turns out to be damaged. Then it looks for a sound one under the same name,
// again and again, and meanwhile queries are told that nothing is ready: the damaged file might say what is wrong.
func (s *Stage) keepFixed(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-s.broke:
			s.metrics.faults.Inc()
			s.slot.Swap(nil)
			s.lost(err)
			s.host.Log.Error("the file served is damaged; queries get SERVFAIL until a sound one stands there", "file", s.fixed, "err", err)
		}
		for pause := firstLook; ; pause = min(2*pause, lastLook) {
			err := s.loadFixed()
			if err == nil {
				break
			}
			s.lost(err)
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(pause):
			}
		}
	}
}
