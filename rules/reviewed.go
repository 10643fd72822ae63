package rules

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"zonecast/internal/checkout"
	"zonecast/internal/load"
	"zonecast/internal/plan"
	"zonecast/internal/row"
	"zonecast/internal/table"
	"zonecast/rules/ruleset"
)

// The checks of a push that is not what was approved.
const (
	checkPlanMissing = "plan-missing"
	checkPlanDrifted = "plan-drifted"
)

// reviewed tells why a push must wait for a person: its effect is not the approved one. check is "" when it may load.
// What else was loaded since the plan was made is no matter, as long as the files that the push changes, and the kinds
// of all of them, were not touched. Wrote is what people have written since (wroteSince).
func (l *lead) reviewed(p checkout.Push, infos map[string]row.FileInfo, wrote string) (check, cause string) {
	delta := load.Diff(infos, p.Files)
	pushed := make(map[string]string, len(delta.Changed)+len(delta.Gone)) // "" is a file that goes
	for _, f := range delta.Changed {
		pushed[f.Path] = load.Hash(f.Data)
	}
	for _, path := range delta.Gone {
		pushed[path] = ""
	}
	switch {
	case p.Plan == nil && l.cfg.RequirePlan && len(pushed) > 0:
		return checkPlanMissing, fmt.Sprintf("the configuration wants an approved plan (require_plan), and commit %.12s of %s came without", p.Commit, manyFiles(len(pushed)))
	case p.Plan == nil:
		return "", ""
	case p.Plan.Rules == nil:
		return checkPlanDrifted, "the approved plan is not about rules"
	case cmp.Or(p.Plan.Rules.Source, l.cfg.Source) != l.cfg.Source:
		return checkPlanDrifted, fmt.Sprintf("the approved plan is about the rules of %s, not of %s", p.Plan.Rules.Source, l.cfg.Source)
	}
	if cause := filesDrifted(p.Plan.Rules, pushed, infos); cause != "" {
		return checkPlanDrifted, cause
	}
	if wrote != "" {
		return checkPlanDrifted, wrote
	}
	return "", ""
}

// wroteSince names the first name that the approved plan changes and at which people have written something else since
// it was made: what the push comes to there was not reviewed. "" when there is none. It reads the store, beside the loop.
func (l *lead) wroteSince(ctx context.Context, p *plan.Plan) (string, error) {
	if p == nil || len(p.Changes) == 0 {
		return "", nil
	}
	zones, err := table.Read(ctx, l.st, "zones")
	if errors.Is(err, table.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	glass, err := setByHand(zones)
	if err != nil {
		return "", err
	}
	keys := make([]string, len(p.Changes))
	for i, c := range p.Changes {
		keys[i] = row.PrefixName + c.Name.String()
	}
	rows, first, more := zones.Rows(keys), "", 0
	for i, c := range p.Changes {
		name := c.Name.String()
		var now []row.HumanRecord
		if value, ok := rows[keys[i]]; ok {
			if now, err = row.DecodeHuman(value); err != nil {
				return "", fmt.Errorf("table zones, %s: %w", keys[i], err)
			}
		}
		now = append(now, glass[name]...)
		if c.Wrote(now) {
			continue
		}
		if more++; first == "" {
			first = fmt.Sprintf("%s: the zone files say something else there than when the plan was made", name)
		}
	}
	switch {
	case more == 2:
		first += "; and at 1 more name"
	case more > 2:
		first += fmt.Sprintf("; and at %d more names", more-1)
	}
	return first, nil
}

// setByHand gives the records that people set by hand, by owner name: a plan counts them as written (plan.Written).
func setByHand(zones *table.View) (map[string][]row.HumanRecord, error) {
	value, ok := zones.Rows([]string{row.KeyGlass})[row.KeyGlass]
	if !ok {
		return nil, nil
	}
	var notes []row.GlassNote
	if err := json.Unmarshal(value, &notes); err != nil {
		return nil, fmt.Errorf("table zones, %s: %w", row.KeyGlass, err)
	}
	keys := make([]string, len(notes))
	for i, n := range notes {
		keys[i] = row.PrefixGlass + n.ID
	}
	byName := make(map[string][]row.HumanRecord, len(notes))
	for key, value := range zones.Rows(keys) {
		var g row.Glass
		if err := json.Unmarshal(value, &g); err != nil {
			return nil, fmt.Errorf("table zones, %s: %w", key, err)
		}
		byName[g.Name] = append(byName[g.Name], g.Record)
	}
	return byName, nil
}

// filesDrifted names the first file that is not as the approved plan has it, before or after; "" when there is none.
func filesDrifted(approved *plan.Files, pushed map[string]string, infos map[string]row.FileInfo) string {
	first := ""
	note := func(path, format string, args ...any) {
		if text := path + ": " + fmt.Sprintf(format, args...); first == "" || text < first {
			first = text
		}
	}
	for path, hash := range pushed {
		want, planned := approved.After[path]
		switch {
		case !planned:
			note(path, "it would change, and the approved plan does not have it")
		case want != hash:
			note(path, "the push has %s, approved is %s", textOf(hash), textOf(want))
		case approved.Before[path] != infos[path].SHA256:
			note(path, "loaded is %s, the plan was made for %s", textOf(infos[path].SHA256), textOf(approved.Before[path]))
		}
	}
	for path, hash := range approved.After {
		if _, changes := pushed[path]; !changes && hash != infos[path].SHA256 {
			note(path, "approved is %s, and the push leaves %s", textOf(hash), textOf(infos[path].SHA256))
		}
	}
	if _, planned := approved.After[ruleset.KindsFile]; !planned && approved.Before[ruleset.KindsFile] != infos[ruleset.KindsFile].SHA256 {
		note(ruleset.KindsFile, "loaded is %s, the plan was made for %s", textOf(infos[ruleset.KindsFile].SHA256), textOf(approved.Before[ruleset.KindsFile]))
	}
	return first
}

// textOf names a text by its hash.
func textOf(hash string) string {
	if hash == "" {
		return "no such file"
	}
	return fmt.Sprintf("text %.12s", hash)
}

func manyFiles(n int) string {
	if n == 1 {
		return "1 file"
	}
	return fmt.Sprintf("%d files", n)
}
