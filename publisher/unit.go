package publisher

import (
	"slices"
	"strings"
	"time"

	"zonecast/internal/decision"
	"zonecast/internal/policy"
	"zonecast/internal/row"
	"zonecast/internal/zone"
)

// diff is what table presented wants at a name where table published has something else.
type diff struct {
	apex zone.Name    // zone the name is to belong to; "" when the name is to go
	was  zone.Name    // zone it belongs to as published; "" when it has no records
	sets []zone.RRset // none: the name is to have no records
	kind kind

	byHand bool           // a person set by hand what is to be
	hand   bool           // that, or what is published: it passes the gates by itself
	causes []policy.Cause // who causes it, for a policy
	known  bool           // causes are known
}

type kind uint8

const (
	created kind = iota
	changed
	deleted
	kinds
)

// factsDiff is a zone that appears, changes or goes (want nil).
type factsDiff struct{ want *row.ZoneFacts }

// unit is one zone's differences between presented and published: what is held or released as a whole (P3).
type unit struct {
	apex  zone.Name
	facts *factsDiff
	names map[zone.Name]diff
	count [kinds]int
	hand  int // names whose difference is of what was set by hand

	free  *Summary        // somebody let this much go
	freed *decision.Entry // and this is to be logged of it

	unjudged map[zone.Name]bool             // differences that the policy has not judged yet
	found    map[zone.Name][]policy.Finding // what it found of the others
}

func (u *unit) put(n zone.Name, d diff) {
	u.drop(n)
	u.names[n] = d
	u.count[d.kind]++
	if d.hand {
		u.hand++
	}
}

func (u *unit) drop(n zone.Name) {
	if old, ok := u.names[n]; ok {
		u.count[old.kind]--
		if old.hand {
			u.hand--
		}
		delete(u.names, n)
		delete(u.unjudged, n)
		delete(u.found, n)
	}
}

func (u *unit) empty() bool { return u.facts == nil && len(u.names) == 0 }

// summary of what releasing u would do.
func (c *content) summary(u *unit, now time.Time, window time.Duration) Summary {
	_, published := c.zones[u.apex]
	s := Summary{
		New:   !published,
		Gone:  u.facts != nil && u.facts.want == nil,
		Facts: u.facts != nil,
		Names: c.names[u.apex], Created: u.count[created], Changed: u.count[changed], Deleted: u.count[deleted],
	}
	if published && !s.Gone {
		s.Peak = c.sizes(u.apex).peak(now, window, s.Names)
		s.Shrink = s.shrink()
		s.Lost = c.lost(u)
	}
	return s
}

// lost lists the protected RRsets that u takes away: SOA and NS at the apex, and everything at protected names.
func (c *content) lost(u *unit) (lost []string) {
	gone := func(n zone.Name, want func(zone.Type) bool) {
		d, ok := u.names[n]
		if !ok || d.kind == created {
			return
		}
		for _, set := range c.published(n).Sets {
			if _, still := zone.FindSet(d.sets, set.Type); !still && want(set.Type) {
				lost = append(lost, n.String()+" "+set.Type.String())
			}
		}
	}
	all := func(zone.Type) bool { return true }
	for _, n := range c.protected {
		if n != u.apex {
			gone(n, all)
		}
	}
	if slices.Contains(c.protected, u.apex) {
		gone(u.apex, all)
	} else {
		gone(u.apex, func(t zone.Type) bool { return t == zone.TypeSOA || t == zone.TypeNS })
	}
	slices.SortFunc(lost, strings.Compare)
	return lost
}

// noSOA tells whether the zone would stand without a SOA at its apex.
func (c *content) noSOA(u *unit) bool {
	sets := c.published(u.apex).Sets
	if d, ok := u.names[u.apex]; ok {
		sets = d.sets
	}
	_, ok := zone.FindSet(sets, zone.TypeSOA)
	return !ok
}

// unknown tells whether names arrive for a zone that is neither published nor to be.
func (c *content) unknown(u *unit) bool {
	_, published := c.zones[u.apex]
	return !published && (u.facts == nil || u.facts.want == nil)
}
