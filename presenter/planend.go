package presenter

import (
	"maps"
	"slices"

	"zonecast/internal/plan"
	"zonecast/internal/row"
	"zonecast/internal/zone"
	"zonecast/presenter/zonefile"
)

// maxStops bounds the RRsets that a plan lists as held: a broken module could else give one for every name (P9).
const maxStops = 1000

// end closes the answer.
func (p *planner) end() plan.End {
	e := plan.End{Loaded: p.loaded, Files: make(map[string]string, len(p.files))}
	for path, info := range p.files {
		e.Files[path] = info.SHA256
	}
	facts := p.notes.touched
	if p.served != nil {
		facts = map[zone.Name]*row.ZoneFacts{}
		for apex := range p.world.zones {
			facts[apex] = nil
		}
		for apex, f := range p.served {
			facts[apex] = &f
		}
	}
	for _, apex := range slices.SortedFunc(maps.Keys(facts), zone.Name.Compare) {
		c := plan.ZoneChange{Zone: apex, Before: facts[apex]}
		if after, ok := p.world.zones[apex]; ok {
			c.After = &after
		}
		if c.Before == nil && c.After == nil {
			continue
		}
		if c.Before == nil || c.After == nil || *c.Before != *c.After {
			e.Zones = append(e.Zones, c)
		}
	}
	e.Stopped = append(slices.Clone(p.notes.stops), p.faults()...)
	e.Problems = append(slices.Clone(p.problems), p.crossNames()...)
	slices.SortStableFunc(e.Problems, zone.Problem.ComparePlace)
	return e
}

// faults are the RRsets that would be held and are not now.
func (p *planner) faults() (list []plan.Stop) {
	var names []zone.Name
	for n, o := range p.out {
		if len(o.faults) > 0 {
			names = append(names, n)
		}
	}
	slices.SortFunc(names, zone.Name.Compare)
	for _, n := range names {
		o := p.out[n]
		for _, f := range o.faults {
			if slices.Contains(p.seen[o.key].faults, f) {
				continue
			}
			if len(list) == maxStops {
				return append(list, plan.Stop{Stage: owner, Unit: unitRRset, Subject: "*", Check: "more-held", Cause: "more RRsets would be held than are listed"})
			}
			list = append(list, plan.Stop{Stage: owner, Unit: unitRRset, Subject: n.String() + " " + f.Type.String(), Check: f.Check, Cause: f.Text})
		}
	}
	return list
}

// crossNames warns of CNAMEs that would lead in a circle, and of names that would point nowhere, where the change
// makes them: at other names nothing is looked at.
func (p *planner) crossNames() []zone.Problem {
	cache := map[zone.Name][]zone.RRset{}
	f := &findings{prefix: p.set.Prefix, places: map[place]zonefile.Record{}, reach: reach{world: p.world, whole: p.whole}}
	f.reach.sets = func(n zone.Name) []zone.RRset {
		if o, ok := p.out[n]; ok {
			return decodeSets(o.value)
		}
		sets, ok := cache[n]
		if !ok {
			key := n.String()
			sets = decodeSets(p.ground.served([]string{key})[key])
			cache[n] = sets
		}
		return sets
	}
	for _, z := range p.new {
		for _, r := range z.Records {
			if _, ok := p.out[r.Owner]; ok {
				f.places[place{r.Owner, r.Human.Set.Type, z.Apex}] = r
			}
		}
	}
	for _, c := range p.changes {
		before, after := decodeSets(c.before), decodeRow(c.after)
		var fresh []zone.RRset
		for _, s := range after.Sets {
			old, _ := zone.FindSet(before, s.Type)
			s.Data = slices.DeleteFunc(slices.Clone(s.Data), func(d zone.Rdata) bool { return slices.Contains(old.Data, d) })
			if len(s.Data) > 0 {
				fresh = append(fresh, s)
			}
		}
		f.cross(c.name, after, fresh)
	}
	return f.problems
}

// whole tells whether all names of a zone are known: those of a zone that is in force.
func (p *planner) whole(apex zone.Name) bool {
	_, ok := p.world.zones[apex]
	return ok && !p.unread[apex]
}

func decodeSets(value []byte) []zone.RRset {
	if value == nil {
		return nil
	}
	_, sets, _ := row.DecodePresentedSets(value) // written by merge.Encode
	return sets
}
