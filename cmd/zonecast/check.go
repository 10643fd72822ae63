package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"zonecast/internal/checkout"
	"zonecast/internal/row"
	"zonecast/internal/zone"
	"zonecast/presenter"
	"zonecast/presenter/zonefile"
	"zonecast/rules/ruleset"
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
  zonecast check --strict                            # warnings count too
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
			problems, err := findProblems(cmd, &flags)
			if err != nil {
				return exitCode{2, err}
			}
			return reportProblems(cmd, problems, opt)
		},
	}
	flags.config(cmd)
	flags.inputs(cmd)
	opt.flags(cmd)
	return cmd
}

// findProblems collects all problems; an error is what kept it from looking.
func findProblems(cmd *cobra.Command, flags *stageFlags) ([]zone.Problem, error) {
	var problems []zone.Problem
	cfg, found, err := flags.load(cmd)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, err
	case err != nil:
		problems = append(problems, zone.Problem{Check: "bad-config", Severity: zone.Error, File: configName(flags.file), Text: err.Error()})
		cfg = defaultConfig()
		cfg.Rules.Dir, cfg.Presenter.Zones, cfg.Rules.Inventory = flags.rules, flags.zones, flags.inventory
	case !found:
		return nil, fmt.Errorf("nothing to check: there is no %s here and none of --rules, --zones, --inventory is given", defaultConfigFile)
	default:
		problems = append(problems, cfg.faults(flags.file)...)
	}
	sets := map[string]checkout.Set{}
	for _, dir := range []string{cfg.Rules.Dir, cfg.Presenter.Zones} {
		if dir == "" {
			continue
		}
		set, err := readFolder(cmd.Context(), dir)
		if err != nil {
			return nil, err
		}
		sets[dir] = set
	}
	generated := presenter.Generated{}
	if set, ok := sets[cfg.Rules.Dir]; ok {
		programs, stop := startPrograms(cmd, cfg)
		defer stop()
		rs, more := ruleset.Load(set.Files, ruleset.Options{Prefix: set.Prefix, Vars: cfg.Rules.Vars, DefaultTTL: cfg.Rules.TTL,
			Go: cfg.Rules.Go, Processes: programs})
		problems = append(problems, more...)
		for _, m := range rs.Modules() {
			problems = append(problems, m.RunTests()...)
		}
		contributions, more, err := evaluate(rs, cfg.Rules.Inventory)
		if err != nil {
			return nil, err
		}
		problems = append(problems, more...)
		generated[cfg.Rules.Source] = contributions
	} else if len(cfg.Rules.Inventory) > 0 {
		return nil, errors.New("--inventory needs --rules: without kinds there is nothing to check it by")
	}
	if set, ok := sets[cfg.Presenter.Zones]; ok {
		now := time.Now()
		zones, more := zonefile.Parse(set.Files, zonefile.Options{Prefix: set.Prefix, DefaultTTL: cfg.Presenter.TTL, DefaultSOA: cfg.Presenter.SOA, Target: cfg.Presenter.OctoDNSTarget, Now: now})
		problems = append(problems, more...)
		problems = append(problems, presenter.MergeAll(zones, set.Prefix, generated, cfg.Presenter.Sources, now)...)
	}
	slices.SortStableFunc(problems, zone.Problem.ComparePlace)
	return slices.CompactFunc(problems, func(a, b zone.Problem) bool { return a == b }), nil
}

func configName(file string) string {
	if file == "" {
		return defaultConfigFile
	}
	return file
}

func readFolder(ctx context.Context, dir string) (checkout.Set, error) {
	if info, err := os.Stat(dir); err != nil {
		return checkout.Set{}, fmt.Errorf("%s is no folder that can be read: rules.dir and presenter.zones, or --rules and --zones, name folders: %w", filepath.Clean(dir), err)
	} else if !info.IsDir() {
		return checkout.Set{}, fmt.Errorf("%s is no folder", filepath.Clean(dir))
	}
	return checkout.Read(ctx, dir)
}

// byOwner has contributions as table generated has them.
type byOwner = map[zone.Name][]row.Contribution
