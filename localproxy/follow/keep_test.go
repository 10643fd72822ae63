package follow

import (
	"log/slog"
	"testing"
	"time"

	"zonecast/internal/release"
	"zonecast/localproxy/live"
	"zonecast/localproxy/releasetest"
)

// A proxy that is started once with a wrong key, and with nothing to fetch from, has its last good release when the
// key is right again (P5).
func TestAWrongKeyCostsNoLastGood(t *testing.T) {
	t.Parallel()
	p, other, dir := releasetest.New(t), releasetest.New(t), t.TempDir()
	x := begin(t, p, dir)
	x.reach(t, p.Head)
	x.stop()
	for _, key := range []release.VerifyKey{other.Public, p.Public} {
		slot := &live.Slot{}
		events := Events{Failed: func(error) {}, Broken: func(error) {}, Lost: func(error) {}, Swapped: func(*live.Release, time.Duration, bool) {}}
		f := New(Config{Stream: releasetest.Stream, Keys: []release.VerifyKey{key}, Dir: dir}, releasetest.Source{}, slot, events, slog.New(slog.DiscardHandler))
		if err := f.Open(); err != nil {
			t.Fatal(err)
		}
		r := slot.Take()
		if (r != nil) != (key == p.Public) {
			t.Errorf("something is served: %v, with the right key: %v", r != nil, key == p.Public)
		}
		if r != nil {
			r.Done()
		}
		f.folder.Close()
		slot.Swap(nil)
	}
}
