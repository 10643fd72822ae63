package ratelimit

import (
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"zonecast/internal/zone"
)

func limiter(t testing.TB, c Config) *Limiter {
	t.Helper()
	l, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func config(rate, slip int) Config {
	c := DefaultConfig()
	c.ResponsesPerSecond, c.Slip, c.Exempt = rate, slip, nil
	return c
}

var (
	victim  = netip.MustParseAddr("192.0.2.1")
	example = zone.Name("\x07example\x00")
)

// judged counts the verdicts on so many responses at once.
func judged(l *Limiter, n int, now time.Duration, client string, kind Kind, name string) (v [3]int) {
	for range n {
		v[l.Judge(now, netip.MustParseAddr(client), kind, zone.Name(name))]++
	}
	return v
}

func TestRateAndSlip(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		slip int
		want [3]int // of 40 limited ones, beside the ten sent
	}{
		{0, [3]int{10, 0, 40}}, {1, [3]int{10, 40, 0}}, {2, [3]int{10, 20, 20}}, {10, [3]int{10, 4, 36}},
	} {
		l := limiter(t, config(10, c.slip))
		if got := judged(l, 50, 0, "192.0.2.1", Answer, "\x07example\x00"); got != c.want {
			t.Errorf("slip %d: %v, not %v", c.slip, got, c.want)
		}
		if got := judged(l, 10, 500*time.Millisecond, "192.0.2.1", Answer, "\x07example\x00"); got[Send] != 5 {
			t.Errorf("slip %d: half a second gives %d of 10", c.slip, got[Send])
		}
		if got := judged(l, 50, time.Hour, "192.0.2.1", Answer, "\x07example\x00"); got[Send] != 10 {
			t.Errorf("slip %d: an hour gives %d at once, not a second's", c.slip, got[Send])
		}
	}
}

func TestWhatSharesABucket(t *testing.T) {
	t.Parallel()
	type response struct {
		client string
		kind   Kind
		name   string
	}
	first := response{"192.0.2.1", Answer, "\x03www\x07example\x00"}
	for what, c := range map[string]struct {
		one, other response
		same       bool
	}{
		"itself":                {first, first, true},
		"the network":           {first, response{"192.0.2.200", Answer, first.name}, true},
		"IPv4 in IPv6":          {first, response{"::ffff:192.0.2.3", Answer, first.name}, true},
		"the case of the name":  {first, response{"192.0.2.1", Answer, "\x03WwW\x07EXAMPLE\x00"}, true},
		"another network":       {first, response{"192.0.3.1", Answer, first.name}, false},
		"another kind":          {first, response{"192.0.2.1", NoData, first.name}, false},
		"another name":          {first, response{"192.0.2.1", Answer, "\x03web\x07example\x00"}, false},
		"a shorter name":        {first, response{"192.0.2.1", Answer, "\x07example\x00"}, false},
		"no name":               {first, response{"192.0.2.1", Answer, ""}, false},
		"faults, whatever name": {response{"192.0.2.1", Fault, "\x01a\x00"}, response{"192.0.2.9", Fault, "\x01b\x00"}, true},
		"an IPv6 network":       {response{"2001:db8::1", Answer, "\x00"}, response{"2001:db8:0:ff::2", Answer, "\x00"}, true},
		"another IPv6 network":  {response{"2001:db8::1", Answer, "\x00"}, response{"2001:db8:0:100::1", Answer, "\x00"}, false},
		"a long name's last":    {response{"192.0.2.1", Answer, "\x0fabcdefghijklmno\x00"}, response{"192.0.2.1", Answer, "\x0fabcdefghijklmnp\x00"}, false},
	} {
		l := limiter(t, config(1, 0))
		judged(l, 1, 0, c.one.client, c.one.kind, c.one.name)
		if limited := judged(l, 1, 0, c.other.client, c.other.kind, c.other.name)[Drop] == 1; limited != c.same {
			t.Errorf("%s: same bucket: %t", what, limited)
		}
	}
}

func TestIPv6PrefixBeyond64(t *testing.T) {
	t.Parallel()
	c := config(1, 0)
	c.IPv6Prefix, c.IPv4Prefix = 120, 32
	l := limiter(t, c)
	for client, want := range map[string]int{"2001:db8::1": 1, "2001:db8::1:1": 1, "192.0.2.1": 1, "192.0.2.2": 1} {
		if got := judged(l, 2, 0, client, Answer, "\x00"); got[Send] != want {
			t.Errorf("%s: %v", client, got)
		}
	}
	if got := judged(l, 1, 0, "2001:db8::ff", Answer, "\x00"); got[Drop] != 1 {
		t.Errorf("a /120 shares no bucket: %v", got)
	}
}

func TestExemptClientsAreNotLimited(t *testing.T) {
	t.Parallel()
	c := config(1, 0)
	c.Exempt = []string{"198.51.100.0/24"}
	l := limiter(t, c)
	for _, client := range []string{"127.0.0.1", "::1", "198.51.100.77"} {
		if got := judged(l, 1000, 0, client, Answer, "\x00"); got[Send] != 1000 {
			t.Errorf("%s: %v", client, got)
		}
	}
}

func TestOffAndWrong(t *testing.T) {
	t.Parallel()
	if l := limiter(t, config(0, 0)); l != nil {
		t.Error("switched off, and there is a limiter")
	}
	for key, wrong := range map[string]func(*Config){
		"responses_per_second": func(c *Config) { c.ResponsesPerSecond = -1 },
		"slip":                 func(c *Config) { c.Slip = maxSlip + 1 },
		"ipv4_prefix":          func(c *Config) { c.IPv4Prefix = 33 },
		"ipv6_prefix":          func(c *Config) { c.IPv6Prefix = 0 },
		"exempt: entry 1":      func(c *Config) { c.Exempt = []string{"everybody"} },
	} {
		c := DefaultConfig()
		wrong(&c)
		if err := c.Check(); err == nil || !strings.HasPrefix(err.Error(), key+":") {
			t.Errorf("%s: %v", key, err)
		}
	}
	if err := DefaultConfig().Check(); err != nil {
		t.Error(err)
	}
}

// In no stretch of time do more than rate*time + one second's go out, and who stays below the rate is never limited.
func TestTokenBucket(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.SampledFrom([]int{1, 3, 10, 200, maxRate}).Draw(t, "rate")
		c := config(rate, rapid.IntRange(0, maxSlip).Draw(t, "slip"))
		l, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Duration(rapid.Int64Range(0, 2<<dueBits).Draw(t, "begin")) * time.Microsecond // over the wrap, too
		now, credit, sent := begin, float64(rate), 0
		for _, pause := range rapid.SliceOfN(rapid.IntRange(0, 3_000_000/rate), 1, 300).Draw(t, "pauses") {
			step := time.Duration(pause) * time.Microsecond
			now += step
			credit = min(credit+step.Seconds()*float64(rate), float64(rate))
			verdict := l.Judge(now, victim, Answer, example)
			switch {
			case verdict == Send:
				sent++
				if credit -= 1; credit < -0.001 {
					t.Fatalf("sent beyond the rate: credit %f", credit)
				}
			case credit > 1.001:
				t.Fatalf("limited with a credit of %f", credit)
			}
		}
		if most := float64(rate)*(1+(now-begin).Seconds()) + 0.001; float64(sent) > most {
			t.Fatalf("%d sent, at most %f", sent, most)
		}
	})
}

// A flood with far more keys than there are buckets gets no more than the buckets give.
func TestMoreKeysThanBuckets(t *testing.T) {
	t.Parallel()
	const buckets = 64 * setSize
	l := limiter(t, config(1, 0))
	l.table = l.table[:64]
	const keys = 10 * buckets
	sent := 0
	for i := range keys {
		client := netip.AddrFrom4([4]byte{198, byte(18 + i>>16), byte(i >> 8), byte(i)})
		if l.Judge(0, client, Answer, zone.Name(fmt.Sprintf("\x07x%06d\x00", i))) == Send {
			sent++
		}
	}
	if most := buckets; sent > most || sent < most/2 {
		t.Errorf("%d of %d sent; the table holds %d", sent, keys, most)
	}
	// A client that was heavily limited keeps its bucket while others come and go.
	l = limiter(t, config(1000, 0))
	l.table = l.table[:64]
	judged(l, 1500, 0, "192.0.2.1", Answer, "\x07example\x00")
	for i := range 4 * buckets {
		l.Judge(0, netip.AddrFrom4([4]byte{198, byte(18 + i>>16), byte(i >> 8), byte(i)}), Answer, example)
	}
	if got := judged(l, 10, 0, "192.0.2.1", Answer, "\x07example\x00"); got[Drop] != 10 {
		t.Errorf("others washed a limited client's bucket away: %v", got)
	}
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	l := limiter(t, config(5000, 2))
	var sent atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 2000 {
				if l.Judge(time.Second, victim, Answer, example) == Send {
					sent.Add(1)
				}
			}
		})
	}
	all.Wait()
	if n := sent.Load(); n < 5000 || n > 5100 { // some may slip through uncounted, see retries
		t.Errorf("%d of 16,000 sent, not 5,000", n)
	}
}

func BenchmarkJudge(b *testing.B) {
	l := limiter(b, DefaultConfig())
	name := zone.Name("\x06web001\x04ams1\x04prod\x07example\x00")
	b.Run("limited", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			l.Judge(0, victim, Answer, name)
		}
	})
	b.Run("sent", func(b *testing.B) {
		b.ReportAllocs()
		for i := range b.N {
			l.Judge(time.Duration(i)*time.Hour, victim, Answer, name)
		}
	})
	b.Run("loopback", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			l.Judge(0, netip.IPv6Loopback(), Answer, name)
		}
	})
}

func TestNothingIsAllocated(t *testing.T) {
	l := limiter(t, DefaultConfig())
	if n := testing.AllocsPerRun(1000, func() { l.Judge(0, victim, Answer, example) }); n != 0 {
		t.Errorf("%f allocations a response", n)
	}
}
