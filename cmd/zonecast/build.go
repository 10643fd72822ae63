package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"zonecast/internal/snapshot"
	"zonecast/internal/zone"
)

// buildGC is how much garbage there may be, in percent of what is in use, before it is collected: what a build keeps
// is large and grows to the end, so that waiting for as much garbage again would show in its peak memory and in nothing else.
const buildGC = 25

func snapshotBuild() *cobra.Command {
	var out, origin string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "build -o FILE ZONEFILE...",
		Short: "Compile RFC 1035 zone files",
		Long: `Compiles zone files ($ORIGIN, $TTL, $INCLUDE, $GENERATE) into one snapshot; "-" is standard input. The origin is
$ORIGIN, before any --origin, and without it the SOA's owner; an $INCLUDE is relative to the file that it stands in. Errors are listed all at once
with file and line, and nothing is written then; the old file is replaced at the end, in one step. It takes
memory of about twice the size of the file that it makes at most. Progress is shown on terminals alone.

Exit codes: 0 written, 1 the zone files have errors or cannot be read, 2 it could not run.`,
		Example: `  zonecast snapshot build -o zones.snap example.zone 2.0.192.in-addr.arpa.zone
  zonecast snapshot build -o zones.snap --origin example. db.example     # a file that left its origin to named.conf
  dig @192.0.2.53 example. AXFR | zonecast snapshot build -o zones.snap -
  zonecast snapshot build --json -o zones.snap example.zone | jq .records`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" {
				return exitCode{2, errors.New("-o FILE is needed: the snapshot to write")}
			}
			files := snapshot.ZoneFiles{Paths: args, Stdin: cmd.InOrStdin()}
			if origin != "" {
				var err error
				if files.Origin, err = zone.ParseName(origin); err != nil {
					return exitCode{2, fmt.Errorf("--origin: %w", err)}
				}
				if len(args) > 1 {
					return exitCode{2, errors.New("--origin is of one file: build them with $ORIGIN in each, or one by one")}
				}
			}
			debug.SetGCPercent(buildGC)
			begun := time.Now()
			var progress snapshot.Progress
			stop := showProgress(cmd.ErrOrStderr(), &progress, begun)
			stat, problems, err := compileUntil(cmd.Context(), files, out, &progress)
			stop()
			printProblems(cmd, problems)
			switch {
			case errors.Is(err, snapshot.ErrProblems):
				return exitCode{1, errors.New("nothing written: mend the errors first")}
			case errors.Is(err, snapshot.ErrInput):
				return exitCode{2, fmt.Errorf("%w: name another file with -o", err)}
			case err != nil:
				return exitCode{2, err}
			}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(stat)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: %s, %s, %s, %d octets in %.1f s\n",
				out, count(int(stat.Zones), "zone"), count(int(stat.Names), "name"), count(int(stat.Records), "record"), stat.Size, time.Since(begun).Seconds())
			return nil
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "the snapshot file to write")
	cmd.Flags().StringVar(&origin, "origin", "", "the `zone` that names before any $ORIGIN are relative to, for one file")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the summary as JSON")
	return cmd
}

// compileUntil is Compile that a signal ends: at once while files are read, since nothing has been written and standard input may
// never come; else when what was written has been removed.
func compileUntil(ctx context.Context, files snapshot.ZoneFiles, out string, p *snapshot.Progress) (snapshot.Stat, []zone.Problem, error) {
	type result struct {
		stat     snapshot.Stat
		problems []zone.Problem
		err      error
	}
	done := make(chan result, 1)
	go func() {
		stat, problems, err := files.Compile(out, p)
		done <- result{stat, problems, err}
	}()
	select {
	case r := <-done:
		return r.stat, r.problems, r.err
	case <-ctx.Done():
	}
	p.Stop.Store(true)
	if !p.Writing.Load() {
		return snapshot.Stat{}, nil, snapshot.ErrStopped
	}
	r := <-done
	return r.stat, r.problems, r.err
}

// progressEvery is often enough to look alive.
const progressEvery = 200 * time.Millisecond

// showProgress keeps a line on a terminal up to date, and takes it away when it is stopped; elsewhere it shows nothing.
func showProgress(w io.Writer, p *snapshot.Progress, begun time.Time) (stop func()) {
	return showLine(w, func() string { return progressLine(p, time.Since(begun)) })
}

// showLine is showProgress of any line.
func showLine(w io.Writer, line func() string) (stop func()) {
	if _, _, terminal := terminalSize(w); !terminal {
		return func() {}
	}
	done := make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		tick := time.NewTicker(progressEvery)
		defer tick.Stop()
		for {
			select {
			case <-done:
				fmt.Fprint(w, "\r\x1b[K")
				return
			case <-tick.C:
				fmt.Fprint(w, "\r\x1b[K"+line())
			}
		}
	})
	return func() {
		close(done)
		wait.Wait()
	}
}

func progressLine(p *snapshot.Progress, since time.Duration) string {
	n := p.Records.Load()
	if p.Writing.Load() {
		return fmt.Sprintf("writing %d records", n)
	}
	return fmt.Sprintf("reading: %d records, %.1f million a second", n, float64(n)/1e6/max(since.Seconds(), 0.001))
}
