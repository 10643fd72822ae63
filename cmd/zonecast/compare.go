package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"zonecast/internal/compare"
	"zonecast/internal/export"
	"zonecast/internal/zone"
)

// compareFlags say who is asked, what, and how.
type compareFlags struct {
	from   exportFlags // the content whose names are asked
	server string
	with   string
	names  string
	axfr   bool
	ignore []string
	qps    int
	format string
}

func compareCommand() *cobra.Command {
	f := compareFlags{from: exportFlags{format: string(export.RFC1035)}}
	cmd := &cobra.Command{
		Use:   "compare --server OLD",
		Short: "Ask an old server and ours the same names, and list every difference",
		Long: `Asks the old server and ours, without recursion, for every name of the zones that is served here: each type that is there, one
that is not, what wildcards answer, a name that does not exist, and below delegations. The names are those of the newest
release of a running pipeline, or of a --snapshot, or of --zones (with --rules and --inventory); --axfr adds those that the old server has (and tells which only it has),
--names those of a file: names, or lines of a query log.

Ours is the server of --with, or else the local proxy of the config; with --snapshot or --zones it is what they would answer, and no
server is needed.

Differences have a class: missing (the old server has records, ours none), extra, values, ttl, order, soa-serial, rcode, only-there. What
a name's alias leads to is not compared with it: it is a name of its own.

Exit codes: 0 the same, 1 differences, 2 it could not ask (also when only some questions got no answer).`,
		Example: `  zonecast compare --server 192.0.2.53 --zone example.
  zonecast compare --server 192.0.2.53 --zone example. --axfr --ignore order,soa-serial --qps 1000
  zonecast compare --server 192.0.2.53 --zones zones --rules rules --inventory fleet.yaml
  zonecast compare --server 192.0.2.53 --snapshot zones.snap --names queries.log --format json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			sum, err := f.run(cmd)
			if err != nil {
				return exitCode{2, err}
			}
			if sum.Unanswered > 0 {
				return exitCode{2, fmt.Errorf("%s got no answer, the last: %s", count(int(sum.Unanswered), "question"), sum.Silent)}
			}
			if sum.Different() > 0 {
				return exitCode{code: 1}
			}
			return nil
		},
	}
	f.from.ask.register(cmd, false)
	f.from.inputs.inputs(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.server, "server", "", "`address` of the old server, port 53 unless it says another")
	flags.StringVar(&f.with, "with", "", "`address` of our server (default the config's localproxy.dns, or what --snapshot or --zones would answer)")
	flags.StringArrayVar(&f.from.zones, "zone", nil, "`zone` to compare (default all); may be repeated")
	flags.StringVar(&f.from.snapshot, "snapshot", "", "take names, and without --with answers too, from this snapshot `file`")
	flags.StringVar(&f.names, "names", "", "`file` with more names, or a query log; - is standard input")
	flags.BoolVar(&f.axfr, "axfr", false, "transfer the zones from the old server, for names that only it has")
	flags.StringSliceVar(&f.ignore, "ignore", []string{string(compare.Order)}, "classes that are not reported, parted by commas; \"\" reports all")
	flags.IntVar(&f.qps, "qps", 100, "questions a second to each server")
	formatFlag(cmd, &f.format, "text, or json: a line for each difference, and the summary last", "text", "json")
	_ = cmd.MarkFlagFilename("snapshot", "snap")
	_ = cmd.MarkFlagFilename("names")
	classes := make([]string, len(compare.Classes))
	for i, c := range compare.Classes {
		classes[i] = string(c)
	}
	_ = cmd.RegisterFlagCompletionFunc("ignore", cobra.FixedCompletions(classes, cobra.ShellCompDirectiveNoFileComp))
	cmd.MarkFlagsMutuallyExclusive("snapshot", "zones")
	return cmd
}

// settings holds the flags to what they may be.
func (f *compareFlags) settings() (run *compare.Run, err error) {
	run = &compare.Run{Ignore: map[compare.Class]bool{}}
	for _, text := range f.ignore {
		c := compare.Class(text)
		if text != "" && !slices.Contains(compare.Classes, c) {
			return nil, fmt.Errorf("--ignore %q: one of %v", text, compare.Classes)
		}
		run.Ignore[c] = true
	}
	switch run.QPS = f.qps; {
	case f.server == "":
		err = errors.New("--server is needed: the old server")
	case f.qps < 1 || f.qps > 100_000:
		err = errors.New("--qps is 1 to 100000")
	case f.format != "text" && f.format != "json":
		err = fmt.Errorf("--format %q: text or json", f.format)
	}
	return run, err
}

func (f *compareFlags) run(cmd *cobra.Command) (compare.Summary, error) {
	run, err := f.settings()
	if err != nil {
		return compare.Summary{}, err
	}
	sides, err := f.sides(cmd)
	if err != nil {
		return compare.Summary{}, err
	}
	defer sides.close()
	run.Here, run.There = sides.here, sides.there
	out := cmd.OutOrStdout()
	run.Report = func(d compare.Difference) error {
		if f.format == "json" {
			return printLine(out, d)
		}
		_, err := fmt.Fprintln(out, d)
		return err
	}
	stop := showCompared(cmd.ErrOrStderr(), run)
	sum, err := sides.compare(cmd.Context(), run, f)
	stop()
	if err != nil {
		return sum, err
	}
	if f.format == "json" {
		return sum, printLine(out, sum)
	}
	return sum, printSummary(out, sum)
}

func printSummary(w io.Writer, sum compare.Summary) error {
	var parts []string
	for _, c := range compare.Classes {
		if n := sum.Differences[c]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, c))
		}
	}
	if sum.Unanswered > 0 {
		parts = append(parts, fmt.Sprintf("%d without an answer", sum.Unanswered))
	}
	if len(parts) == 0 {
		parts = []string{"no difference"}
	}
	_, err := fmt.Fprintf(w, "%s: %s\n", count(sum.Questions, "question"), strings.Join(parts, ", "))
	return err
}

// readNames reads the names file.
func (f *compareFlags) readNames(cmd *cobra.Command, inside func(zone.Name) bool) ([]compare.Question, error) {
	if f.names == "" {
		return nil, nil
	}
	in := cmd.InOrStdin()
	if f.names != "-" {
		file, err := os.Open(f.names)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		in = file
	}
	list, err := compare.ReadNames(in, inside)
	if err != nil {
		return nil, fmt.Errorf("--names: %w", err)
	}
	return list, nil
}

// showCompared keeps a line on a terminal up to date, and takes it away when it is stopped.
func showCompared(w io.Writer, run *compare.Run) (stop func()) {
	begun := time.Now()
	return showLine(w, func() string {
		n := run.Asked.Load()
		return fmt.Sprintf("asked: %d, %.0f a second", n, float64(n)/max(time.Since(begun).Seconds(), 0.001))
	})
}
