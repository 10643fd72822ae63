package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"zonecast/internal/check/report"
	"zonecast/internal/checkout"
	"zonecast/internal/row"
	"zonecast/internal/snapshot"
	"zonecast/internal/zone"
)

func checkCommand() *cobra.Command {
	var flags stageFlags
	var opt checkOptions
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Find everything wrong with config, rules, zones and an inventory, offline",
		Long: `Checks, without a running pipeline: the config, kinds, modules and their inline tests, zone files, and the
merged result for the given inventory. All problems are listed in one run. Exit status: 0 clean (warnings are allowed, unless --strict), 1 problems,
2 could not run. docs/checks.md has every check.`,
		Example: `  zonecast check
  zonecast check --zones zones --rules rules --inventory fleet.yaml --format json
  zonecast check --strict --format github            # in a workflow: problems stand beside the changed lines
  zonecast check --format sarif > check.sarif        # for code scanning
  zonecast check --snapshot served.snap              # beside what is served: names of zones that are not in this folder
  zonecast check --list                              # every check there is
  zonecast check --explain missing-target            # one of them`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := opt.settle(); err != nil {
				return exitCode{2, err}
			}
			if opt.list || opt.explain != "" {
				return listChecks(cmd.OutOrStdout(), opt.explain, opt.format)
			}
			found, err := findProblems(cmd, &flags, opt.snapshot)
			if err != nil {
				return exitCode{2, err}
			}
			return opt.show(cmd, found)
		},
	}
	flags.config(cmd)
	flags.inputs(cmd)
	opt.flags(cmd)
	return cmd
}

// findProblems collects all problems, beside what a snapshot serves if served names one; an error is what kept it from looking.
func findProblems(cmd *cobra.Command, flags *stageFlags, served string) (report.Report, error) {
	file, err := readConfig(flags.file)
	if err != nil {
		return report.Report{}, err
	}
	cfg := file.Config
	if flags.override(&cfg) {
		file.found = true
	}
	switch {
	case !file.found:
		return report.Report{}, fmt.Errorf("nothing to check: there is no %s here and none of --rules, --zones, --inventory is given", defaultConfigFile)
	case cfg.Rules.Dir == "" && len(cfg.Rules.Inventory) > 0:
		return report.Report{}, errors.New("--inventory needs --rules: without kinds there is nothing to check it by")
	}
	file.faults(cfg)
	in := checkedFolders{inventory: cfg.Rules.Inventory, now: time.Now()}
	for dir, at := range map[string]**checkedFolder{cfg.Rules.Dir: &in.rules, cfg.Presenter.Zones: &in.zones} {
		if dir == "" {
			continue
		}
		if *at, err = surveyFolder(cmd.Context(), dir); err != nil {
			return report.Report{}, err
		}
	}
	if in.rules != nil {
		programs, stop := startPrograms(cmd, cfg)
		defer stop()
		in.programs = programs
	}
	r, err := in.against(served, cfg)
	r.Problems = append(r.Problems, file.problems...)
	shown := map[string]string{} // what is no file of a folder: the config, lists
	for _, path := range append([]string{file.shown}, cfg.Rules.Inventory...) {
		if _, after, named := strings.Cut(path, "="); named {
			path = after
		}
		shown[path] = checkout.Shown(cmd.Context(), path)
	}
	for i, p := range r.Problems {
		if path, ok := shown[p.File]; ok {
			r.Problems[i].File = path
		}
	}
	r.Problems = sorted(r.Problems)
	return r, err
}

// against checks the folders, beside what the snapshot in a file serves, if one is named.
func (in checkedFolders) against(file string, cfg Config) (r report.Report, err error) {
	if file == "" {
		return checkFolders(cfg, in)
	}
	s, err := snapshot.Open(file)
	if err != nil {
		return r, err
	}
	defer s.Close()
	in.served = snapshot.NewView(s)
	err = s.Guard(func() (err error) {
		r, err = checkFolders(cfg, in)
		return err
	})
	return r, err
}

func configName(file string) string {
	if file == "" {
		return defaultConfigFile
	}
	return file
}

// readFolder reads a folder of which every file must be readable.
func readFolder(ctx context.Context, dir string) (checkout.Set, error) {
	if err := isFolder(dir); err != nil {
		return checkout.Set{}, err
	}
	return checkout.Read(ctx, dir)
}

// surveyFolder reads what it can of a folder.
func surveyFolder(ctx context.Context, dir string) (*checkedFolder, error) {
	if err := isFolder(dir); err != nil {
		return nil, err
	}
	set, faults, err := checkout.Survey(ctx, dir)
	return &checkedFolder{set, faults}, err
}

func isFolder(dir string) error {
	if info, err := os.Stat(dir); err != nil {
		return fmt.Errorf("%s is no folder that can be read: rules.dir and presenter.zones, or --rules and --zones, name folders: %w", filepath.Clean(dir), err)
	} else if !info.IsDir() {
		return fmt.Errorf("%s is no folder", filepath.Clean(dir))
	}
	return nil
}

// byOwner has contributions as table generated has them.
type byOwner = map[zone.Name][]row.Contribution
