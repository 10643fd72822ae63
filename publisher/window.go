package publisher

import (
	"context"
	"slices"
	"time"

	"zonecast/internal/zone"
)

// sizes remembers how many names a zone had lately: one sample a second at most, none older than the window, so
// at most a window's seconds of them.
type sizes struct{ samples []sample }

type sample struct {
	at    int64 // Unix seconds
	names int   // the largest in that second
}

// add notes the size before and after a release.
func (z *sizes) add(now time.Time, before, after int) {
	at := now.Unix()
	if last := len(z.samples) - 1; last >= 0 && z.samples[last].at == at {
		z.samples[last].names = max(z.samples[last].names, before, after)
		return
	}
	z.samples = append(z.samples, sample{at, max(before, after)})
}

// peak is the largest size inside the window, or names when nothing is remembered.
func (z *sizes) peak(now time.Time, window time.Duration, names int) int {
	from := now.Add(-window).Unix()
	for len(z.samples) > 0 && z.samples[0].at < from {
		z.samples = z.samples[1:]
	}
	for _, s := range z.samples {
		names = max(names, s.names)
	}
	return names
}

// forget starts afresh: what was released by hand is no loss any more.
func (z *sizes) forget() { z.samples = nil }

// recallSizes works out from the release log how many names each zone had lately: a new leader must see a flood that
// began before it.
func (t *term) recallSizes(ctx context.Context, now time.Time) error {
	window := t.cfg.Gates.Window
	for _, g := range t.gates {
		window = max(window, g.Window)
	}
	from := now.Add(-window).Unix()
	size := map[zone.Name]int{}       // before the entry that is looked at
	done := map[zone.Name]bool{}      // a person let go what came before
	found := map[zone.Name][]sample{} // newest first
	const step = 64
	for end := len(t.entries); end > 0; end -= step {
		entries, err := t.hist.entries(ctx, t.entries[max(0, end-step):end])
		if err != nil {
			return err
		}
		for _, e := range slices.Backward(entries) {
			if e.Released < from || e.Epoch != t.head.Epoch {
				t.setSizes(found)
				return nil
			}
			for _, c := range e.Counts {
				apex, err := zone.ParseName(c.Zone)
				if _, known := t.c.zones[apex]; err != nil || !known || done[apex] {
					continue
				}
				after, seen := size[apex]
				if !seen {
					after = t.c.names[apex]
				}
				if done[apex] = c.Free; c.Free {
					continue
				}
				size[apex] = max(0, after-c.Created+c.Deleted)
				found[apex] = append(found[apex], sample{e.Released, max(after, size[apex])})
			}
		}
	}
	t.setSizes(found)
	return nil
}

func (t *term) setSizes(found map[zone.Name][]sample) {
	for apex, samples := range found {
		slices.Reverse(samples)
		t.c.size[apex] = &sizes{samples}
	}
}
