// Command propagation measures the pipeline as a user sees it: `zonecast up` with many entities, how long the
// first load takes until the last of them is answered for, and then how long an accepted event takes until DNS has the new
// answer, at rest and under a steady stream.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

func main() {
	log.SetFlags(0)
	bin := flag.String("bin", "./zonecast", "the program")
	entities := flag.Int("entities", 100_000, "servers in the inventory, four records each")
	rest := flag.Int("rest", 60, "events at one a second")
	rate := flag.Int("rate", 100, "events a second under load")
	seconds := flag.Int("seconds", 30, "how long the load lasts")
	flag.Parse()
	if err := measure(*bin, *entities, *rest, *rate, *seconds); err != nil {
		log.Fatal(err)
	}
}

func measure(bin string, entities, rest, rate, seconds int) error {
	dir, err := os.MkdirTemp("", "zonecast-propagation-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := writeProject(dir, entities); err != nil {
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
	if err := p.await(host(entities-1), address(entities-1), 2*time.Minute); err != nil {
		return err
	}
	if err := p.await(host(0), address(0), time.Minute); err != nil {
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
	fmt.Printf("peak memory of the process: %s\n", p.peak())
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
	slices.Sort(took)
	at := func(q float64) float64 {
		return float64(took[min(len(took)-1, int(q*float64(len(took))))].Microseconds()) / 1000
	}
	fmt.Printf("%s: accepted -> new answer: p50 %.1f ms, p99 %.1f ms, max %.1f ms (%d events)\n", what, at(0.5), at(0.99), at(1), len(took))
}

// The inventory: addresses of the benchmarking network of RFC 2544 and the documentation prefix of RFC 3849.

func hostname(i int) string { return fmt.Sprintf("h%06d", i) }
func host(i int) string     { return hostname(i) + ".site1.bench.example." }
func address(i int) string {
	return fmt.Sprintf("198.%d.%d.%d", 18+i>>16&1, i>>8&255, i&255)
}

func attrs(i int, ipv4 string) string {
	return fmt.Sprintf(`{"hostname":%q,"site":"site1","ipv4":%q,"ipv6":"2001:db8::%x:%x","state":"up"}`, hostname(i), ipv4, i>>16, i&0xffff)
}

func writeProject(dir string, entities int) error {
	f, err := os.Create(filepath.Join(dir, "fleet.ndjson"))
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	for _, i := range rand.Perm(entities) {
		fmt.Fprintf(w, `{"kind":"server","id":"%s","attrs":%s}`+"\n", hostname(i), attrs(i, address(i)))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(dir, "zones"), 0o755); err != nil {
		return err
	}
	for _, z := range []string{"bench.example", "18.198.in-addr.arpa", "19.198.in-addr.arpa", "8.b.d.0.1.0.0.2.ip6.arpa"} {
		text := "'':\n  type: NS\n  value: ns1.bench.example.\n"
		if err := os.WriteFile(filepath.Join(dir, "zones", z+".yaml"), []byte(text), 0o644); err != nil {
			return err
		}
	}
	config := "rules: {vars: {suffix: bench.example.}}\nlog: {level: warn}\n"
	return os.WriteFile(filepath.Join(dir, "zonecast.yaml"), []byte(config), 0o644)
}
