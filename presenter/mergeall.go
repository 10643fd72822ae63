package presenter

import (
	"iter"
	"time"

	"zonecast/internal/policy"
	"zonecast/internal/row"
	"zonecast/internal/zone"
	"zonecast/presenter/merge"
	"zonecast/presenter/zonefile"
)

// Generated is what each source would give: source -> owner name -> contributions.
type Generated map[string]map[zone.Name][]row.Contribution

// merged is what would be presented.
type merged struct {
	Rows      map[zone.Name]row.Presented
	Conflicts map[zone.Name]row.Conflict
	Zones     map[zone.Name]row.ZoneFacts
}

// MergeAll gives the problems of the merged result, for `zonecast check`: errors for what would be held, warnings for what
// would be shadowed, for conflicts and for names that point nowhere, sorted by place. prefix is put before file paths;
// sources come with the highest priority first; modules has the files of modules by their names, as the place of what is wrong with
// generated records. What zonefile.Parse found is not repeated. What would be served is judged by the policies, as if it were there already: kept.
func MergeAll(zones zonefile.Zones, prefix string, generated Generated, sources []string, now time.Time, modules map[string]string, policies ...*policy.Policy) []zone.Problem {
	_, problems := mergeAll(zones, prefix, generated, sources, now, modules, policies...)
	return problems
}

// mergeAll merges everything at once, without a store.
func mergeAll(zones zonefile.Zones, prefix string, generated Generated, sources []string, now time.Time, modules map[string]string, policies ...*policy.Policy) (merged, []zone.Problem) {
	m := merged{Rows: map[zone.Name]row.Presented{}, Conflicts: map[zone.Name]row.Conflict{}, Zones: map[zone.Name]row.ZoneFacts{}}
	w := newWorld()
	human := map[zone.Name][]row.HumanRecord{}
	dirty := map[zone.Name]bool{}
	for _, z := range zones.Zones {
		w.zones[z.Apex], m.Zones[z.Apex] = z.Facts, z.Facts
		for _, r := range z.Records {
			human[r.Owner] = append(human[r.Owner], r.Human)
			dirty[r.Owner] = true
		}
	}
	for _, z := range zones.Broken { // its problems are told; its names do not stand outside every zone for that
		if z.Apex != "" {
			w.zones[z.Apex] = row.ZoneFacts{}
		}
	}
	for _, s := range sources {
		for n := range generated[s] {
			dirty[n] = true
		}
	}
	all := make([]zone.Name, 0, len(dirty))
	for n := range dirty {
		all = append(all, n)
	}
	input := func(n zone.Name, p merge.Place) merge.Input {
		in := merge.Input{Owner: n, Place: p, Human: human[n], Now: now.Unix()}
		for _, s := range sources {
			in.Sources = append(in.Sources, merge.Source{Name: s, Contributions: generated[s][n]})
		}
		return in
	}
	names := func() iter.Seq[zone.Name] {
		return func(yield func(zone.Name) bool) {
			for _, n := range all {
				if !yield(n) {
					return
				}
			}
		}
	}
	w.settle(dirty, names, func(n zone.Name, p merge.Place) outcome {
		r := merge.Merge(input(n, p))
		return outcome{cut: r.Cut, dname: r.DNAME}
	}, func(zone.Name, outcome) {})
	f := newFindings(zones, prefix, w, &m)
	f.modules = modules
	for _, n := range all {
		r := merge.Merge(input(n, w.place(n)))
		if r.Present {
			m.Rows[n] = r.Row
		}
		if r.Conflict != nil {
			m.Conflicts[n] = *r.Conflict
		}
		f.faults(n, r.Faults)
		f.shadowed(n, r.Row)
	}
	f.crossNames()
	f.policies(policy.Join(policies...), now)
	return m, f.sorted()
}
