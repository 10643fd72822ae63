package presenter

import (
	"slices"
	"time"

	"zonecast/internal/policy"
	"zonecast/internal/row"
)

// policies judges everything that would be served, each RRset at the place of who causes it. There is no change to judge here, only
// a state: rules about what is created, changed or deleted find nothing, and authors are not known.
func (f *findings) policies(p *policy.Policy, now time.Time) {
	j := p.NewJudge(now)
	if j == nil {
		return
	}
	for n, served := range f.merged.Rows {
		for _, found := range j.JudgeName(policy.Name{Zone: served.Zone, Name: n, Before: served.Sets, After: served.Sets, Causes: p.Causes(served.Claims, nil)}, true) {
			problem := found.Problem()
			if i := slices.IndexFunc(served.Claims, func(c row.Claim) bool {
				return c.Set.Type == found.Type && c.Origin.Source == found.Origin.Source && c.Origin.Module == found.Origin.Module
			}); i >= 0 && !found.Origin.Human() {
				found.Origin = served.Claims[i].Origin // one of many entities, perhaps
			}
			told := len(f.problems)
			f.add(problem.Severity, policy.Check, n, found.Type, found.Origin, problem.Text, problem.Fix)
			for i := range f.problems[told:] {
				f.problems[told+i].Rule = found.Rule
			}
		}
	}
}
