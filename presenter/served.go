package presenter

import (
	"fmt"

	"zonecast/internal/row"
	"zonecast/internal/snapshot"
	"zonecast/internal/zone"
)

// served is what is served now, to look into for zones that the folder does not have. nil knows nothing.
type served struct {
	view *snapshot.View
	full bool // all generated records were merged: a name that is served and not merged would go
}

// exists tells whether a name is in a zone that is served, and whether something answers there: records, a wildcard, a DNAME
// or a delegation above.
func (s *served) exists(n zone.Name) (inZone, exists bool) {
	if s == nil {
		return false, false
	}
	z, ok := s.zoneOf(n)
	if !ok {
		return false, false
	}
	if s.has(n, 0) {
		return true, true
	}
	for up := n; up != z.Apex; {
		up = up.Parent()
		if wild, err := up.Child("*"); err == nil && s.has(wild, 0) {
			return true, true
		}
		if s.has(up, zone.TypeDNAME) || up != z.Apex && s.has(up, zone.TypeNS) {
			return true, true
		}
	}
	return true, false
}

func (s *served) zoneOf(n zone.Name) (snapshot.Zone, bool) {
	for ; n != ""; n = n.Parent() {
		if z, ok := s.view.FindZone(n); ok {
			return z, true
		}
	}
	return snapshot.Zone{}, false
}

// has tells whether a name has records of a type, or with 0 of any.
func (s *served) has(n zone.Name, t zone.Type) bool {
	node, ok := s.view.Lookup(n)
	if !ok || t == 0 {
		return ok && len(node.Sets) > 0
	}
	_, ok = zone.FindSet(node.Sets, t)
	return ok
}

// present tells whether what points to a name finds something there, as far as that is known.
func (f *findings) present(n zone.Name) bool {
	if !f.reach.exists(n) {
		_, exists := f.served.exists(n)
		return exists && !f.served.full // what was not generated here may be served all the same
	}
	if f.reach.world.zoneOf(n) != "" {
		return true
	}
	inZone, exists := f.served.exists(n)
	return exists || !inZone
}

// pointedAt warns of names that are served now and would go, though zones that are not in the folder still point to them.
func (f *findings) pointedAt() error {
	s := f.served
	if s == nil || !s.full {
		return nil
	}
	told := map[zone.Name]bool{}
	for _, z := range s.view.Zones() {
		if _, here := f.reach.world.zones[z.Apex]; here {
			continue // crossNames has looked at what is to be there
		}
		for node, err := range s.view.Walk(z.Apex) {
			if err != nil {
				return fmt.Errorf("zone %s: %w", z.Apex, err)
			}
			for _, set := range node.Sets {
				for _, d := range set.Data {
					t, ok := zone.Target(set.Type, d)
					if !ok || set.Type == zone.TypeSOA || told[t] || f.reach.exists(t) || !s.has(t, 0) {
						continue
					}
					told[t] = true
					f.add(zone.Warning, "still-pointed-at", t, set.Type, row.Origin{File: f.firstFile(f.reach.world.zoneOf(t))},
						fmt.Sprintf("the name would go, and %s %s of zone %s points to it", node.Name, set.Type, z.Apex), "keep the name, or change what points to it first")
				}
			}
		}
	}
	return nil
}

// firstFile gives a file of a zone, as the place of what is missing in it.
func (f *findings) firstFile(apex zone.Name) string {
	for p, r := range f.places {
		if p.apex == apex && p.t == zone.TypeSOA {
			return r.Human.File
		}
	}
	return ""
}
