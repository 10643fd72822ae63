package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"zonecast/internal/importer"
	"zonecast/internal/snapshot"
	"zonecast/internal/zone"
)

// importFlags say what to import, and where to.
type importFlags struct {
	format, origin, view string
	zones                []string
	server, tsig         string
	wait, total          time.Duration
	limit                int64
	out                  string
	force, skip, json    bool
	ttl                  uint32
}

var importFormats = []string{"rfc1035", "tinydns", "named"}

func importCommand() *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use:   "import [FILE]...",
		Short: "Write zone files in YAML from RFC 1035 files, tinydns data, named.conf or a zone transfer",
		Long: `Reads zones as other servers have them and writes them as zone files in YAML, in the order and style of zonecast fmt.

Formats:
  rfc1035  zone files with $ORIGIN, $TTL, $INCLUDE and $GENERATE (the default); "-" is standard input
  tinydns  a data file for tinydns-data
  named    BIND's named.conf: all its zones of type primary, with its includes; where it has views, --view chooses one
  --axfr   a zone transfer over TCP, signed with the key in the file --tsig names

What comes out is read again and compared with what went in, record by record. What cannot be carried (records of signing, what
tinydns gives to one location only, what a zone file refuses) is listed with file and line, all at once, and nothing is written; --skip
leaves it out and writes the rest. Every record has its ttl; with --ttl those that have this one are written without. SOA serials
are not kept: a release has its own.

With -o each zone is a file <zone>.yaml in that folder, or a folder of files where it is large; without, one zone goes to standard
output. Files that are there are left alone, and nothing is written then, unless --force is given.

Exit codes: 0 written, 1 something could not be carried, or a file is there already, 2 it could not run.`,
		Example: `  zonecast import -o zones db.example.com db.192.0.2
  zonecast import --format named -o zones /etc/bind/named.conf
  zonecast import --format tinydns -o zones --ttl 86400 /etc/tinydns/root/data
  zonecast import --axfr 192.0.2.53 --zone example.com --tsig transfer.key -o zones
  zonecast import --skip db.example.com | less`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(args); err != nil {
				return exitCode{2, err}
			}
			return f.run(cmd, args)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.format, "format", "rfc1035", strings.Join(importFormats, ", "))
	flags.StringVar(&f.origin, "origin", "", "the `zone` that names before any $ORIGIN are relative to, for one file")
	flags.StringArrayVar(&f.zones, "zone", nil, "import this `zone` only (default all); may be repeated; of --axfr, the zone to ask for")
	flags.StringVar(&f.view, "view", "", "of a named.conf with views, the `view` to import")
	flags.StringVar(&f.server, "axfr", "", "transfer zones from this `server`, port 53 unless it says another")
	flags.StringVar(&f.tsig, "tsig", "", `sign with the key in this `+"`file`"+`: key "name" { algorithm hmac-sha256; secret "…"; }; or name:hmac-sha256:secret`)
	flags.DurationVar(&f.wait, "timeout", importer.TransferWait, "of a transfer: for each message")
	flags.DurationVar(&f.total, "total-timeout", importer.TransferTotal, "of a transfer: for a zone")
	flags.Int64Var(&f.limit, "max-size", importer.TransferLimit, "of a transfer: `octets` at most")
	flags.StringVarP(&f.out, "output", "o", "", "`folder` to write to (default standard output, for one zone)")
	flags.BoolVar(&f.force, "force", false, "replace files that are there")
	flags.BoolVar(&f.skip, "skip", false, "leave out what cannot be carried")
	flags.Uint32Var(&f.ttl, "ttl", 0, "write records with this TTL, in `seconds`, without: set presenter.ttl to it")
	flags.BoolVar(&f.json, "json", false, "print the summary as JSON (with -o)")
	_ = cmd.MarkFlagDirname("output")
	_ = cmd.MarkFlagFilename("tsig")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(importFormats, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (f *importFlags) check(args []string) error {
	switch {
	case !slices.Contains(importFormats, f.format):
		return fmt.Errorf("--format %q: one of %s", f.format, strings.Join(importFormats, ", "))
	case f.server != "" && (len(args) > 0 || f.format != "rfc1035"):
		return errors.New("--axfr takes no files and no --format")
	case f.server != "" && len(f.zones) == 0:
		return errors.New("--axfr needs --zone: a server does not tell which zones it has")
	case f.server == "" && len(args) == 0:
		return errors.New("nothing to import: name files, or --axfr SERVER --zone ZONE")
	case f.server == "" && f.tsig != "":
		return errors.New("--tsig is of --axfr")
	case f.view != "" && f.format != "named":
		return errors.New("--view is of --format named")
	case f.origin != "" && (f.format != "rfc1035" || len(args) != 1):
		return errors.New("--origin is of one RFC 1035 file: import them with $ORIGIN in each, or one by one")
	case f.json && f.out == "":
		return errors.New("--json needs -o: standard output has the zone")
	case f.ttl > zone.MaxTTL:
		return fmt.Errorf("--ttl: at most %d", zone.MaxTTL)
	}
	return nil
}

// imported is what the summary says of one zone.
type imported struct {
	Zone    zone.Name `json:"zone"`
	Files   []string  `json:"files,omitempty"`
	Names   int       `json:"names"`
	Records int       `json:"records"`
	Serial  uint32    `json:"serial"` // what it was, and is not kept
}

func (f *importFlags) run(cmd *cobra.Command, args []string) error {
	var progress snapshot.Progress
	stop := showProgress(cmd.ErrOrStderr(), &progress, time.Now())
	r := &importer.Reading{Progress: func(n int) { progress.Records.Store(int64(n)) }}
	err := f.read(cmd, r, args)
	if err != nil {
		stop()
		return exitCode{2, err}
	}
	zones, err := f.choose(r)
	if err != nil {
		stop()
		return exitCode{2, err}
	}
	var done []rendered
	problems := r.Problems
	for _, z := range zones {
		text, more, err := render(z, f.ttl, f.skip)
		if err != nil {
			stop()
			return exitCode{2, err}
		}
		done, problems = append(done, text), append(problems, more...)
	}
	stop()
	return f.finish(cmd, done, problems)
}

// finish tells what was found and writes, if that may be.
func (f *importFlags) finish(cmd *cobra.Command, done []rendered, problems []zone.Problem) error {
	slices.SortFunc(problems, zone.Problem.ComparePlace)
	errs := 0
	for i, p := range problems {
		if p.Severity == zone.Error && f.skip && skippable(p) {
			problems[i].Severity = zone.Warning
		} else if p.Severity == zone.Error {
			errs++
		}
	}
	if !f.json {
		printProblems(cmd, problems)
	}
	var summary []imported
	var err error
	switch {
	case errs > 0:
		err = exitCode{1, fmt.Errorf("nothing written: %s; mend the source, or leave out what cannot be carried with --skip", count(errs, "problem"))}
	case len(done) == 0:
		err = exitCode{1, errors.New("no zone was found")}
	case f.out == "" && len(done) > 1:
		err = exitCode{2, fmt.Errorf("%d zones: name a folder with -o, or one of them with --zone", len(done))}
	case f.out == "":
		_, err = cmd.OutOrStdout().Write(bytesOf(done[0]))
	default:
		summary, err = f.write(done)
	}
	if f.json {
		if problems == nil {
			problems = []zone.Problem{}
		}
		if e := json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]any{"zones": summary, "problems": problems}); e != nil {
			return e
		}
		return err
	}
	for _, z := range summary {
		fmt.Fprintf(cmd.ErrOrStderr(), "%s: %s, %s, in %s; its serial %d is not kept\n", z.Zone, count(z.Names, "name"), count(z.Records, "record"), z.Files[0], z.Serial)
	}
	return err
}

// skippable are what is wrong with records; that something could not be read at all is not.
func skippable(p zone.Problem) bool {
	return p.Check != "unreadable" && p.Check != "bad-syntax" && p.Check != "import-view" && p.Check != "import-bounds"
}

// read reads the sources; an error is what kept it from reading, and not what stands there.
func (f *importFlags) read(cmd *cobra.Command, r *importer.Reading, args []string) error {
	if f.server != "" {
		return f.transfer(cmd.Context(), r)
	}
	var origin zone.Name
	if f.origin != "" {
		var err error
		if origin, err = zoneArgument(f.origin); err != nil {
			return fmt.Errorf("--origin: %w", err)
		}
	}
	for _, path := range args {
		switch {
		case f.format == "named":
			for _, z := range r.Named(path, f.view) {
				if f.wants(z.Name) {
					r.ZoneFile(z)
				}
			}
		case path == "-":
			f.stream(r, cmd.InOrStdin(), "-", origin)
		case f.format == "tinydns":
			file, err := os.Open(path)
			if err != nil {
				return err
			}
			f.stream(r, file, path, origin)
			file.Close()
		default:
			r.Master(path, origin)
		}
		if err := cmd.Context().Err(); err != nil {
			return err
		}
	}
	return nil
}

func (f *importFlags) stream(r *importer.Reading, in io.Reader, name string, origin zone.Name) {
	if f.format == "tinydns" {
		r.TinyDNS(in, name, time.Now())
		return
	}
	r.MasterFrom(in, name, origin)
}

func (f *importFlags) transfer(ctx context.Context, r *importer.Reading) error {
	t := importer.Transfer{Server: f.server, Wait: f.wait, Total: f.total, Limit: f.limit}
	if _, _, err := net.SplitHostPort(t.Server); err != nil {
		t.Server = net.JoinHostPort(strings.Trim(t.Server, "[]"), "53")
	}
	var err error
	if f.tsig != "" {
		if t.Key, err = importer.ReadKey(f.tsig); err != nil {
			return err
		}
	}
	for _, text := range f.zones {
		if t.Zone, err = zoneArgument(text); err != nil {
			return fmt.Errorf("--zone: %w", err)
		}
		if err := r.Transfer(ctx, t); err != nil {
			return fmt.Errorf("transfer of %s: %w", t.Zone, err)
		}
	}
	return nil
}

func zoneArgument(text string) (zone.Name, error) {
	return zone.ParseName(strings.TrimSuffix(text, ".") + ".")
}

func (f *importFlags) wants(apex zone.Name) bool {
	return len(f.zones) == 0 || slices.ContainsFunc(f.zones, func(text string) bool { n, err := zoneArgument(text); return err == nil && n == apex })
}

// choose takes the zones that are asked for; all of them must be there.
func (f *importFlags) choose(r *importer.Reading) ([]*importer.Zone, error) {
	zones := r.Zones()
	for _, text := range f.zones {
		apex, err := zoneArgument(text)
		if err != nil {
			return nil, fmt.Errorf("--zone: %w", err)
		}
		if _, found := slices.BinarySearchFunc(zones, apex, func(z *importer.Zone, n zone.Name) int { return cmp.Compare(z.Apex.Compare(n), 0) }); !found {
			return nil, fmt.Errorf("--zone: %s was not found", apex)
		}
	}
	return slices.DeleteFunc(zones, func(z *importer.Zone) bool { return !f.wants(z.Apex) }), nil
}
