package main

import (
	"fmt"

	"zonecast/internal/checkout"
	"zonecast/internal/plan"
	"zonecast/internal/policy"
	"zonecast/internal/zone"
	"zonecast/publisher"
)

// maxFindings bounds the findings of policies that a plan lists; the others are counted.
const maxFindings = 1_000

// judge adds what gates and policies say of a plan, by the publisher's own code. A policy that the plan brings stands in
// the place of the one in force.
func (pl *planning) judge(p *plan.Plan, now publisher.Now) {
	pl.said("judging")
	if pl.rules != nil {
		for _, f := range pl.rules.Files {
			if f.Path == policy.File && wouldLoad(f) {
				if now.Policies == nil {
					now.Policies = map[string]string{}
				}
				now.Policies[pl.source] = string(f.Data)
			}
		}
	}
	p.Stopped = append(p.Stopped, now.Judge(p)...)
	findings := now.Findings(p)
	at := make(map[zone.Name]*plan.Change)
	if len(findings) > 0 {
		for i := range p.Changes {
			at[p.Changes[i].Name] = &p.Changes[i]
		}
	}
	for i, f := range findings {
		if i == maxFindings {
			p.Problems = append(p.Problems, zone.Problem{Check: policy.Check, Severity: zone.Warning, Text: fmt.Sprintf("%d findings more are not listed", len(findings)-i)})
			break
		}
		p.Problems = append(p.Problems, placed(f, at[f.Name]))
	}
}

// wouldLoad tells whether a policy would be put in force: one with an error, or with a test that fails, is held, and the one before it
// goes on judging.
func wouldLoad(f checkout.File) bool {
	p, problems := policy.Load(f, "")
	return len(problems) == 0 && len(p.RunTests()) == 0
}

// placed says where what a policy finds is written.
func placed(f policy.Finding, c *plan.Change) zone.Problem {
	problem := f.Problem()
	problem.File = f.Origin.File
	if c == nil {
		return problem
	}
	for _, s := range c.Sets {
		for _, cause := range s.Causes {
			if s.Type == f.Type && cause.File == f.Origin.File {
				problem.Line, problem.Column = cause.Line, cause.Column
				return problem
			}
		}
	}
	return problem
}
