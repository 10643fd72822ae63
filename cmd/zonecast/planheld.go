package main

import (
	"context"
	"fmt"
	"path"
	"strings"

	"zonecast/internal/checkout"
	"zonecast/internal/plan"
	"zonecast/internal/row"
)

// heldPush tells of a push that would be held whatever it brings: the folder does not come after what is loaded.
func heldPush(ctx context.Context, stage, dir string, f *folder, loaded row.Load) []plan.Stop {
	if loaded.Commit == "" || checkout.Compare(ctx, dir, f.Set, loaded.Commit, loaded.Head).Descends {
		return nil
	}
	subject := "rules"
	if stage == "presenter" {
		subject = "zones"
	}
	return []plan.Stop{{Stage: stage, Unit: "push", Subject: subject, Check: "not-descending", CanFree: true,
		Cause: fmt.Sprintf("commit %.12s does not descend from the loaded %.12s", f.Commit, loaded.Commit)}}
}

// maxPlanHeld bounds the held items that a plan lists; the others are counted.
const maxPlanHeld = 20

// held notes what the pipeline holds of what the plan concerns; of all, when it changes nothing: what is held may be why.
func (l *livePlan) held(ctx context.Context, p *plan.Plan) error {
	err := list(ctx, l.c, "/v1/held", nil, func(h row.Held) error {
		switch {
		case !concerns(p, h):
		case len(p.Held) == maxPlanHeld:
			p.HeldMore++
		default:
			p.Held = append(p.Held, plan.Held{ID: h.ID, Unit: h.Unit, Subject: h.Subject, Check: h.Check, Since: h.Since})
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("what is held: %w", err)
	}
	return nil
}

// concerns tells whether what is held is a zone that changes, a file of a change, or an earlier push of the same folder.
func concerns(p *plan.Plan, h row.Held) bool {
	if p.Empty() {
		return true
	}
	for _, s := range p.Summaries {
		if h.Unit == "zone" && h.Subject == s.Zone.String() {
			return true
		}
	}
	files := p.Zones
	if files == nil || h.Owner != "presenter" {
		if files = p.Rules; !files.Planned() || h.Owner != "rules."+files.Source {
			return false
		}
	}
	if h.Unit == "push" {
		return true
	}
	for file := range files.After {
		if h.Subject == file || h.Subject == strings.TrimSuffix(path.Base(file), path.Ext(file)) { // a module has its file's name
			return true
		}
	}
	return false
}
