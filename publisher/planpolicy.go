package publisher

import (
	"maps"
	"slices"
	"strings"
	"time"

	"zonecast/internal/checkout"
	effect "zonecast/internal/plan"
	"zonecast/internal/policy"
	"zonecast/internal/row"
)

// Findings says what the policies find in a plan's changes, as they would before a release; warnings too, which stop nothing.
// A policy that does not load finds nothing: that is said where its file is checked.
func (n Now) Findings(p *effect.Plan) (list []policy.Finding) {
	var all []*policy.Policy
	for _, source := range slices.Sorted(maps.Keys(n.Policies)) {
		one, _ := policy.Load(checkout.File{Path: policy.File, Data: []byte(n.Policies[source])}, "")
		all = append(all, one)
	}
	joined := policy.Join(all...)
	j := joined.NewJudge(time.Now())
	if j == nil {
		return nil
	}
	for i := range p.Changes {
		list = append(list, j.JudgeName(named(joined, &p.Changes[i]), false)...)
	}
	return list
}

// named is a plan's change of a name as a judge takes it.
func named(p *policy.Policy, c *effect.Change) policy.Name {
	n := policy.Name{Zone: c.Zone, Name: c.Name}
	var claims []row.Claim
	for _, s := range c.Sets {
		set := s.After
		if s.Before != nil {
			n.Before = append(n.Before, *s.Before)
		}
		if s.After != nil {
			n.After = append(n.After, *s.After)
		}
		for _, cause := range s.Causes {
			claim := row.Claim{Origin: cause.Origin}
			if claim.Set.Type = s.Type; set != nil {
				claim.Set = *set
			}
			claims = append(claims, claim)
		}
	}
	n.Causes = p.Causes(claims, nil)
	return n
}

// bySource gives the texts in force.
func (p *policies) bySource() map[string]string {
	texts := make(map[string]string, len(p.texts))
	for name, text := range p.texts {
		texts[strings.TrimPrefix(name, prefixRules)] = text
	}
	return texts
}
