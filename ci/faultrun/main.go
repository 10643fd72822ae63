//go:build linux && amd64

// Command faultrun makes things fail under a whole installation and judges what it does: a three-node ZooKeeper ensemble,
// two of every stage and three proxies, each a real process. ci/faults builds what it needs and runs it.
//
// While faults happen a writer sends events and every proxy is asked all the time. What must hold: an event that was
// acknowledged is served in the end; no proxy goes back to an older version or revision, also across its own restarts; a
// proxy that lives answers every query; no answer is one that was never sent; the last base has the same octets as one
// made afresh from the inventory.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const usage = `usage: faultrun kill|pause|net|disk [flags]; faultrun KIND -h lists them`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ok, err := run(ctx, os.Args[1:], os.Stdout)
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "faultrun:", err)
		os.Exit(2)
	case !ok:
		os.Exit(1)
	}
}

// run makes one campaign and writes what happens to out.
func run(ctx context.Context, args []string, out io.Writer) (ok bool, err error) {
	if len(args) == 0 {
		return false, fmt.Errorf("%s", usage)
	}
	kind := args[0]
	var o options
	flags := flag.NewFlagSet("faultrun "+kind, flag.ExitOnError)
	flags.StringVar(&o.bin, "bin", "./zonecast", "the program")
	flags.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()), "of everything random: what fails, when, and what is sent")
	flags.IntVar(&o.entities, "entities", 2000, "servers in the inventory")
	flags.DurationVar(&o.gap, "gap", 200*time.Millisecond, "between two batches of each of the writer's four workers, on average")
	flags.DurationVar(&o.queryGap, "query-gap", 5*time.Millisecond, "between two queries of each proxy, on average")
	flags.BoolVar(&o.keep, "keep", false, "keep the folder with logs and data, also when all went well")
	count := flags.Int("kills", 200, "kill: how often")
	rounds := flags.Int("rounds", 3, "pause, net: how often everything is done")
	away := flags.Duration("away", 2*time.Minute, "pause: how long the whole ensemble is away")
	only := flags.String("only", "", "disk: only what has this text in its line of the table")
	if err := flags.Parse(args[1:]); err != nil {
		return false, err
	}
	r := newReferee(out)
	switch kind {
	case "kill":
		return campaign(ctx, r, kind, o, loopback(), kills(*count))
	case "pause":
		return campaign(ctx, r, kind, o, loopback(), pauses(*rounds, *away))
	case "net":
		return nets(ctx, r, o, *rounds)
	case "disk":
		return disks(ctx, r, o, *only)
	}
	return false, fmt.Errorf("%s", usage)
}
