package merge

import (
	"cmp"
	"slices"

	"zonecast/internal/row"
	"zonecast/internal/zone"
)

// result unites what still stands, and says what became of the rest.
func (m *merger) result() Result {
	slices.SortStableFunc(m.claims, func(a, b claim) int { return cmp.Compare(a.rank, b.rank) })
	r := Result{Row: row.Presented{Zone: m.Place.Zone}}
	for i := range m.claims {
		c := &m.claims[i]
		if c.lost() || slices.ContainsFunc(r.Row.Sets, func(s zone.RRset) bool { return s.Type == c.Set.Type }) {
			continue
		}
		_, u := union(m.claims, c.Set.Type)
		if u.Extent().Fit() != nil {
			u = m.shrink(c.Set.Type, c.rank)
		}
		r.Row.Sets = append(r.Row.Sets, u)
	}
	zone.SortSets(r.Row.Sets)
	r.Row.Claims = m.masks
	for i := range m.claims {
		if c := &m.claims[i]; c.lost() {
			r.Row.Shadowed = append(r.Row.Shadowed, c.Claim)
		} else {
			r.Row.Claims = append(r.Row.Claims, c.Claim)
		}
	}
	r.Faults = m.faults
	r.Present = len(r.Row.Claims)+len(r.Row.Shadowed) > 0
	r.Conflict = conflict(r.Row)
	if ns, ok := zone.FindSet(r.Row.Sets, zone.TypeNS); ok && m.Owner != m.Place.Zone {
		r.Cut = ns.Data
	}
	_, r.DNAME = zone.FindSet(r.Row.Sets, zone.TypeDNAME)
	return r
}

// shrink leaves the claims of the highest rank where all together are too large: each source's were checked alone.
func (m *merger) shrink(t zone.Type, rank int) zone.RRset {
	m.shadow(WhyTooLarge, func(c *claim) bool { return c.Set.Type == t && c.rank != rank })
	first, u := union(m.claims, t)
	m.faults = append(m.faults, Fault{Check: "too-large", Type: t, Origin: first,
		Text: "the united RRset would be larger than a message: lower claims are left out"})
	return u
}

// conflict lists what was lost to another claim without anybody saying so; nil if nothing was.
func conflict(p row.Presented) *row.Conflict {
	var c row.Conflict
	for _, s := range p.Shadowed {
		if s.Why == WhyConflict || s.Why == WhyPriority || s.Why == WhyCNAME {
			c.Lost = append(c.Lost, s)
			if !slices.Contains(c.Types, s.Set.Type) {
				c.Types = append(c.Types, s.Set.Type)
			}
		}
	}
	if c.Lost == nil {
		return nil
	}
	slices.Sort(c.Types)
	c.Zone = p.Zone
	for _, s := range p.Claims {
		if slices.Contains(c.Types, s.Set.Type) || slices.ContainsFunc(c.Lost, func(l row.Claim) bool { return l.Why == WhyCNAME }) {
			c.Served = append(c.Served, s)
		}
	}
	return &c
}
