package presenter

import (
	"slices"

	"zonecast/internal/zone"
	"zonecast/presenter/zonefile"
)

// owners gives the names that a load of other files has to look at: of a zone whose loaded records are what its loaded
// files say, those at which its files say something else than before, and the apex; of others every name.
func (p *planner) owners() map[zone.Name]bool {
	owners := map[zone.Name]bool{}
	all := func(z zonefile.Zone) {
		for _, r := range z.Records {
			owners[r.Owner] = true
		}
	}
	before := make(map[zone.Name]zonefile.Zone, len(p.old))
	for _, z := range p.old {
		before[z.Apex] = z
	}
	for _, z := range p.new {
		was, both := before[z.Apex]
		if both && p.asRead[z.Apex] {
			owners[z.Apex] = true
			differ(was.Records, z.Records, owners)
			delete(before, z.Apex)
			continue
		}
		all(z)
	}
	for _, z := range before {
		all(z)
	}
	return owners
}

// differ adds the owners of records that stand on one side only; both are sorted by owner.
func differ(was, is []zonefile.Record, owners map[zone.Name]bool) {
	for len(was) > 0 && len(is) > 0 {
		switch d := order(was[0], is[0]); {
		case d == 0 && same(was[0].Human, is[0].Human):
			was, is = was[1:], is[1:]
		case d == 0:
			owners[is[0].Owner] = true
			was, is = was[1:], is[1:]
		case d < 0:
			owners[was[0].Owner] = true
			was = was[1:]
		default:
			owners[is[0].Owner] = true
			is = is[1:]
		}
	}
	for _, r := range slices.Concat(was, is) {
		owners[r.Owner] = true
	}
}

func order(a, b zonefile.Record) int {
	if a.Owner == b.Owner {
		return int(a.Human.Set.Type) - int(b.Human.Set.Type)
	}
	return a.Owner.Compare(b.Owner)
}

// only keeps the records at some owners. How many are written in a zone stays as it is.
func only(owners map[zone.Name]bool, zones []zonefile.Zone) []zonefile.Zone {
	out := slices.Clone(zones)
	for i := range out {
		var kept []zonefile.Record
		for _, r := range out[i].Records {
			if owners[r.Owner] {
				kept = append(kept, r)
			}
		}
		out[i].Records = kept
	}
	return out
}
