package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"

	"zonecast/ci/benchzone"
	"zonecast/ci/measure"
)

// swapping is a measurement under way.
type swapping struct {
	options
	dir, queries, http string
	publisher          *publisher
	watcher            *watcher
	proxy              *exec.Cmd
	signed             atomic.Int64 // the newest release

	load      measure.Load
	byDelta   []time.Duration // from the signature to the first answer
	byBase    []time.Duration
	resident  []float64 // octets, after each release
	mapped    int       // base files mapped in the end
	cpu       time.Duration
	loadFault error
}

// swapLimit is how long a release may take to the first answer from it.
const swapLimit = 30 * time.Second

// apart is the shortest time between two releases: the publisher makes ten a second at most.
const apart = 100 * time.Millisecond

// drained is how long after a release's first answer no reader of the one before is left, for certain.
const drained = 50 * time.Millisecond

func (s *swapping) answers() bool {
	m := new(dns.Msg).SetQuestion(benchzone.Host(0), dns.TypeA)
	r, _, err := (&dns.Client{Timeout: 100 * time.Millisecond}).Exchange(m, s.watcher.addr)
	return err == nil && only(r, benchzone.Address(0)) == nil
}

// measure makes all releases under load.
func (s *swapping) measure(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	until := make(chan struct{})
	pids := measure.Tree(s.proxy.Process.Pid)
	before := measure.CPU(pids)
	running.Go(func() {
		s.load, s.loadFault = measure.Dnsperf{Addr: s.watcher.addr, Queries: s.queries, Core: s.clientCore, For: time.Hour, Until: until}.Run(ctx)
	})
	watching, enough := context.WithCancel(ctx)
	defer enough()
	var watchers sync.WaitGroup
	for range s.watchers {
		watchers.Go(func() { s.watcher.run(watching) })
	}
	err := s.releases(ctx, pids)
	enough()
	watchers.Wait()
	close(until)
	running.Wait()
	s.cpu = measure.CPU(pids) - before
	s.mapped = mappedBases(s.proxy.Process.Pid, s.dir)
	return errors.Join(err, s.loadFault)
}

func (s *swapping) releases(ctx context.Context, pids []int) error {
	if !pause(ctx, s.calm) {
		return ctx.Err()
	}
	for n := 1; n <= s.swaps; n++ {
		begun := time.Now()
		s.signed.Store(int64(n)) // before it is out: from now on it may be served
		if err := s.publisher.next(n); err != nil {
			return err
		}
		shown := time.Now()
		for s.watcher.seen.Load() < int64(n) {
			if time.Since(shown) > swapLimit {
				return fmt.Errorf("release %d is not answered after %v", n, swapLimit)
			}
			if !pause(ctx, time.Millisecond) {
				return ctx.Err()
			}
		}
		if took := time.Since(shown); s.publisher.byBase(n) {
			s.byBase = append(s.byBase, took)
		} else {
			s.byDelta = append(s.byDelta, took)
		}
		if !pause(ctx, max(apart-time.Since(begun), drained)) {
			return ctx.Err()
		}
		resident, _ := measure.Resident(pids)
		s.resident = append(s.resident, float64(resident))
		if n%50 == 0 {
			fmt.Printf("%d releases, resident %.1f MiB, %d answers checked\n", n, s.resident[n-1]/(1<<20), s.watcher.count())
		}
	}
	pause(ctx, time.Second) // the last readers of the last old base
	return ctx.Err()
}

func (w *watcher) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.asked
}

func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// mappedBases counts the different files of a folder that a process has mapped, removed ones included.
func mappedBases(pid int, dir string) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		return 0
	}
	files := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		if i := strings.Index(line, dir); i >= 0 {
			files[strings.TrimSpace(line[i:])] = true
		}
	}
	return len(files)
}

// slope is the growth from one value to the next by least squares.
func slope(list []float64) float64 {
	n := float64(len(list))
	var x, y, xx, xy float64
	for i, v := range list {
		x, y, xx, xy = x+float64(i), y+v, xx+float64(i)*float64(i), xy+float64(i)*v
	}
	if d := n*xx - x*x; d != 0 {
		return (n*xy - x*y) / d
	}
	return 0
}

// grownShare is how much of its memory a proxy may have grown by in the second half of the releases, as the slope says, and
// still be flat.
const grownShare = 0.05

// report is the section for the results page, and what failed of it.
func (s *swapping) report(machine string) (string, error) {
	w := s.watcher
	settled := s.resident[len(s.resident)/2:] // heap and tables have found their size by then
	perSwap := slope(settled)
	var fault error
	if s.load.Lost > 0 {
		fault = errors.Join(fault, fmt.Errorf("dnsperf lost %d of %d queries", s.load.Lost, s.load.Sent))
	}
	if absent := float64(s.load.Rcodes["NXDOMAIN"]) / float64(max(1, s.load.Completed)); len(s.load.Rcodes) != 2 || absent < 0.09 || absent > 0.11 {
		fault = errors.Join(fault, fmt.Errorf("rcodes %v: a tenth NXDOMAIN, the rest NOERROR would be right", s.load.Rcodes))
	}
	if w.faults > 0 {
		fault = errors.Join(fault, fmt.Errorf("%d wrong answers, such as: %s", w.faults, strings.Join(w.wrong, "; ")))
	}
	if grown := perSwap * float64(len(settled)); grown > grownShare*slices.Max(settled) {
		fault = errors.Join(fault, fmt.Errorf("resident memory grows by %.0f octets a release", perSwap))
	}
	if s.mapped > 1 {
		fault = errors.Join(fault, fmt.Errorf("%d base files are mapped in the end: one is served", s.mapped))
	}
	ms := func(d time.Duration) string { return fmt.Sprintf("%.2f ms", float64(d.Microseconds())/1000) }
	quantiles := func(list []time.Duration) string {
		return ms(measure.Quantile(list, 0.5)) + " | " + ms(measure.Quantile(list, 0.99)) + " | " + ms(measure.Quantile(list, 1))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s, `ci/bench swaps`, on %s.\nA zone of %d records, %d releases, of which %d by a new base; the others change a tenth of %d hosts each. dnsperf on another core at "+
		"full speed for %.0f s.\n\n", measure.Today(), machine, benchzone.Records(w.hosts), s.swaps, len(s.byBase), changing, s.load.Seconds)
	b.WriteString("| | seen |\n|---|---|\n")
	fmt.Fprintf(&b, "| queries of dnsperf: answered, lost | %d (%.0f a second, %.0f a CPU-second with all of the proxy's work), %d |\n",
		s.load.Completed, float64(s.load.Completed)/s.load.Seconds, float64(s.load.Completed)/s.cpu.Seconds(), s.load.Lost)
	fmt.Fprintf(&b, "| answers checked, wrong | %d, %d |\n", w.asked, w.faults)
	fmt.Fprintf(&b, "| resident memory: least, largest, slope, in the second half | %.1f MiB, %.1f MiB, %+.2f KiB a release |\n",
		slices.Min(settled)/(1<<20), slices.Max(settled)/(1<<20), perSwap/1024)
	fmt.Fprintf(&b, "| base files mapped in the end | %d |\n\n", s.mapped)
	b.WriteString("| | p50 | p99 | most |\n|---|---|---|---|\n")
	fmt.Fprintf(&b, "| a checked answer under full load, no release on its way (%d) | %s |\n", len(w.calm), quantiles(w.calm))
	fmt.Fprintf(&b, "| a checked answer while a release was on its way or being swapped in (%d) | %s |\n", len(w.swapped), quantiles(w.swapped))
	fmt.Fprintf(&b, "| signed -> first answer, by delta (%d) | %s |\n", len(s.byDelta), quantiles(s.byDelta))
	fmt.Fprintf(&b, "| signed -> first answer, by base (%d) | %s |\n", len(s.byBase), quantiles(s.byBase))
	if fault != nil {
		fmt.Fprintf(&b, "\nFAILED: %v\n", fault)
	}
	return b.String(), fault
}
