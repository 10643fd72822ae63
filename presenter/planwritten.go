package presenter

import (
	"context"
	"maps"
	"slices"

	"zonecast/internal/plan"
	"zonecast/internal/row"
	"zonecast/internal/zone"
	"zonecast/presenter/merge"
)

// gatherAbove looks up what stands above changed names.
func (p *planner) gatherAbove(ctx context.Context) error {
	above := map[zone.Name]bool{}
	for _, n := range p.also {
		above[n] = true
		p.above(n, above)
	}
	for _, c := range p.changes {
		p.above(c.name, above)
	}
	return p.gather(ctx, slices.Collect(maps.Keys(above)))
}

func (p *planner) above(n zone.Name, above map[zone.Name]bool) {
	for _, w := range []*world{p.was, p.world} {
		place := w.place(n)
		for _, up := range []zone.Name{place.Cut, place.DNAME} {
			if up != "" {
				above[up] = true
			}
		}
	}
}

// written is the fingerprint of what people wrote that decides at a name (plan.Change.Written): the records there, now
// and after the push, without saying where they stand and since which commit, and where the name stands in the zones,
// with a delegation or DNAME above that people wrote. What rules make is not in it, so that an event of the inventory
// does not change it. It is "" where people write nothing, before and after.
func (p *planner) written(n zone.Name) string {
	key := n.String()
	now := func(key string) []byte { return p.seen[key].human }
	before, after := now(key), p.notes.records(key)
	glass := p.seen[key].glass // set by hand: people wrote that too, and a load leaves it
	if before == nil && after == nil && len(glass) == 0 {
		return ""
	}
	var place [][]byte
	for _, side := range []struct {
		place merge.Place
		at    func(key string) []byte
	}{{p.was.place(n), now}, {p.world.place(n), p.notes.records}} {
		place = append(place, []byte(side.place.Zone), []byte(side.place.Above),
			ofPeople(side.place.Cut, zone.TypeNS, side.at), ofPeople(side.place.DNAME, zone.TypeDNAME, side.at))
	}
	return plan.Written(append(humanList(before), glass...), append(humanList(after), glass...), place)
}

func humanList(value []byte) []row.HumanRecord {
	if value == nil {
		return nil
	}
	list, _ := row.DecodeHuman(value) // what is damaged decides nothing
	return list
}

// ofPeople gives the name above if people wrote the record that makes it a delegation or a DNAME.
func ofPeople(above zone.Name, t zone.Type, human func(key string) []byte) []byte {
	if above == "" {
		return nil
	}
	for _, h := range humanList(human(above.String())) {
		if h.Set.Type == t {
			return []byte(above)
		}
	}
	return nil
}
