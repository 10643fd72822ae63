package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"zonecast/ci/measure"
)

// measured is a server with what was seen of it, a value a round.
type measured struct {
	*process
	first    []float64 // start to the first answer, ms
	perCPU   []float64 // answers a second of the server's CPU time
	rate     []float64 // answers a second
	busy     []float64 // share of its core, 0 to 1
	p50, p99 []float64 // µs, under the moderate load
	resident int64     // octets
	private  int64     // octets of them that no file backs
	heap     int64     // octets of Go heap in use; 0 for others than zonecast
	size     int64     // octets
	lost     int
	sent     int
}

// lostShare is how many of a server's queries may be lost before the run fails: none are expected, for no queue is too short
// (measure.Outstanding), but a machine may stall.
const lostShare = 0.001

// startAll prepares the servers one by one, starts each several times, and leaves it running. One that cannot be prepared or
// started here, or that answers wrongly, is left out with the reason, unless it is zonecast.
func (w *world) startAll(ctx context.Context, list []*server) (all []*measured, err error) {
	for _, s := range list {
		m, err := w.startOne(ctx, s)
		if err != nil {
			if m.process != nil {
				m.stop()
			}
			if s.flag == "zonecast" || ctx.Err() != nil {
				return all, err
			}
			w.leaveOut(s, err)
			continue
		}
		all = append(all, m)
		fmt.Printf("%-25s first answer after %.0f ms\n", s.name, median(m.first))
	}
	return all, nil
}

func (w *world) leaveOut(s *server, err error) {
	fmt.Printf("%s left out: %v\n", s.name, err)
	reason, _, _ := strings.Cut(err.Error(), "\n")
	w.out = append(w.out, reason)
}

func (w *world) startOne(ctx context.Context, s *server) (m *measured, err error) {
	m = &measured{}
	if s.prepare != nil {
		if err := s.prepare(); err != nil {
			return m, fmt.Errorf("%s: %w", s.name, err)
		}
	}
	for n := range w.starts {
		if m.process, err = w.start(ctx, s); err != nil {
			return m, err
		}
		if n > 0 || w.starts == 1 {
			m.first = append(m.first, m.process.first.Seconds()*1000)
		}
		if n < w.starts-1 {
			m.stop()
		}
	}
	if !s.bare {
		if err := m.check(w.sample); err != nil {
			return m, err
		}
	}
	if s.file != "" {
		if info, err := os.Stat(s.file); err == nil {
			m.size = info.Size()
		}
	}
	return m, nil
}

// latencyRounds is in how many of the rounds latencies are measured too.
const latencyRounds = 3

// takeTurns takes the servers in turn, every second time backwards, so that what drifts on the machine meets them all alike.
func (w *world) takeTurns(ctx context.Context, all []*measured) ([]*measured, error) {
	for round := range w.rounds {
		turn := slices.Clone(all)
		if round%2 == 1 {
			slices.Reverse(turn)
		}
		for _, m := range turn {
			err := w.full(ctx, m)
			if err != nil && ctx.Err() == nil { // the machine may have stalled
				fmt.Printf("%s once more: %v\n", m.name, err)
				err = w.full(ctx, m)
			}
			if err == nil && round < latencyRounds && w.latency > 0 {
				err = w.moderate(ctx, m)
			}
			if err == nil {
				continue
			}
			err = fmt.Errorf("%s: %w", m.name, err)
			if m.flag == "zonecast" || ctx.Err() != nil {
				return all, err
			}
			m.stop()
			w.leaveOut(m.server, err)
			all = slices.DeleteFunc(all, func(o *measured) bool { return o == m })
		}
		line := fmt.Sprintf("round %d of %d, thousand answers a CPU-second:", round+1, w.rounds)
		for _, m := range all {
			line += fmt.Sprintf(" %s %.1f", m.flag, m.perCPU[round]/1000)
		}
		fmt.Println(line)
	}
	for _, m := range all {
		m.resident, m.private = measure.Resident(m.pids())
		if m.flag == "zonecast" {
			if err := m.readHeap(ctx, w.http); err != nil {
				return all, err
			}
		}
	}
	return all, nil
}

// full measures answers a CPU-second.
func (w *world) full(ctx context.Context, m *measured) error {
	pids := m.pids()
	before := measure.CPU(pids)
	load, err := measure.Dnsperf{Addr: m.addr, Queries: w.queries, Core: w.clientCore, For: w.seconds, Waiting: m.waiting}.Run(ctx)
	if err != nil {
		return err
	}
	cpu := (measure.CPU(pids) - before).Seconds()
	if cpu <= 0 || load.Completed == 0 {
		return errors.New("nothing answered")
	}
	m.sent, m.lost = m.sent+load.Sent, m.lost+load.Lost
	if load.LostShare() > lostShare {
		return fmt.Errorf("%d of %d queries lost, more than %g %%", load.Lost, load.Sent, 100*lostShare)
	}
	if absent := float64(load.Rcodes["NXDOMAIN"]) / float64(load.Completed); !m.bare && (absent < 0.09 || absent > 0.11 || len(load.Rcodes) != 2) {
		return fmt.Errorf("rcodes %v: a tenth NXDOMAIN, the rest NOERROR would be right", load.Rcodes)
	}
	m.perCPU = append(m.perCPU, float64(load.Completed)/cpu)
	m.rate = append(m.rate, float64(load.Completed)/load.Seconds)
	m.busy = append(m.busy, cpu/load.Seconds)
	return nil
}

// moderate measures latencies at a rate that none of the servers is full at.
func (w *world) moderate(ctx context.Context, m *measured) error {
	each := w.in("latencies")
	if _, err := (measure.Dnsperf{Addr: m.addr, Queries: w.queries, Core: w.clientCore, For: w.latency, Rate: w.rate, Each: each}).Run(ctx); err != nil {
		return err
	}
	took, err := measure.Latencies(each)
	if err != nil {
		return err
	}
	m.p50 = append(m.p50, float64(measure.Quantile(took, 0.5).Nanoseconds())/1000)
	m.p99 = append(m.p99, float64(measure.Quantile(took, 0.99).Nanoseconds())/1000)
	return nil
}

// readHeap takes the Go heap in use from zonecast's metrics, after all load.
func (m *measured) readHeap(ctx context.Context, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/metrics", nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "go_memstats_heap_inuse_bytes "); ok {
			n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			m.heap = int64(n)
			return err
		}
	}
	return errors.New("no go_memstats_heap_inuse_bytes in /metrics")
}

func median(list []float64) float64 {
	if len(list) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(list))
	if n := len(sorted); n%2 == 0 {
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
	return sorted[len(sorted)/2]
}
