package ruleset

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"zonecast/internal/inventory"
	"zonecast/internal/row"
	"zonecast/internal/zone"
	"zonecast/rules/pool"
)

// Evaluate gives what modules make of entities that are all there is, as table generated would have it, by owner name: with numbers given
// in the entities' order and pools settled for the first time. The first error ends it, with the index of its entity.
func Evaluate(w *Worker, modules []*Module, entities []*Entity) (map[zone.Name][]row.Contribution, int, error) {
	out := map[zone.Name][]row.Contribution{}
	failed, first := 0, error(nil)
	EvaluateAll(w, modules, entities, out, func(i int, err error) {
		if first == nil {
			failed, first = i, err
		}
	})
	return out, failed, first
}

// EvaluateAll is Evaluate that goes on after an error: failed is told of each.
func EvaluateAll(w *Worker, modules []*Module, entities []*Entity, out map[zone.Name][]row.Contribution, failed func(i int, err error)) {
	numbers := inventory.NewNumbers()
	demands := make([]inventory.Demand, len(entities))
	keys, seen := make([]string, len(entities)), map[string]int{}
	for i, e := range entities {
		keys[i] = inventory.Key(e.Kind, e.ID)
		if seen[keys[i]]++; seen[keys[i]] > 1 { // in tests, where ids are often left out
			keys[i] = fmt.Sprintf("%s#%d", keys[i], seen[keys[i]])
		}
		demands[i] = e.Demand(w, keys[i], modules)
	}
	numbers.Settle(demands, 0, func(string) bool { return false })
	for i, e := range entities {
		given := numbers.Of(keys[i], demands[i].Claims)
		for _, m := range modules {
			list, err := m.EvalNumbered(w, e, given)
			if err != nil {
				failed(i, err)
				continue
			}
			for _, c := range list {
				out[c.Owner] = append(out[c.Owner], row.Contribution{Module: m.Name, Entity: keys[i], Shared: c.Shared, Sets: c.Sets, Standings: c.Standings})
			}
		}
	}
	for owner, list := range out {
		slices.SortFunc(list, func(a, b row.Contribution) int {
			return cmp.Or(strings.Compare(a.Module, b.Module), strings.Compare(a.Entity, b.Entity))
		})
		if slices.ContainsFunc(list, pool.Limited) {
			out[owner], _ = pool.Settle(pool.Input{Owner: owner.String(), Present: list, Keeps: func(string, zone.Type) int { return math.MaxInt }})
		}
	}
}
