package publisher

import (
	"bytes"
	"maps"
	"slices"

	"zonecast/internal/row"
	"zonecast/internal/zone"
)

// Records that a person set by hand (zonecast override set) pass the gates, the policies and the site's checks name by name,
// also where the rest of their zone is held; and so does what comes after them, else a held zone would keep them for
// ever. What they never do is take a zone away, or its SOA or NS, or hide other names.

// maxByHand bounds how many names are remembered as published by hand: many more than the presenter lets be set.
const maxByHand = 1_000

// byHand tells whether a row of table presented serves, or masks, what a person set by hand.
func byHand(value []byte) bool {
	if !bytes.Contains(value, []byte(row.GlassFile)) { // almost all rows: no need to read who made them
		return false
	}
	p, err := row.DecodePresented(value)
	return err == nil && slices.ContainsFunc(p.Claims, func(c row.Claim) bool { return c.Origin.Glass() })
}

// takeByHand takes the differences that pass by themselves out of the units to be judged.
func (c *content) takeByHand() map[*unit]*unit {
	taken := map[*unit]*unit{}
	for u := range c.touched {
		if u.hand == 0 || u.facts != nil && u.facts.want == nil {
			continue
		}
		own := &unit{apex: u.apex, names: map[zone.Name]diff{}}
		for n, d := range u.names {
			if d.hand && c.passes(u, n, d) {
				own.put(n, d)
			}
		}
		if len(own.names) == 0 {
			continue
		}
		for n := range own.names {
			u.drop(n)
			c.in[n] = own
		}
		taken[u] = own
	}
	return taken
}

// passes tells whether a difference stays inside a zone that is published and stays one.
func (c *content) passes(u *unit, n zone.Name, d diff) bool {
	if _, published := c.zones[u.apex]; !published || d.kind != deleted && d.apex != u.apex || d.kind != created && d.was != u.apex {
		return false
	}
	if n != u.apex {
		return !c.hides(n, d)
	}
	for _, set := range c.published(n).Sets {
		if _, stays := zone.FindSet(d.sets, set.Type); !stays && (set.Type == zone.TypeSOA || set.Type == zone.TypeNS) {
			return false
		}
	}
	return true
}

// hides tells whether a difference brings a delegation or a DNAME above published names: those would be served no more
// (RFC 1034 4.2.1, RFC 6672 2.4), and they are not what was set by hand. It is judged with the rest of its zone then.
func (c *content) hides(n zone.Name, d diff) bool {
	had, brings := c.published(n).Sets, false
	for _, t := range []zone.Type{zone.TypeNS, zone.TypeDNAME} {
		_, was := zone.FindSet(had, t)
		_, is := zone.FindSet(d.sets, t)
		brings = brings || is && !was
	}
	if !brings {
		return false
	}
	for key := range c.rows.All() {
		if below, err := zone.ParseName(key); err == nil && below != n && below.Under(n) {
			return true
		}
	}
	return false
}

// passByHand adds what was taken out to what is released: to the rest of its zone where that passed, else by itself.
func (p *plan) passByHand(c *content, taken map[*unit]*unit) {
	for u, own := range taken {
		if !slices.Contains(p.pass, u) {
			p.pass = append(p.pass, own)
			continue
		}
		for n, d := range own.names {
			u.put(n, d)
			c.in[n] = u
		}
	}
	slices.SortFunc(p.pass, func(a, b *unit) int { return a.apex.Compare(b.apex) })
}

// released notes whether what is published at a name now was set by hand.
func (c *content) released(n zone.Name, d diff) {
	if !d.byHand {
		delete(c.byHand, n)
	} else if len(c.byHand) < maxByHand {
		c.byHand[n] = true
	}
}

// recallByHand takes over from the store which names were published by hand.
func (c *content) recallByHand(names []string) {
	for _, text := range names {
		if n, err := zone.ParseName(text); err == nil {
			c.byHand[n] = true
		}
	}
}

// noteByHand brings the state that goes with each commit up to date.
func (t *term) noteByHand() {
	if len(t.c.byHand) == 0 && len(t.state.ByHand) == 0 {
		return
	}
	var names []string
	for _, n := range slices.SortedFunc(maps.Keys(t.c.byHand), zone.Name.Compare) {
		names = append(names, n.String())
	}
	if !slices.Equal(names, t.state.ByHand) {
		t.state.ByHand, t.stateMoved = names, true
	}
}
