// Command exportrun has Debian's NSD, tinydns and Unbound serve what `zonecast export` writes for them, side by side with the
// local proxy that serves the snapshot, asks all of them the same random questions and compares the answers. It also takes the
// exports round through `zonecast import`, and has `export --follow` feed a tinydns from a running pipeline.
//
//	go run ./ci/exportrun --bin zonecast [--queries 2000] [--seed 1]
//
// A difference is explained by a rule of known.go, or it is a fault. Exit: 0 all explained, 1 not, 2 could not run. The
// folder of a run that fails is kept.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
)

func main() {
	bin := flag.String("bin", "", "the `program`")
	queries := flag.Int("queries", 2000, "`number` of questions to each server")
	seed := flag.Uint64("seed", 1, "`seed` of zones and questions")
	report := flag.Int("report", 10, "`number` of unexplained differences to print for each server")
	flag.Parse()
	if *bin == "" {
		fmt.Fprintln(os.Stderr, "exportrun: --bin is needed: the program to try")
		os.Exit(2)
	}
	err := run(*bin, *queries, *seed, *report)
	if errors.Is(err, errUnexplained) {
		fmt.Fprintln(os.Stderr, "exportrun:", err)
		os.Exit(1)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "exportrun:", err)
		os.Exit(2)
	}
}
