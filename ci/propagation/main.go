// Command propagation measures the pipeline as a user sees it: `zonecast up` with many entities, how long the
// first load takes until the last of them is answered for, and then how long an accepted event takes until DNS has the new
// answer, at rest and under a steady stream.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"sync"
	"time"

	"zonecast/ci/measure"
)

func main() {
	log.SetFlags(0)
	bin := flag.String("bin", "./zonecast", "the program")
	entities := flag.Int("entities", 100_000, "servers in the inventory, four records each")
	rest := flag.Int("rest", 60, "events at one a second")
	rate := flag.Int("rate", 100, "events a second under load")
	seconds := flag.Int("seconds", 30, "how long the load lasts")
	flag.Parse()
	if err := run(*bin, *entities, *rest, *rate, *seconds); err != nil {
		log.Fatal(err)
	}
}

func run(bin string, entities, rest, rate, seconds int) error {
	dir, err := os.MkdirTemp("", "zonecast-propagation-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := measure.WriteProject(dir, entities, "rules: {vars: {suffix: bench.example.}}\nlog: {level: warn}\n"); err != nil {
		return err
	}
	p, err := start(bin, dir)
	if err != nil {
		return err
	}
	defer p.stop()
	if err := p.put(filepath.Join(dir, "fleet.ndjson")); err != nil {
		return err
	}
	if err := p.await(measure.Host(entities-1), measure.Address(entities-1), 2*time.Minute); err != nil {
		return err
	}
	if err := p.await(measure.Host(0), measure.Address(0), time.Minute); err != nil {
		return err
	}
	fmt.Printf("first load: %d entities, %d records: %.1f s from the list to the last answer\n", entities, 4*entities, time.Since(p.begun).Seconds())

	if err := p.quiet(); err != nil {
		return err
	}
	var took []time.Duration
	for i := range rest {
		d, err := p.change(i, entities)
		if err != nil {
			return err
		}
		took = append(took, d)
		time.Sleep(time.Second)
	}
	report("at rest, 1 event/s", took)
	took, err = p.load(rate, seconds, entities)
	report(fmt.Sprintf("under load, %d events/s", rate), took)
	fmt.Printf("peak memory of the process: %d MiB\n", measure.Peak(p.cmd.Process.Pid))
	return err
}

// load sends events at a steady rate; each is timed on its own.
func (p *process) load(rate, seconds, entities int) (took []time.Duration, err error) {
	var mu sync.Mutex
	var wait sync.WaitGroup
	tick := time.NewTicker(time.Second / time.Duration(rate))
	defer tick.Stop()
	for i := range rate * seconds {
		<-tick.C
		wait.Go(func() {
			d, fault := p.change(1_000_000+i, entities)
			mu.Lock()
			defer mu.Unlock()
			if fault != nil {
				err = fault
				return
			}
			took = append(took, d)
		})
	}
	wait.Wait()
	return took, err
}

func report(what string, took []time.Duration) {
	if len(took) == 0 {
		return
	}
	at := func(q float64) float64 { return float64(measure.Quantile(took, q).Microseconds()) / 1000 }
	fmt.Printf("%s: accepted -> new answer: p50 %.1f ms, p99 %.1f ms, max %.1f ms (%d events)\n", what, at(0.5), at(0.99), at(1), len(took))
}
