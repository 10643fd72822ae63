package publisher

import (
	"encoding/json"
	"fmt"
	"iter"
	"log/slog"

	"zonecast/internal/policy"
	"zonecast/internal/row"
	"zonecast/internal/table"
	"zonecast/internal/zone"
)

// content is what is published, and zone by zone what differs from it in table presented. It belongs to the
// goroutine that leads.
type content struct {
	rows      getter
	log       *slog.Logger
	protected []zone.Name

	zones map[zone.Name]row.ZoneFacts // published
	names map[zone.Name]int           // published names with records, by zone
	size  map[zone.Name]*sizes        // how many there were lately

	units   map[zone.Name]*unit
	in      map[zone.Name]*unit // the unit a name's difference is in
	byHand  map[zone.Name]bool  // names at which a record that was set by hand is published
	gone    map[zone.Name]bool  // published zones that presented has no more
	touched map[*unit]bool      // units to be judged (again)
	corrupt map[string]bool     // keys of presented that cannot be read: they stay as published (P3)

	policy  *policy.Policy             // nil: nothing is judged, and nothing kept for it
	origins map[row.Origin]*row.Origin // of the differences, one for each that there is
	finding func(policy.Finding)       // is told of each
}

// getter reads table published; the leader's writer is one.
type getter interface {
	Get(key string) ([]byte, bool)
	All() iter.Seq2[string, []byte]
}

// source reads table presented; its follower is one.
type source = getter

// publishedZone is a zone's row in table published.
type publishedZone struct {
	row.ZoneFacts
	Since uint64 `json:"since"` // version of the release that last changed it
}

// newContent reads table published, shard by shard; visit sees every row of a name on the way, if it is not nil.
func newContent(rows getter, log *slog.Logger, protected []zone.Name, visit func(zone.Name, row.Published)) (*content, error) {
	c := &content{
		rows: rows, log: log, protected: protected,
		zones: map[zone.Name]row.ZoneFacts{}, names: map[zone.Name]int{}, size: map[zone.Name]*sizes{},
		corrupt: map[string]bool{}, byHand: map[zone.Name]bool{}, finding: func(policy.Finding) {},
	}
	c.reset()
	for key, value := range rows.All() {
		if apex, ok := row.ZoneOf(key); ok {
			var z publishedZone
			if err := json.Unmarshal(value, &z); err != nil {
				return nil, fmt.Errorf("table published, %s: %w", key, err)
			}
			c.zones[apex] = z.ZoneFacts
			continue
		}
		n, err := zone.ParseName(key)
		if err != nil {
			return nil, fmt.Errorf("table published: %w", err)
		}
		p, err := row.DecodePublished(value)
		if err != nil {
			return nil, fmt.Errorf("table published, %s: %w", key, err)
		}
		c.names[p.Zone]++
		if visit != nil {
			visit(n, p)
		}
	}
	return c, nil
}

func (c *content) reset() {
	c.units, c.in = map[zone.Name]*unit{}, map[zone.Name]*unit{}
	c.gone, c.touched = map[zone.Name]bool{}, map[*unit]bool{}
}

func (c *content) sizes(apex zone.Name) *sizes {
	z := c.size[apex]
	if z == nil {
		z = &sizes{}
		c.size[apex] = z
	}
	return z
}

// published row of a name; the zero row when there is none.
func (c *content) published(n zone.Name) row.Published {
	value, ok := c.rows.Get(n.String())
	if !ok {
		return row.Published{}
	}
	p, err := row.DecodePublished(value)
	if err != nil { // newContent read every row: memory is at fault
		c.log.Error("row of table published cannot be read", "name", n.String(), "error", err)
	}
	return p
}

// compare finds all differences anew (level-triggered): what a follower's Reset asks for.
func (c *content) compare(from source) {
	c.reset()
	for apex := range c.zones { // those that are to go come first: names below them belong to their units
		key := row.ZoneKey(apex)
		if _, ok := from.Get(key); !ok {
			c.takeZone(key, nil)
		}
	}
	for key, value := range from.All() { // each walk unpacks the whole table: one for both
		if _, ok := row.ZoneOf(key); ok {
			c.takeZone(key, value)
		} else {
			c.takeName(key, value)
		}
	}
	for key := range c.rows.All() {
		if _, ok := row.ZoneOf(key); ok {
			continue
		}
		if _, ok := from.Get(key); !ok {
			c.takeName(key, nil)
		}
	}
}

// nameOf gives the owner name that a key stands for; a zone's key stands for none, though it would parse as one.
func nameOf(key string) (zone.Name, bool) {
	if _, ok := row.ZoneOf(key); ok {
		return "", false
	}
	n, err := zone.ParseName(key)
	return n, err == nil
}

// take notes changed rows of presented.
func (c *content) take(changes []table.Change) {
	for _, ch := range changes {
		if _, ok := row.ZoneOf(ch.Key); ok {
			c.takeZone(ch.Key, ch.Value)
		}
	}
	for _, ch := range changes {
		if _, ok := row.ZoneOf(ch.Key); !ok {
			c.takeName(ch.Key, ch.Value)
		}
	}
}

func (c *content) unit(apex zone.Name) *unit {
	u := c.units[apex]
	if u == nil {
		u = &unit{apex: apex, names: map[zone.Name]diff{}}
		c.units[apex] = u
	}
	c.touched[u] = true
	return u
}

// takeZone compares a zone's facts with what is published; a nil value is a zone that is gone.
func (c *content) takeZone(key string, value []byte) {
	apex, _ := row.ZoneOf(key)
	have, published := c.zones[apex]
	var want *row.ZoneFacts
	if value != nil {
		want = &row.ZoneFacts{}
		if err := json.Unmarshal(value, want); err != nil {
			c.spoilt(key, err)
			return
		}
	}
	delete(c.corrupt, key)
	c.setFacts(apex, have, published, want)
}

func (c *content) setFacts(apex zone.Name, have row.ZoneFacts, published bool, want *row.ZoneFacts) {
	u := c.unit(apex)
	u.facts = nil
	if published != (want != nil) || (published && have != *want) {
		u.facts = &factsDiff{want}
	}
	if gone := published && want == nil; gone != c.gone[apex] {
		if c.gone[apex] = gone; !gone {
			delete(c.gone, apex)
		}
		c.regroup()
	}
}

// takeName compares one name with what is published; a nil value is a name that is gone.
func (c *content) takeName(key string, value []byte) {
	n, err := zone.ParseName(key)
	if err != nil {
		c.spoilt(key, err)
		return
	}
	d := diff{known: value == nil}
	if value != nil {
		if err = c.decode(&d, value); err == nil && !n.Under(d.apex) {
			err = fmt.Errorf("%w: the name is not in zone %s", row.ErrCorrupt, d.apex)
		}
		if err != nil {
			c.spoilt(key, err)
			return
		}
		d.byHand = byHand(value)
	}
	if len(c.corrupt) > 0 {
		delete(c.corrupt, key)
	}
	c.setName(n, d)
}

// decode reads what is presented, and who causes it where a policy asks.
func (c *content) decode(d *diff, value []byte) (err error) {
	if c.policy == nil {
		d.apex, d.sets, err = row.DecodePresentedSets(value)
		return err
	}
	p, err := row.DecodePresented(value)
	d.apex, d.sets, d.causes, d.known = p.Zone, p.Sets, c.causes(p.Claims), true
	return err
}

// setName files the difference between what is published at n and what d wants, if there is one.
func (c *content) setName(n zone.Name, d diff) {
	if old := c.in[n]; old != nil {
		old.drop(n)
		c.touched[old] = true
		delete(c.in, n)
	}
	have := c.published(n)
	d.was = have.Zone
	same := have.Zone == d.apex && zone.SetsEqual(have.Sets, d.sets) || len(have.Sets)+len(d.sets) == 0
	if same && !d.byHand {
		delete(c.byHand, n) // what came after it is published
	}
	d.hand = d.byHand || c.byHand[n]
	switch {
	case same:
		return
	case len(have.Sets) == 0:
		d.kind = created
	case len(d.sets) == 0:
		d.kind, d.apex = deleted, ""
	default:
		d.kind = changed
	}
	u := c.unit(c.home(n, d.apex, have.Zone))
	u.put(n, d)
	c.in[n] = u
	if c.policy != nil {
		u.judgeLater(n)
	}
}

// home is the zone whose unit a name's difference belongs to: where the name is to be, or else was; but a published
// zone that is to go, and is nearer to the name than that, keeps what is below its apex, so that all of it is held or
// released as one.
func (c *content) home(n, want, have zone.Name) zone.Name {
	if want == "" {
		want = have
	}
	if len(c.gone) > 0 {
		for a := n; a != want && a != ""; a = a.Parent() {
			if c.gone[a] {
				return a
			}
		}
	}
	return want
}

// regroup files every name's difference again, after a zone went or came back.
func (c *content) regroup() {
	for n, u := range c.in {
		d := u.names[n]
		to := c.unit(c.home(n, d.apex, d.was))
		if to != u {
			u.drop(n)
			c.touched[u] = true
			to.put(n, d)
			c.in[n] = to
			if c.policy != nil {
				to.judgeLater(n)
			}
		}
	}
}

func (c *content) spoilt(key string, err error) {
	if !c.corrupt[key] && len(c.corrupt) < 10_000 {
		c.corrupt[key] = true
		c.log.Error("row of table presented cannot be read: what is published stays", "key", key, "error", err)
	}
}

// forget drops what was published, or is no difference any more.
func (c *content) forget(u *unit) {
	for n := range u.names {
		delete(c.in, n)
	}
	delete(c.units, u.apex)
	delete(c.touched, u)
	delete(c.gone, u.apex)
}
