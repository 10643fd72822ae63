package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"zonecast/internal/checkout"
	"zonecast/internal/plan"
	"zonecast/internal/snapshot"
	"zonecast/internal/zone"
	"zonecast/presenter"
	"zonecast/rules/ruleset"
)

// revision plans against the same folders in another git revision.
func (pl *planning) revision(cmd *cobra.Command, revision string) (parts plan.Parts, err error) {
	ctx := cmd.Context()
	if pl.rules != nil && len(pl.cfg.Rules.Inventory) == 0 {
		return parts, errors.New("--base with rules needs --inventory: without entities rules give nothing that could be compared")
	}
	parts.Against = plan.Against{Kind: plan.Revision, Name: revision}
	before, after := presenter.Inputs{Generated: presenter.Generated{}}, presenter.Inputs{Generated: presenter.Generated{}}
	if pl.rules != nil {
		pl.said("evaluating rules")
		set, err := checkout.ReadRevision(ctx, pl.cfg.Rules.Dir, revision)
		if err != nil {
			return parts, err
		}
		was := newFolder(set)
		parts.Rules = pl.rules.files(pl.source, was.Commit, was.hashes)
		generated, problems, err := pl.generate(cmd, pl.rules.Set)
		if err != nil {
			return parts, err
		}
		after.Generated[pl.source], parts.Problems = generated, problems
		before.Generated[pl.source] = generated
		if len(parts.Rules.After) > 0 {
			if generated, _, err = pl.generate(cmd, set); err != nil {
				return parts, err
			}
			before.Generated[pl.source] = generated
		}
	}
	if pl.zones != nil {
		if before.Zones, err = checkout.ReadRevision(ctx, pl.cfg.Presenter.Zones, revision); err != nil {
			return parts, err
		}
		was := newFolder(before.Zones)
		after.Zones, parts.Prefix = pl.zones.Set, pl.zones.Prefix
		parts.Zones = pl.zones.files("", was.Commit, was.hashes)
	}
	pl.said("comparing")
	changes, end, err := presenter.Effect(ctx, pl.presenterConfig(), before, after, time.Now())
	if err != nil {
		return parts, err
	}
	pl.take(&parts, changes, end)
	parts.Names = end.Names
	return parts, nil
}

// content plans against a snapshot file or a release of the pipeline.
func (pl *planning) content(cmd *cobra.Command, f *planFlags) (parts plan.Parts, err error) {
	if pl.zones == nil {
		return parts, errors.New("--snapshot and --release need --zones: a snapshot has all records, and what stands in no zone would be gone")
	}
	if pl.rules != nil && len(pl.cfg.Rules.Inventory) == 0 {
		return parts, errors.New("--snapshot and --release with rules need --inventory: without entities all that rules gave would be gone")
	}
	after := presenter.Inputs{Zones: pl.zones.Set, Generated: presenter.Generated{}}
	if pl.rules != nil {
		pl.said("evaluating rules")
		generated, problems, err := pl.generate(cmd, pl.rules.Set)
		if err != nil {
			return parts, err
		}
		after.Generated[pl.source], parts.Problems = generated, problems
	}
	parts.Zones = &plan.Files{Commit: pl.zones.Commit}
	if pl.rules != nil {
		parts.Rules = &plan.Files{Source: pl.source, Commit: pl.rules.Commit}
	}
	parts.Prefix = pl.zones.Prefix
	pl.said("comparing")
	err = f.withContent(cmd, func(against plan.Against, view *snapshot.View) error {
		parts.Against = against
		changes, end, err := presenter.EffectOn(cmd.Context(), pl.presenterConfig(), view, after, time.Now())
		if err != nil {
			return err
		}
		parts.Names, err = namesOf(cmd.Context(), view)
		pl.take(&parts, changes, end)
		return err
	})
	return parts, err
}

func (pl *planning) take(parts *plan.Parts, changes []plan.Change, end plan.End) {
	parts.Changes, parts.Facts = changes, end.Zones
	parts.Stopped = append(parts.Stopped, end.Stopped...)
	parts.Problems = append(parts.Problems, end.Problems...)
}

// generate gives what rules make of the inventory.
func (pl *planning) generate(cmd *cobra.Command, set checkout.Set) (byOwner, []zone.Problem, error) {
	programs, stop := startPrograms(cmd, pl.cfg)
	defer stop()
	rs, problems := ruleset.Load(set.Files, ruleset.Options{Prefix: set.Prefix, Vars: pl.cfg.Rules.Vars, DefaultTTL: pl.cfg.Rules.TTL,
		Go: pl.cfg.Rules.Go, Processes: programs})
	generated, more := evaluate(rs, pl.cfg.Rules.Inventory)
	for _, p := range more {
		if p.Check == "bad-inventory" { // as if there were no entities: everything would seem to go
			return nil, nil, p
		}
	}
	return generated, append(problems, more...), nil
}

func (pl *planning) presenterConfig() presenter.Config {
	cfg := pl.cfg.Presenter
	if len(cfg.Sources) == 0 {
		cfg.Sources = []string{pl.source}
	}
	return cfg
}

// namesOf counts the names with records of every zone.
func namesOf(ctx context.Context, view *snapshot.View) (map[string]int, error) {
	names := map[string]int{}
	for _, z := range view.Zones() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n := 0
		for node, err := range view.Walk(z.Apex) {
			if err != nil {
				return nil, fmt.Errorf("zone %s: %w", z.Apex, err)
			}
			if len(node.Sets) > 0 {
				n++
			}
		}
		names[z.Apex.String()] = n
	}
	return names, nil
}

// withContent opens what the flags name, and closes it afterwards. The newest release is fetched and verified as a local
// proxy does it; older ones are rebuilt from what the pipeline keeps.
func (f *planFlags) withContent(cmd *cobra.Command, do func(plan.Against, *snapshot.View) error) error {
	from := exportFlags{ask: f.ask, snapshot: f.snapshot, release: f.release}
	against := plan.Against{Kind: plan.Snapshot, Name: f.snapshot}
	if f.release != "" {
		c, err := f.ask.client()
		if err != nil {
			return err
		}
		against = plan.Against{Kind: plan.Release, Name: c.base}
	}
	if from.release == "newest" {
		from.release = ""
	}
	served, err := from.open(cmd)
	if err != nil {
		return err
	}
	defer served.close()
	against.Version = uint64(served.serial)
	return served.guard(func() error { return do(against, served.view) })
}
