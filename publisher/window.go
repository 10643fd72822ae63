package publisher

import "time"

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
