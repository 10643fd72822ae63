package main

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"time"

	"zonecast/internal/api"
	"zonecast/internal/checkout"
	"zonecast/internal/plan"
	"zonecast/internal/policy"
	"zonecast/internal/row"
	"zonecast/internal/zone"
)

// judge adds what the publisher's gates and the policy say of a plan.
func (l *livePlan) judge(ctx context.Context, p *plan.Plan, pl *planning) error {
	l.said("judging")
	p.Stopped = append(p.Stopped, l.gates.Judge(p)...)
	file, ok := policyIn(pl.rules)
	if !ok {
		var err error
		if file, ok, err = l.loadedPolicy(ctx, pl.source); err != nil || !ok {
			return err
		}
	}
	prefix := l.loads["rules."+pl.source].Prefix
	if pl.rules != nil {
		prefix = pl.rules.Prefix
	}
	judgeByPolicy(p, file, prefix, time.Now())
	return nil
}

// policyIn gives the policy of a rules folder.
func policyIn(rules *folder) (checkout.File, bool) {
	if rules == nil {
		return checkout.File{}, false
	}
	i := slices.IndexFunc(rules.Files, func(f checkout.File) bool { return f.Path == policy.File })
	if i < 0 {
		return checkout.File{}, false
	}
	return rules.Files[i], true
}

// loadedPolicy fetches the policy that is loaded, where rules are not part of the plan.
func (l *livePlan) loadedPolicy(ctx context.Context, source string) (checkout.File, bool, error) {
	file := checkout.File{Path: policy.File}
	if l.loads["rules."+source].Files[policy.File] == "" {
		return file, false, nil
	}
	query := url.Values{"prefix": {row.PrefixFile + policy.File + "#"}, "raw": {"1"}}
	err := list(ctx, l.c, "/v1/tables/"+url.PathEscape("rules."+source), query, func(line api.RawLine) error {
		if len(file.Data)+len(line.Raw) > checkout.MaxFile {
			return fmt.Errorf("%s is larger than %d MiB", policy.File, checkout.MaxFile>>20)
		}
		file.Data = append(file.Data, line.Raw...)
		return nil
	})
	return file, err == nil, err
}

// maxFindings bounds the findings of a policy that a plan lists; the others are counted.
const maxFindings = 1_000

// judgeByPolicy adds what a policy says of each change. What is an error there, the publisher holds with its zone.
func judgeByPolicy(p *plan.Plan, file checkout.File, prefix string, now time.Time) {
	rules, problems := policy.Load(file, prefix)
	if rules == nil {
		addProblems(p, problems) // the policy that is in force stays the older one
		return
	}
	judge := rules.NewJudge(now)
	found := 0
	stops := map[zone.Name]*zoneFindings{}
	for i := range p.Changes {
		c := &p.Changes[i]
		for j := range c.Sets {
			for _, problem := range judgeSet(judge, rules, c, &c.Sets[j]) {
				if found++; found <= maxFindings {
					p.Problems = append(p.Problems, problem)
				}
				if problem.Severity == zone.Error {
					if stops[c.Zone] == nil {
						stops[c.Zone] = &zoneFindings{first: problem}
					}
					stops[c.Zone].n++
				}
			}
		}
	}
	if found > maxFindings {
		p.Problems = append(p.Problems, zone.Problem{Check: policy.Check, Severity: zone.Warning, Text: fmt.Sprintf("%d findings more are not listed", found-maxFindings)})
	}
	for _, s := range p.Summaries {
		if z := stops[s.Zone]; z != nil {
			p.Stopped = append(p.Stopped, z.stop(s.Zone))
		}
	}
}

// zoneFindings are the errors that a policy has in one zone.
type zoneFindings struct {
	first zone.Problem
	n     int
}

func (z *zoneFindings) stop(apex zone.Name) plan.Stop {
	cause := z.first.Name + " " + z.first.Text
	if z.n > 1 {
		cause += fmt.Sprintf("; and %d more", z.n-1)
	}
	return plan.Stop{Stage: "publisher", Unit: "zone", Subject: apex.String(), Check: policy.Check, Cause: cause, CanFree: true}
}

// judgeSet judges one RRset, and says where what it finds is written.
func judgeSet(judge *policy.Judge, rules *policy.Policy, c *plan.Change, set *plan.SetChange) (list []zone.Problem) {
	causes := set.Causes
	if len(causes) == 0 {
		causes = []plan.Cause{{}}
	}
	if !rules.Entities {
		causes = causes[:1]
	}
	for _, cause := range causes {
		change := policy.Change{Zone: c.Zone, Name: c.Name, Type: set.Type, Before: set.Before, After: set.After, Origin: cause.Origin}
		for _, f := range judge.Judge(change) {
			problem := f.Problem()
			problem.File, problem.Line, problem.Column = cause.File, cause.Line, cause.Column
			if !slices.Contains(list, problem) {
				list = append(list, problem)
			}
		}
	}
	return list
}
