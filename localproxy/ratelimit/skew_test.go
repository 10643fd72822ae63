package ratelimit

import (
	"testing"
	"time"
)

// Goroutines read the clock before they get to the bucket, so one may come to it with a time before that of the last change.
// For it the bucket is as empty as for the others.
func TestTimesOutOfOrder(t *testing.T) {
	t.Parallel()
	for _, late := range []time.Duration{time.Microsecond, time.Millisecond, 900 * time.Millisecond} {
		l := limiter(t, config(200, 0))
		const name = "\x07example\x00"
		if got := judged(l, 300, time.Hour, "192.0.2.1", Answer, name); got[Send] != 200 {
			t.Fatalf("%d sent, not 200", got[Send])
		}
		if got := judged(l, 300, time.Hour-late, "192.0.2.1", Answer, name); got[Send] != 0 {
			t.Errorf("%v late: %d more sent", late, got[Send])
		}
		if got := judged(l, 300, time.Hour+time.Second, "192.0.2.1", Answer, name); got[Send] != 200 {
			t.Errorf("%v late: %d sent a second after, not 200", late, got[Send])
		}
	}
}

// Buckets that nobody has used yet are full at any time, also when the time of buckets is about to wrap to what they hold.
func TestFirstResponsesBeforeTheWrap(t *testing.T) {
	t.Parallel()
	const wrap = (1 << dueBits) * time.Microsecond
	for _, before := range []time.Duration{time.Microsecond, 500 * time.Millisecond, 999 * time.Millisecond, time.Second, 1999 * time.Millisecond} {
		l := limiter(t, config(200, 0))
		if got := judged(l, 300, wrap-before, "192.0.2.1", Answer, "\x07example\x00"); got[Send] != 200 {
			t.Errorf("%v before the wrap: %d of the first second's 200 sent", before, got[Send])
		}
	}
}
