// Command differential serves random zones from the real program and from Debian's NSD and Knot, side by side on loopback, asks
// all of them random questions and compares what they say: rcode, flags, every section as a set, the order of the answer, EDNS.
//
//	go run ./ci/differential --bin zonecast [--queries 50000] [--seed 1]
//
// A difference is explained by a rule of known.go, or it is a fault. BIND is asked too where there is one: its opinion stands
// beside the counts. Exit: 0 all explained, 1 not, 2 could not run. A round keeps its folder when it fails.
package main

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"zonecast/ci/nameserver"
)

func main() {
	bin := flag.String("bin", "", "the `program`")
	queries := flag.Int("queries", 50_000, "`number` of questions")
	seed := flag.Uint64("seed", 1, "`seed` of the first round; each round adds one")
	families := flag.Int("families", 40, "`number` of zones with what is below them in a round")
	each := flag.Int("each", 2500, "`number` of questions in a round")
	report := flag.Int("report", 20, "`number` of unexplained differences to print")
	third := flag.Bool("third", true, "ask BIND too where there is a difference")
	flag.Parse()
	c := &campaign{bin: *bin, third: *third, report: *report, equal: map[string]int{}, explained: map[string]int{}, sided: map[string]int{}}
	if err := c.run(*queries, *each, *families, *seed); err != nil {
		fmt.Fprintln(os.Stderr, "differential:", err)
		os.Exit(2)
	}
	if c.unexplained > 0 {
		os.Exit(1)
	}
}

func (c *campaign) run(queries, each, families int, seed uint64) error {
	if c.bin == "" {
		return errors.New("--bin is needed: the program to ask")
	}
	need := []string{"nsd", "knotd"}
	if c.third {
		need = append(need, "named")
	}
	if err := nameserver.Install(need...); err != nil {
		return err
	}
	begun := time.Now()
	for c.queries < queries {
		if err := c.round(seed, families, min(each, queries-c.queries)); err != nil {
			return err
		}
		seed++
	}
	fmt.Printf("%d queries, %d zones, %.0f s\n", c.queries, c.zones, time.Since(begun).Seconds())
	for _, peer := range slices.Sorted(maps.Keys(c.equal)) {
		fmt.Printf("%8d  the same answer as %s\n", c.equal[peer], peer)
	}
	for _, k := range known {
		for i, peer := range []string{"Knot", "NSD"} {
			if n := c.explained[k.name+" / "+peer]; n > 0 {
				fmt.Printf("%8d  %s: %s (%d with BIND as we)\n", n, peer, k.name, c.sided[k.name+" / "+peer])
			}
			if i == 1 && c.explained[k.name+" / NSD"]+c.explained[k.name+" / Knot"] > 0 {
				fmt.Println("         ", k.why)
			}
		}
	}
	fmt.Printf("%8d  unexplained\n", c.unexplained)
	return nil
}
