package rules

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"zonecast/internal/checkout"
	"zonecast/internal/load"
	"zonecast/internal/plan"
	"zonecast/internal/row"
	"zonecast/internal/table"
	"zonecast/internal/zone"
	"zonecast/rules/ruleset"
)

// The checks of a push that is not what was approved.
const (
	checkPlanMissing = "plan-missing"
	checkPlanDrifted = "plan-drifted"
)

// maxDrifted bounds the differences that a held push lists.
const maxDrifted = 10

// drift is what keeps a push that is not the approved one: a line for each file or name that differs.
type drift []zone.Problem

func (d *drift) note(file, name, format string, args ...any) {
	*d = append(*d, zone.Problem{Check: checkPlanDrifted, Severity: zone.Error, File: file, Name: name, Text: fmt.Sprintf(format, args...)})
}

// cause is the first of them and how many more there are.
func (d drift) cause() string {
	text := cmp.Or(d[0].File, d[0].Name) + ": " + d[0].Text
	if len(d) > 1 {
		text += fmt.Sprintf("; and %d more", len(d)-1)
	}
	return text
}

// listed are as many as people read, and what to do: id is what the push is held under.
func (d drift) listed(id string) []zone.Problem {
	list := slices.Clone(d[:min(len(d), maxDrifted)])
	for i := range list {
		list[i].Fix = "plan again, and have it reviewed; or zonecast held release " + id
	}
	return list
}

// reviewed tells why a push must wait for a person: its effect is not the approved one. check is "" when it may load.
// What else was loaded since the plan was made is no matter, as long as the files that the push changes, and the kinds
// of all of them, were not touched. Wrote is what people have written since (wroteSince).
func (l *lead) reviewed(p checkout.Push, infos map[string]row.FileInfo, wrote drift) (check, cause string, listed []zone.Problem) {
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
		return checkPlanMissing, fmt.Sprintf("the configuration wants an approved plan (require_plan), and commit %.12s of %s came without", p.Commit, manyFiles(len(pushed))), nil
	case p.Plan == nil:
		return "", "", nil
	case p.Plan.Rules == nil:
		return checkPlanDrifted, "the approved plan is not about rules", nil
	case cmp.Or(p.Plan.Rules.Source, l.cfg.Source) != l.cfg.Source:
		return checkPlanDrifted, fmt.Sprintf("the approved plan is about the rules of %s, not of %s", p.Plan.Rules.Source, l.cfg.Source), nil
	}
	if d := append(filesDrifted(p.Plan.Rules, pushed, infos), wrote...); len(d) > 0 {
		return checkPlanDrifted, d.cause(), d.listed(row.HeldID(l.name, unitPush, "rules", p.Commit))
	}
	return "", "", nil
}

// wroteSince names those that the approved plan changes and at which people have written something else since it was
// made: what the push comes to there was not reviewed. It reads the store, beside the loop.
func (l *lead) wroteSince(ctx context.Context, p *plan.Plan) (d drift, err error) {
	if p == nil || len(p.Changes) == 0 {
		return nil, nil
	}
	zones, err := table.Read(ctx, l.st, "zones")
	if errors.Is(err, table.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	glass, err := setByHand(zones)
	if err != nil {
		return nil, err
	}
	keys := make([]string, len(p.Changes))
	for i, c := range p.Changes {
		keys[i] = row.PrefixName + c.Name.String()
	}
	rows := zones.Rows(keys)
	for i, c := range p.Changes {
		name := c.Name.String()
		var now []row.HumanRecord
		if value, ok := rows[keys[i]]; ok {
			if now, err = row.DecodeHuman(value); err != nil {
				return nil, fmt.Errorf("table zones, %s: %w", keys[i], err)
			}
		}
		now = append(now, glass[name]...)
		if c.Wrote(now) {
			continue
		}
		d.note("", name, "what people say there is not what it was when the plan was made")
	}
	return d, nil
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

// filesDrifted lists the files that are not as the approved plan has them, before or after, by path.
func filesDrifted(approved *plan.Files, pushed map[string]string, infos map[string]row.FileInfo) (d drift) {
	for path, hash := range pushed {
		want, planned := approved.After[path]
		switch {
		case !planned:
			d.note(path, "", "approved: no change; now: the push has %s for %s", textOf(hash), textOf(infos[path].SHA256))
		case want != hash:
			d.note(path, "", "approved: %s; now: the push has %s", textOf(want), textOf(hash))
		case approved.Before[path] != infos[path].SHA256:
			d.note(path, "", "approved: a change of %s; now: %s is loaded", textOf(approved.Before[path]), textOf(infos[path].SHA256))
		}
	}
	for path, hash := range approved.After {
		if _, changes := pushed[path]; !changes && hash != infos[path].SHA256 {
			d.note(path, "", "approved: %s; now: the push leaves %s", textOf(hash), textOf(infos[path].SHA256))
		}
	}
	if _, planned := approved.After[ruleset.KindsFile]; !planned && approved.Before[ruleset.KindsFile] != infos[ruleset.KindsFile].SHA256 &&
		!slices.ContainsFunc(d, func(p zone.Problem) bool { return p.File == ruleset.KindsFile }) {
		d.note(ruleset.KindsFile, "", "approved: with %s; now: %s is loaded", textOf(approved.Before[ruleset.KindsFile]), textOf(infos[ruleset.KindsFile].SHA256))
	}
	slices.SortFunc(d, func(a, b zone.Problem) int { return cmp.Compare(a.File, b.File) })
	return d
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
