package main

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"zonecast/internal/durable"
	"zonecast/internal/export"
	"zonecast/internal/zone"
	"zonecast/presenter/zonefile/write"
)

// exportFlags say what to export, as what, and where to.
type exportFlags struct {
	ask      clientFlags
	inputs   stageFlags // folders, offline
	format   string
	zones    []string
	out      string
	strict   bool
	snapshot string
	release  string
	serial   uint32
	follow   followFlags
}

func exportCommand() *cobra.Command {
	var f exportFlags
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write zones as RFC 1035 files, tinydns data, Unbound configuration or hosts file",
		Long: `Writes what is served in another server's format. It comes from the newest release of a running pipeline, fetched and
verified as a local proxy does it (the public key is needed: localproxy.keys or localproxy.key_file), from an older --release
that is kept, from a --snapshot file, or from --zones (with --rules and --inventory) without any pipeline.

Formats:
  rfc1035       zone files, for NSD, Knot, BIND and others; with -o a folder, one file for each zone
  tinydns       a data file for tinydns-data
  unbound       local-zone and local-data, for a resolver; simple zones only
  unbound-auth  zone files and auth-zone clauses for them, in a folder: everything is answered as here
  hosts         addresses and names, for /etc/hosts
  octodns       zone files in YAML as octoDNS knows them
  zones         zone files in YAML as zonecast loads them

What a format cannot say is counted on standard error, by kind and with an example; --strict makes it exit 1. Files are
replaced in one step each. SOA serials that follow the release are the release's version.

With --follow it goes on: releases are followed as a local proxy does it, last good kept in --data, and files whose records
changed are replaced, at most once in --interval; then the --reload command runs, and again with growing pauses while it
fails. While the pipeline is away the files stay. SIGTERM ends it.

Exit codes: 0 written, 1 something could not be carried over and --strict is given, 2 it could not run.`,
		Example: `  zonecast export --format tinydns -o /etc/tinydns/root/data
  zonecast export --zone example. -o zones-out
  zonecast export --snapshot zones.snap --format unbound-auth -o /etc/unbound/zones
  zonecast export --zones zones --rules rules --inventory fleet.yaml --format octodns -o octo
  zonecast export --release 1795000180 --format hosts | grep web
  zonecast export --follow --format tinydns -o /etc/tinydns/root/data --reload "make -C /etc/tinydns/root"
  zonecast export --follow -o /etc/nsd/zones --reload "nsd-control reload"`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.checkFollow(cmd); err != nil {
				return exitCode{2, err}
			}
			if f.follow.on {
				if err := f.keep(cmd); err != nil {
					return exitCode{2, err}
				}
				return nil
			}
			lost, err := f.run(cmd)
			if err != nil {
				return exitCode{2, err}
			}
			lost.Print(cmd.ErrOrStderr())
			if f.strict && len(lost.List()) > 0 {
				return exitCode{code: 1}
			}
			return nil
		},
	}
	f.register(cmd)
	return cmd
}

func (f *exportFlags) register(cmd *cobra.Command) {
	f.ask.register(cmd, false)
	f.inputs.inputs(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.format, "format", string(export.RFC1035), strings.Join(formatNames(), ", "))
	flags.StringArrayVar(&f.zones, "zone", nil, "`zone` to export (default all); may be repeated")
	flags.StringVarP(&f.out, "output", "o", "", "file to write, or folder where there is a file for each zone (default standard output)")
	flags.BoolVar(&f.strict, "strict", false, "exit 1 if the format cannot carry everything")
	flags.StringVar(&f.snapshot, "snapshot", "", "export this snapshot `file`")
	flags.StringVar(&f.release, "release", "", "export this `version`, if it is kept (default the newest)")
	flags.Uint32Var(&f.serial, "serial", 0, "SOA `serial` of zones that follow the release (default the release's version; of a snapshot, what stands there)")
	_ = cmd.MarkFlagFilename("snapshot", "snap")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formatNames(), cobra.ShellCompDirectiveNoFileComp))
	f.follow.register(cmd)
	cmd.MarkFlagsMutuallyExclusive("snapshot", "release", "zones")
}

func formatNames() []string {
	names := make([]string, len(export.Formats))
	for i, f := range export.Formats {
		names[i] = string(f)
	}
	return names
}

// job reads the flags that say what is written.
func (f *exportFlags) job() (export.Job, error) {
	j := export.Job{Format: export.Format(f.format), Serial: f.serial, YAML: writeYAML}
	if !slices.Contains(export.Formats, j.Format) {
		return j, fmt.Errorf("--format %q: one of %s", f.format, strings.Join(formatNames(), ", "))
	}
	for _, text := range f.zones {
		if !strings.HasSuffix(text, ".") {
			text += "."
		}
		apex, err := zone.ParseName(text)
		if err != nil {
			return j, fmt.Errorf("--zone: %w", err)
		}
		j.Zones = append(j.Zones, apex)
	}
	if j.Format.YAML() && f.out == "" && len(j.Zones) != 1 {
		return j, fmt.Errorf("--format %s writes a file for each zone: name a folder with -o, or one zone with --zone", f.format)
	}
	if j.Format == export.UnboundAuth {
		if f.out == "" {
			return j, errors.New("--format unbound-auth writes several files: name a folder with -o")
		}
		var err error
		if j.Folder, err = filepath.Abs(f.out); err != nil {
			return j, err
		}
	}
	return j, nil
}

func (f *exportFlags) run(cmd *cobra.Command) (lost export.Losses, err error) {
	j, err := f.job()
	if err != nil {
		return lost, err
	}
	from, err := f.open(cmd)
	if err != nil {
		return lost, err
	}
	defer from.close()
	if j.Serial == 0 {
		j.Serial = from.serial
	}
	err = from.guard(func() error {
		files, err := j.Files(from.view)
		if err != nil {
			return err
		}
		lost, err = f.write(cmd, files)
		return err
	})
	return lost, err
}

// write puts the files in place one after the other, each in one step.
func (f *exportFlags) write(cmd *cobra.Command, files []export.File) (lost export.Losses, err error) {
	folder := len(files) > 0 && files[0].Name != ""
	if folder && f.out != "" {
		if err := os.MkdirAll(f.out, 0o755); err != nil {
			return lost, err
		}
	}
	for _, file := range files {
		var some export.Losses
		write := func(w io.Writer) (err error) { some, err = file.Write(w); return err }
		switch {
		case f.out == "":
			err = write(cmd.OutOrStdout())
		case folder:
			err = durable.Write(filepath.Join(f.out, file.Name), 0o644, write)
		default:
			err = durable.Write(f.out, 0o644, write)
		}
		if err != nil {
			return lost, err
		}
		lost.Join(some)
	}
	return lost, nil
}

// writeYAML is the presenter's writer of zone files: its format, and octoDNS's part of it.
func writeYAML(w io.Writer, apex zone.Name, names iter.Seq2[zone.Name, []zone.RRset], octo bool) error {
	return write.Write(w, apex, names, write.Options{OctoDNS: octo})
}
