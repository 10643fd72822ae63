package merge

import (
	"fmt"
	"slices"

	"zonecast/internal/row"
	"zonecast/internal/zone"
	"zonecast/presenter/zonefile"
)

// source takes in what one source gives, type by type: what is wrong in itself is replaced by its last good state.
func (m *merger) source(rank int, s Source) {
	if s.Absent {
		m.keep(rank, s.Name, func(zone.Type) bool { return true })
		return
	}
	var bad, types []zone.Type
	fault := func(check string, t zone.Type, o row.Origin, text string) {
		if !slices.Contains(bad, t) { // one fault for one RRset
			bad = append(bad, t)
			m.faults = append(m.faults, Fault{Check: check, Type: t, Origin: o, Text: text})
		}
	}
	from := len(m.claims)
	for _, c := range s.Contributions {
		o := row.Origin{Source: s.Name, Module: c.Module, Entity: c.Entity}
		for i, set := range c.Sets {
			o.Reason = ""
			if c.Standings != nil {
				st := c.Standings[i]
				if !st.Served() { // its pool has enough without it
					m.claims = append(m.claims, claim{Claim: row.Claim{Set: set, Origin: o, Why: st.Why()}, rank: rank, shared: c.Shared})
					continue
				}
				o.Reason = st.Why()
			}
			if check, text := m.wrong(set); check != "" {
				fault(check, set.Type, o, text)
				continue
			}
			if !slices.Contains(types, set.Type) {
				types = append(types, set.Type)
			}
			m.claims = append(m.claims, claim{Claim: row.Claim{Set: set, Origin: o}, rank: rank, shared: c.Shared})
		}
	}
	for _, t := range types {
		first, u := union(m.claims[from:], t)
		err := u.Extent().Fit()
		switch {
		case err != nil:
			fault("too-large", t, first, err.Error())
		case len(u.Data) > 1 && (t == zone.TypeCNAME || t == zone.TypeDNAME):
			fault("cname-many", t, first, fmt.Sprintf("%d different targets of a %s, of which there can be one", len(u.Data), t))
		}
	}
	if bad == nil {
		return
	}
	isBad := func(t zone.Type) bool { return slices.Contains(bad, t) }
	m.claims = m.claims[:from+len(slices.DeleteFunc(m.claims[from:], func(c claim) bool { return isBad(c.Set.Type) }))]
	if m.Place.Zone != "" {
		m.keep(rank, s.Name, isBad)
	}
}

// union unites the standing claims of one type, and gives the first one's origin. As in zone.RRset.Union the smallest
// TTL and the strongest rotation count.
func union(claims []claim, t zone.Type) (first row.Origin, u zone.RRset) {
	u = zone.RRset{Type: t, TTL: zone.MaxTTL}
	n := 0
	for i := range claims {
		c := &claims[i]
		if c.lost() || c.Set.Type != t {
			continue
		}
		if n++; n == 1 {
			first, u = c.Origin, c.Set
			continue
		}
		if n == 2 {
			u.Data = slices.Clone(u.Data)
		}
		u.TTL, u.Rotate = min(u.TTL, c.Set.TTL), max(u.Rotate, c.Set.Rotate)
		u.Data = append(u.Data, c.Set.Data...)
	}
	if n > 1 {
		u.Normalize()
	}
	return first, u
}

// keep brings back what the source gave last, but for sets that no message has room for. It was shared if it was served beside another source's.
func (m *merger) keep(rank int, source string, match func(zone.Type) bool) {
	if m.last == nil {
		var l row.Presented
		if m.Last != nil {
			l, _ = m.Last()
		}
		m.last = &l
	}
	for i, list := range [][]row.Claim{m.last.Claims, m.last.Shadowed} {
		for _, c := range list {
			if c.Origin.Source != source || !match(c.Set.Type) || c.Set.Extent().Fit() != nil {
				continue
			}
			shared := i == 0 && slices.ContainsFunc(m.last.Claims, func(o row.Claim) bool {
				return !o.Origin.Human() && o.Origin.Source != source && o.Set.Type == c.Set.Type
			})
			if !row.IsStandby(c.Why) {
				c.Why = ""
			}
			m.claims = append(m.claims, claim{Claim: c, rank: rank, shared: shared})
		}
	}
}

// wrong tells what is wrong with a generated set in itself; "" for nothing.
func (m *merger) wrong(set zone.RRset) (check, text string) {
	if m.Place.Zone == "" {
		return "outside-zones", m.Owner.String() + " belongs to no zone"
	}
	if short, ok := zonefile.Doubled(m.Owner, m.Place.Zone); ok {
		return "doubled-suffix", fmt.Sprintf("%s ends in the zone's name twice; %s was probably meant", m.Owner, short)
	}
	if len(set.Data) == 0 || set.TTL > zone.MaxTTL {
		return "bad-rdata", fmt.Sprintf("%s without data, or with a TTL past %d", set.Type, uint32(zone.MaxTTL))
	}
	for _, d := range set.Data {
		if !valid(set.Type, d) {
			return "bad-rdata", fmt.Sprintf("%s: the data cannot be read: %.200s", set.Type, zone.RdataText(set.Type, d))
		}
		if t, ok := zone.Target(set.Type, d); ok && m.Place.ZoneOf != nil {
			if short, ok := zonefile.Doubled(t, m.Place.ZoneOf(t)); ok {
				return "doubled-suffix", fmt.Sprintf("%s: the target %s ends in the zone's name twice; %s was probably meant", set.Type, t, short)
			}
		}
	}
	return "", ""
}

// valid reads rdata; the commonest types by hand, since this runs for every record.
func valid(t zone.Type, d zone.Rdata) bool {
	switch t {
	case zone.TypeA:
		return len(d) == 4
	case zone.TypeAAAA:
		return len(d) == 16
	case zone.TypeCNAME, zone.TypePTR, zone.TypeNS, zone.TypeDNAME:
		return validName(d)
	case zone.TypeSRV:
		return len(d) > 6 && validName(d[6:])
	}
	_, err := zone.RR(zone.Root, t, 0, d)
	return err == nil
}

func validName(d zone.Rdata) bool {
	_, used, err := zone.NameFromWire([]byte(d))
	return err == nil && used == len(d)
}
