package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"zonecast/internal/plan"
	"zonecast/internal/row"
)

// approvedPlan is the plan that a push is held to.
type approvedPlan struct {
	file, digest string
	plan         *plan.Plan // nil without --plan
}

func (a *approvedPlan) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&a.file, "plan", "", "load only what this plan `file` says (zonecast plan -o)")
	cmd.Flags().StringVar(&a.digest, "digest", "", "the plan's `digest` as it was approved: sha256:…")
	_ = cmd.MarkFlagFilename("plan", "json")
}

// read reads and verifies the plan file, for a push of these folders.
func (a *approvedPlan) read(rules, zones bool) (err error) {
	if a.file == "" {
		if a.digest != "" {
			return errors.New("--digest is of a plan: name its file with --plan")
		}
		return nil
	}
	if a.plan, err = readPlan(a.file); err != nil {
		return err
	}
	p := a.plan
	p.Held, p.HeldMore = nil, 0 // it is for people
	switch {
	case a.digest != "" && a.digest != p.Digest:
		return fmt.Errorf("%s has digest %s, and %s was approved: it is another plan", a.file, p.Digest, a.digest)
	case p.Against.Kind != plan.Live:
		return fmt.Errorf("%s was made against a %s, not against the running pipeline: run zonecast plan without --base, --snapshot and --release", a.file, p.Against.Kind)
	case rules && p.Rules == nil, !rules && p.Rules.Planned():
		return partMismatch(a.file, "--rules", "rules", rules)
	case zones && p.Zones == nil, !zones && p.Zones.Planned():
		return partMismatch(a.file, "--zones", "zones", zones)
	}
	return nil
}

func partMismatch(file, flag, what string, given bool) error {
	if given {
		return fmt.Errorf("%s is not about %s: plan with %s too", file, what, flag)
	}
	return fmt.Errorf("%s is about %s too: name their folder with %s", file, what, flag)
}

// causeOfHeld says why something is held; "" where that cannot be asked: the id is there to ask by.
func causeOfHeld(ctx context.Context, c *client, id string) (cause string) {
	_ = list(ctx, c, "/v1/held", nil, func(h row.Held) error {
		if h.ID == id {
			cause = h.Cause
		}
		return nil
	})
	return cause
}
