package presenter

import (
	"fmt"
	"slices"

	"zonecast/internal/row"
	"zonecast/internal/zone"
	"zonecast/presenter/merge"
	"zonecast/presenter/zonefile"
)

// findings turns what a merge says into problems with places.
type findings struct {
	prefix   string
	merged   *merged
	places   map[place]zonefile.Record
	reach    reach
	problems []zone.Problem
	modules  map[string]string // name of a module -> its file
	served   *served           // nil unless it is looked into
}

type place struct {
	owner zone.Name
	t     zone.Type
	apex  zone.Name
}

// maxFindings bounds the list (P9): a broken suffix could else give a problem for every name.
const maxFindings = 10_000

func newFindings(zones zonefile.Zones, prefix string, w *world, m *merged) *findings {
	f := &findings{prefix: prefix, merged: m, places: map[place]zonefile.Record{}}
	f.reach = reach{world: w, sets: func(n zone.Name) []zone.RRset { return m.Rows[n].Sets },
		whole: func(apex zone.Name) bool { _, ok := m.Zones[apex]; return ok }}
	for _, z := range zones.Zones {
		for _, r := range z.Records {
			f.places[place{r.Owner, r.Human.Set.Type, z.Apex}] = r
		}
	}
	return f
}

func (f *findings) add(s zone.Severity, check string, n zone.Name, t zone.Type, o row.Origin, text, fix string) {
	if len(f.problems) >= maxFindings {
		return
	}
	p := zone.Problem{Check: check, Severity: s, Name: n.String(), Text: text, Fix: fix}
	if !o.Human() {
		p.Text += fmt.Sprintf(" (source %s, module %s, entity %s)", o.Source, o.Module, o.Entity)
		if p.File = f.modules[o.Module]; p.File != "" {
			p.Line, p.Column = 1, 1
		}
	} else {
		p.File, p.Line, p.Column = f.prefix+o.File, 1, 1
		for apex := n; apex != ""; apex = apex.Parent() {
			if r, ok := f.places[place{n, t, apex}]; ok && r.Human.File == o.File && r.Line > 0 {
				p.Line, p.Column = r.Line, r.Column
			}
		}
	}
	f.problems = append(f.problems, p)
}

// faults are what would be held.
func (f *findings) faults(n zone.Name, list []merge.Fault) {
	for _, x := range list {
		fix := ""
		if x.Check == "outside-zones" {
			fix = "add a zone file for it, or mend the name in the module"
		}
		f.add(zone.Error, x.Check, n, x.Type, x.Origin, x.Text, fix)
	}
}

// shadowed warns of what would not be served without anybody having said so.
func (f *findings) shadowed(n zone.Name, p row.Presented) {
	var told []zone.Type
	for _, s := range p.Shadowed {
		t := s.Set.Type
		switch s.Why {
		case merge.WhyConflict, merge.WhyCNAME:
			human := slices.IndexFunc(p.Claims, func(c row.Claim) bool {
				return c.Origin.Human() && (c.Set.Type == t || s.Why == merge.WhyCNAME)
			})
			if human >= 0 && !s.Origin.Human() {
				h := p.Claims[human]
				if !slices.Contains(told, h.Set.Type) {
					told = append(told, h.Set.Type)
					f.add(zone.Warning, "shadows-generated", n, h.Set.Type, h.Origin, fmt.Sprintf("%s takes the place of generated records, of module %s for %s", h.Set.Type, s.Origin.Module, s.Origin.Entity),
						"say so under zonecast: with mode: replace or mode: merge")
				}
				continue
			}
			f.add(zone.Warning, "beside-cname", n, t, s.Origin, fmt.Sprintf("%s is not served: a CNAME stands alone", t), "take one of them away")
		case merge.WhyPriority:
			f.add(zone.Warning, "lower-priority", n, t, s.Origin, fmt.Sprintf("%s is not served: another source has it", t), "say shared: true in both modules")
		case merge.WhyCut:
			f.add(zone.Warning, "below-zone-cut", n, t, s.Origin, fmt.Sprintf("%s is not served: the name is delegated", t), "move it to the zone below")
		case merge.WhyDNAME:
			f.add(zone.Warning, "below-dname", n, t, s.Origin, fmt.Sprintf("%s is not served: a DNAME stands above", t), "")
		case merge.WhyApex:
			f.add(zone.Warning, "not-at-apex", n, t, s.Origin, fmt.Sprintf("%s is not served: at a zone's apex, or only there, it has no place", t), "")
		case merge.WhyChildZone:
			f.add(zone.Warning, "in-child-zone", n, t, s.Origin, fmt.Sprintf("%s is not served: the name belongs to the zone %s", t, p.Zone), "move it there")
		}
	}
}

// crossNames looks for what one name alone does not show: targets that do not exist, and CNAMEs that lead in a circle.
func (f *findings) crossNames() {
	for n, p := range f.merged.Rows {
		f.cross(n, p, p.Sets)
	}
}

// cross looks at what these sets of a name point to.
func (f *findings) cross(n zone.Name, p row.Presented, sets []zone.RRset) {
	for _, s := range sets {
		if s.Type == zone.TypeSOA {
			continue // its primary is often a name without records here
		}
		for _, d := range s.Data {
			if t, ok := zone.Target(s.Type, d); ok && t != zone.Root && !f.present(t) {
				f.add(zone.Warning, "missing-target", n, s.Type, claimOf(p, s.Type, d), fmt.Sprintf("%s points to %s, which does not exist", s.Type, t), "")
			}
		}
	}
	if set, ok := zone.FindSet(sets, zone.TypeCNAME); ok && f.reach.loops(n) {
		f.add(zone.Warning, "cname-loop", n, set.Type, claimOf(p, set.Type, set.Data[0]), "the CNAMEs lead back here", "")
	}
}

func claimOf(p row.Presented, t zone.Type, d zone.Rdata) row.Origin {
	for _, c := range p.Claims {
		if c.Set.Type == t && slices.Contains(c.Set.Data, d) {
			return c.Origin
		}
	}
	return row.Origin{}
}

func (f *findings) sorted() []zone.Problem {
	slices.SortFunc(f.problems, zone.Problem.ComparePlace)
	return f.problems
}
