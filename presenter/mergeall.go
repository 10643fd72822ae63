package presenter

import (
	"iter"
	"time"

	"zonecast/internal/policy"
	"zonecast/internal/row"
	"zonecast/internal/snapshot"
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

// Offline is what a merge without a pipeline depends on besides the zones and what is generated.
type Offline struct {
	Prefix   string            // put before file paths
	Sources  []string          // the highest priority first
	Now      time.Time         // what expires
	Modules  map[string]string // name of a module -> its file, as the place of what is wrong with generated records
	Policies []*policy.Policy  // judge what would be served as if it were there already: kept
	// Served is what is served now, or nil: names of zones that are not in the folder are looked for there. With Full, everything that is
	// generated was given, so that what is served and not merged would go.
	Served *snapshot.View
	Full   bool
}

// MergeAll gives the problems of the merged result, for `zonecast check`: errors for what would be held, warnings for what
// would be shadowed, for conflicts and for names that point nowhere, sorted by place. What zonefile.Parse found is not repeated. An error
// is one of reading what is served.
func MergeAll(zones zonefile.Zones, generated Generated, o Offline) ([]zone.Problem, error) {
	_, problems, err := mergeAll(zones, generated, o)
	return problems, err
}

// mergeAll merges everything at once, without a store.
func mergeAll(zones zonefile.Zones, generated Generated, o Offline) (merged, []zone.Problem, error) {
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
	for _, s := range o.Sources {
		for n := range generated[s] {
			dirty[n] = true
		}
	}
	all := make([]zone.Name, 0, len(dirty))
	for n := range dirty {
		all = append(all, n)
	}
	input := func(n zone.Name, p merge.Place) merge.Input {
		in := merge.Input{Owner: n, Place: p, Human: human[n], Now: o.Now.Unix()}
		for _, s := range o.Sources {
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
	f := newFindings(zones, o.Prefix, w, &m)
	f.modules = o.Modules
	if o.Served != nil {
		f.served = &served{o.Served, o.Full}
	}
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
	f.policies(policy.Join(o.Policies...), o.Now)
	err := f.pointedAt()
	return m, f.sorted(), err
}
