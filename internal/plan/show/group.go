package show

import (
	"zonecast/internal/plan"
	"zonecast/internal/zone"
)

// group is one zone with its changes.
type group struct {
	plan.Summary
	changes []plan.Change
}

// groups gives the plan zone by zone, in the order of its summaries. No change is lost where a file has none for its zone.
func groups(p *plan.Plan) []group {
	list := make([]group, len(p.Summaries))
	at := make(map[zone.Name]int, len(p.Summaries))
	for i, s := range p.Summaries {
		list[i].Summary = s
		at[s.Zone] = i
	}
	for from := 0; from < len(p.Changes); {
		apex, to := p.Changes[from].Zone, from
		for to < len(p.Changes) && p.Changes[to].Zone == apex {
			to++
		}
		i, ok := at[apex]
		if !ok {
			i = len(list)
			at[apex] = i
			list = append(list, group{Summary: plan.Summary{Zone: apex}})
		}
		if list[i].changes == nil {
			list[i].changes = p.Changes[from:to:to]
		} else {
			list[i].changes = append(list[i].changes, p.Changes[from:to]...)
		}
		from = to
	}
	return list
}
