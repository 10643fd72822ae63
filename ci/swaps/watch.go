package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"

	"zonecast/ci/benchzone"
	"zonecast/ci/measure"
)

// watcher asks the proxy without pause and holds every answer against what may be served at that time: a release between the
// newest that it has seen and the newest that was signed when the answer came. A proxy serves one release after the other, so
// the marker never goes back, and a host's address is never older than the marker seen before.
type watcher struct {
	plan
	addr   string
	signed *atomic.Int64 // the newest release that the proxy can know
	seen   atomic.Int64  // the newest that it answered from
	hosts  int

	mu      sync.Mutex
	asked   int
	wrong   []string        // at most maxWrong of them
	faults  int             // all of them
	calm    []time.Duration // latencies with no release on its way
	swapped []time.Duration // and while one was
}

const maxWrong = 10

func (w *watcher) run(ctx context.Context) {
	conn, err := dns.DialTimeout("udp", w.addr, time.Second)
	if err != nil {
		w.fault("%v", err)
		return
	}
	defer conn.Close()
	client := &dns.Client{Timeout: measure.Patience}
	for turn := 0; ctx.Err() == nil; turn++ {
		since, moving := int(w.seen.Load()), w.seen.Load() < w.signed.Load()
		m, check := w.question(turn)
		begun := time.Now()
		r, _, err := client.ExchangeWithConn(m, conn)
		took := time.Since(begun)
		moving = moving || w.seen.Load() < w.signed.Load()
		w.note(took, moving)
		if err != nil {
			w.fault("%s: no answer: %v", m.Question[0].Name, err)
			continue
		}
		if err := check(r, since, int(w.signed.Load())); err != nil {
			w.fault("%s, release %d seen before: %v", m.Question[0].Name, since, err)
		}
	}
}

func (w *watcher) note(took time.Duration, moving bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked++
	if moving {
		w.swapped = append(w.swapped, took)
	} else {
		w.calm = append(w.calm, took)
	}
}

func (w *watcher) fault(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults++
	if len(w.wrong) < maxWrong {
		w.wrong = append(w.wrong, fmt.Sprintf(format, args...))
	}
}

// question picks one and says how its answer is judged, given the oldest and the newest release it may come from.
func (w *watcher) question(turn int) (*dns.Msg, func(r *dns.Msg, oldest, newest int) error) {
	ask := func(name string) *dns.Msg { return new(dns.Msg).SetQuestion(name, dns.TypeA) }
	switch turn % 4 {
	case 0:
		return ask(marker), w.judgeMarker
	case 1:
		return ask(oddName), w.judgeOdd
	case 2:
		host := rand.IntN(changing)
		return ask(benchzone.Host(host)), func(r *dns.Msg, oldest, newest int) error { return w.judgeHost(r, host, oldest, newest) }
	}
	host := changing + rand.IntN(w.hosts-changing)
	return ask(benchzone.Host(host)), func(r *dns.Msg, _, _ int) error { return only(r, benchzone.Address(host)) }
}

func (w *watcher) judgeMarker(r *dns.Msg, oldest, newest int) error {
	list := addresses(r)
	if r.Rcode == dns.RcodeNameError && oldest == 0 {
		return nil // it comes with the first release
	}
	n, ok := markerNumber(list)
	if !ok || r.Rcode != dns.RcodeSuccess {
		return fmt.Errorf("%s, %v are not one release's", dns.RcodeToString[r.Rcode], list)
	}
	if n < oldest || n > newest {
		return fmt.Errorf("release %d, between %d and %d may be served", n, oldest, newest)
	}
	for {
		seen := w.seen.Load()
		if int64(n) <= seen || w.seen.CompareAndSwap(seen, int64(n)) {
			return nil
		}
	}
}

func (w *watcher) judgeOdd(r *dns.Msg, oldest, newest int) error {
	list := addresses(r)
	for n := oldest; n <= newest; n++ {
		if n%2 == 1 && r.Rcode == dns.RcodeSuccess && len(list) == 1 && list[0] == address(18, n) || n%2 == 0 && r.Rcode == dns.RcodeNameError && len(list) == 0 {
			return nil
		}
	}
	return fmt.Errorf("%s, %v, in releases %d to %d", dns.RcodeToString[r.Rcode], list, oldest, newest)
}

func (w *watcher) judgeHost(r *dns.Msg, host, oldest, newest int) error {
	var err error
	for n := oldest; n <= newest; n++ {
		if err = only(r, w.hostAt(n, host)); err == nil {
			return nil
		}
	}
	return fmt.Errorf("releases %d to %d: %w", oldest, newest, err)
}

// only wants one address and nothing else.
func only(r *dns.Msg, want netip.Addr) error {
	if list := addresses(r); r.Rcode != dns.RcodeSuccess || !r.Authoritative || len(list) != 1 || list[0] != want {
		return fmt.Errorf("%s, %v where %v is right", dns.RcodeToString[r.Rcode], list, want)
	}
	return nil
}

// addresses are the A records of an answer; a record of another type becomes the zero address, which is never right.
func addresses(r *dns.Msg) (list []netip.Addr) {
	for _, rr := range r.Answer {
		var addr netip.Addr
		if a, ok := rr.(*dns.A); ok {
			addr, _ = netip.AddrFromSlice(a.A.To4())
		}
		list = append(list, addr)
	}
	return list
}
