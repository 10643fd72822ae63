package main

import (
	"encoding/json"
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
		Short:   "Print a snapshot's zones and records in canonical order (exit 2 if it cannot be read to its end)",
		Example: "  zonecast snapshot dump zones.snap",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := snapshot.Open(args[0])
			if err != nil {
				return exitCode{2, err}
			}
			defer s.Close()
			if err := s.Guard(func() error { return snapshot.Dump(cmd.OutOrStdout(), s) }); err != nil {
				return exitCode{2, fmt.Errorf("%s: %w", args[0], err)}
			}
			return nil
		},
	}
}

func snapshotStat() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "stat FILE",
		Short:   "Print a snapshot's counts, size, hash, seed, sections and zones",
		Example: "  zonecast snapshot stat zones.snap\n  zonecast snapshot stat --json zones.snap",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := snapshot.Open(args[0])
			if err != nil {
				return err
			}
			defer s.Close()
			var of fileStat
			if err := s.Guard(func() error { of = statOf(s); return nil }); err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(of)
			}
			return of.print(cmd.OutOrStdout())
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, with all zones")
	return cmd
}

func snapshotFsck() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "fsck FILE...",
		Short:   "Read snapshots wholly and list every fault (exit 1 if there is one)",
		Example: "  zonecast snapshot fsck *.snap\n  zonecast snapshot fsck --json *.snap | jq 'select(.faults != [])'",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			bad := false
			for _, path := range args {
				if _, err := os.Stat(path); err != nil {
					return exitCode{2, err}
				}
				faults := snapshot.Fsck(path)
				bad = bad || len(faults) > 0
				if asJSON {
					if err := printFaults(cmd, path, faults); err != nil {
						return err
					}
					continue
				}
				for _, f := range faults {
					fmt.Fprintf(cmd.OutOrStdout(), "%s: %v\n", path, f)
				}
				if len(faults) == 0 {
					fmt.Fprintf(cmd.OutOrStdout(), "%s: clean\n", path)
				}
			}
			if bad {
				return exitCode{code: 1}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print an object for each file, with its faults")
	return cmd
}

// printFaults prints one file's faults as a line of JSON.
func printFaults(cmd *cobra.Command, path string, faults []error) error {
	of := struct {
		File   string   `json:"file"`
		Faults []string `json:"faults"`
	}{File: path, Faults: []string{}}
	for _, f := range faults {
		of.Faults = append(of.Faults, f.Error())
	}
	return printLine(cmd.OutOrStdout(), of)
}

func snapshotDiff() *cobra.Command {
	return &cobra.Command{
		Use:     "diff OLD NEW",
		Short:   "Compare two snapshots record by record (exit 1 if they differ, 2 if either cannot be read)",
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
			n := 0
			err = old.Guard(func() error {
				return new.Guard(func() (err error) { n, err = snapshot.WriteDiff(cmd.OutOrStdout(), old, new); return err })
			})
			if err != nil {
				return exitCode{2, fmt.Errorf("%s and %s: %w", args[0], args[1], err)}
			}
			if n > 0 {
				return exitCode{code: 1}
			}
			return nil
		},
	}
}
