package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"zonecast/internal/snapshot"
	"zonecast/internal/zone"
)

func snapshotCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "snapshot",
		Short: "Build, print, check and compare snapshot files",
		Example: `  zonecast snapshot build -o zones.snap example.zone
  zonecast localproxy --snapshot zones.snap --dns 127.0.0.1:5300
  zonecast snapshot diff old.snap new.snap`,
	}
	cmd.AddCommand(snapshotBuild(), snapshotDump(), snapshotStat(), snapshotFsck(), snapshotDiff())
	return cmd
}

func snapshotBuild() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "build -o FILE ZONEFILE...",
		Short: "Compile RFC 1035 zone files",
		Long: `Compiles zone files ($ORIGIN, $TTL, $INCLUDE, $GENERATE) into one snapshot. The origin is $ORIGIN or the SOA's
owner. Errors are listed all at once with file and line, and nothing is written then.`,
		Example: "  zonecast snapshot build -o zones.snap example.zone 2.0.192.in-addr.arpa.zone",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" {
				return errors.New("-o FILE is needed: the snapshot to write")
			}
			stat, problems, err := snapshot.ZoneFiles{Paths: args}.Compile(out, nil)
			if printProblems(cmd, problems) > 0 {
				return exitCode{1, fmt.Errorf("nothing written: mend the errors first")}
			}
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: %d zones, %d names, %d records, %d octets\n", out, stat.Zones, stat.Names, stat.Records, stat.Size)
			return nil
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "the snapshot file to write")
	return cmd
}

// printProblems writes problems to standard error and counts the errors among them.
func printProblems(cmd *cobra.Command, problems []zone.Problem) (errs int) {
	for _, p := range problems {
		fmt.Fprintln(cmd.ErrOrStderr(), p.Error())
		if p.Severity == zone.Error {
			errs++
		}
	}
	return errs
}

func snapshotDump() *cobra.Command {
	return &cobra.Command{
		Use:     "dump FILE",
		Short:   "Print a snapshot's zones and records in canonical order",
		Example: "  zonecast snapshot dump zones.snap",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := snapshot.Open(args[0])
			if err != nil {
				return err
			}
			defer s.Close()
			return snapshot.Dump(cmd.OutOrStdout(), s)
		},
	}
}

func snapshotStat() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "stat FILE",
		Short:   "Print a snapshot's counts, size and hash",
		Example: "  zonecast snapshot stat zones.snap",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := snapshot.Open(args[0])
			if err != nil {
				return err
			}
			defer s.Close()
			stat, w := s.Stat(), cmd.OutOrStdout()
			if asJSON {
				return json.NewEncoder(w).Encode(stat)
			}
			fmt.Fprintf(w, "zones    %d\nnames    %d\nempty    %d (non-terminals without records)\nrrsets   %d\nrecords  %d\nsize     %d octets\nsha256   %s\n",
				stat.Zones, stat.Names, stat.Empty, stat.Sets, stat.Records, stat.Size, stat.SHA256)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func snapshotFsck() *cobra.Command {
	return &cobra.Command{
		Use:     "fsck FILE...",
		Short:   "Read snapshots wholly and list every fault (exit 1 if there is one)",
		Example: "  zonecast snapshot fsck *.snap",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			bad := false
			for _, path := range args {
				if _, err := os.Stat(path); err != nil {
					return exitCode{2, err}
				}
				faults := snapshot.Fsck(path)
				for _, f := range faults {
					fmt.Fprintf(cmd.OutOrStdout(), "%s: %v\n", path, f)
				}
				if len(faults) == 0 {
					fmt.Fprintf(cmd.OutOrStdout(), "%s: clean\n", path)
				}
				bad = bad || len(faults) > 0
			}
			if bad {
				return exitCode{code: 1}
			}
			return nil
		},
	}
}

func snapshotDiff() *cobra.Command {
	return &cobra.Command{
		Use:     "diff OLD NEW",
		Short:   "Compare two snapshots record by record (exit 1 if they differ)",
		Example: "  zonecast snapshot diff old.snap new.snap",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			old, err := snapshot.Open(args[0])
			if err != nil {
				return exitCode{2, err}
			}
			defer old.Close()
			new, err := snapshot.Open(args[1])
			if err != nil {
				return exitCode{2, err}
			}
			defer new.Close()
			n, err := snapshot.WriteDiff(cmd.OutOrStdout(), old, new)
			if err != nil {
				return exitCode{2, err}
			}
			if n > 0 {
				return exitCode{code: 1}
			}
			return nil
		},
	}
}
