package publisher

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"zonecast/internal/row"
	"zonecast/internal/zone"
)

// plan is what the gates made of the differences: the units to publish, and the held items that change.
type plan struct {
	pass []*unit
	hold map[zone.Name]holding // new or changed items
	drop []string              // ids of items that are no more
}

// holding is a held zone: the item and what it was judged by.
type holding struct {
	item row.Held
	sum  Summary
}

// judge lets every touched unit past the gates. held are the items that stand now, by zone.
// last, if there is one, is asked about what passed everything else.
func (c *content) judge(g Gates, zones map[zone.Name]Gates, held map[zone.Name]holding, now time.Time, last func(map[*unit]Summary) map[*unit]verdict) plan {
	p := plan{hold: map[zone.Name]holding{}}
	passing := map[*unit]Summary{}
	stop := func(u *unit, s Summary, stopped []verdict) {
		for _, v := range stopped {
			s.Checks = append(s.Checks, v.check)
		}
		slices.Sort(s.Checks)
		s.Checks = slices.Compact(s.Checks)
		if u.free != nil && u.free.covers(s) && !slices.ContainsFunc(stopped, func(v verdict) bool { return v.final }) {
			passing[u] = s
			return
		}
		u.free, u.freed = nil, nil
		p.stop(u, s, stopped, held, now)
	}
	for u := range c.touched {
		if u.empty() {
			delete(c.units, u.apex)
			p.clear(u.apex, held)
			continue
		}
		limits, ok := zones[u.apex]
		if !ok {
			limits = g
		}
		s := c.summary(u, now, limits.Window)
		stopped := limits.judge(s, c.noSOA(u), c.unknown(u))
		if found := c.judgePolicy(u, now); !s.Gone { // that a zone goes is one decision, which zone-gone asks for
			stopped = append(stopped, s.violate(found)...)
		}
		if len(stopped) > 0 {
			stop(u, s, stopped)
			continue
		}
		passing[u] = s
	}
	c.judgeTotal(g, passing, stop)
	if last != nil && len(passing) > 0 {
		for u, v := range last(passing) {
			s := passing[u]
			delete(passing, u)
			stop(u, s, []verdict{v})
		}
	}
	for u := range passing {
		p.pass = append(p.pass, u)
		p.clear(u.apex, held)
	}
	slices.SortFunc(p.pass, func(a, b *unit) int { return a.apex.Compare(b.apex) })
	slices.Sort(p.drop)
	clear(c.touched)
	return p
}

// judgeTotal is the guard over all zones: a source that broke takes names from many zones, a few from each.
func (c *content) judgeTotal(g Gates, passing map[*unit]Summary, stop func(*unit, Summary, []verdict)) {
	all, lost := 0, 0
	for _, n := range c.names {
		all += n
	}
	for u, s := range passing {
		if u.free == nil {
			lost += s.Deleted
		}
	}
	v, over := g.judgeTotal(all, lost)
	if !over {
		return
	}
	for u, s := range passing {
		if s.Deleted > 0 && u.free == nil {
			delete(passing, u)
			stop(u, s, []verdict{v})
		}
	}
}

// stop holds a unit: under the item that stands when that covers what it has become, else under a new one.
func (p *plan) stop(u *unit, s Summary, stopped []verdict, held map[zone.Name]holding, now time.Time) {
	old, was := held[u.apex]
	if was && old.sum.covers(s) {
		return
	}
	since := now.Unix()
	if was {
		since = old.item.Since
		p.drop = append(p.drop, old.item.ID)
	}
	p.hold[u.apex] = holding{item: heldItem(u, s, stopped, since), sum: s}
}

func (p *plan) clear(apex zone.Name, held map[zone.Name]holding) {
	if old, was := held[apex]; was {
		p.drop = append(p.drop, old.item.ID)
	}
}

// heldItem describes a held zone for people. Its id stands for the summary that is shown.
func heldItem(u *unit, s Summary, stopped []verdict, since int64) row.Held {
	detail, _ := json.Marshal(s) // plain fields cannot fail
	apex := u.apex.String()
	item := row.Held{
		ID: row.HeldID(owner, "zone", apex, string(detail)), Owner: owner, Unit: "zone", Subject: apex,
		Check: stopped[0].check, Since: since, CanFree: true, Detail: detail,
	}
	texts := make([]string, len(stopped))
	for i, v := range stopped {
		texts[i] = v.text
		item.CanFree = item.CanFree && !v.final
		item.Problems = append(item.Problems, zone.Problem{Check: v.check, Severity: zone.Error, Name: apex, Text: v.text})
	}
	item.Cause = strings.Join(texts, "; ")
	names, more := u.firstNames(row.MaxWould)
	for _, n := range names {
		item.Name(n.Change, n.Name.String())
	}
	item.More = more
	item.Effect = "the zone is served as last released; a release "
	switch {
	case !item.CanFree:
		item.Effect = "the zone is served as last released; it must be mended, a release cannot help"
	case s.Gone:
		item.Effect += fmt.Sprintf("removes it and its %d names", s.Names)
	default:
		item.Effect += fmt.Sprintf("creates %d, changes %d and deletes %d names%s", s.Created, s.Changed, s.Deleted, examples(u))
	}
	return item
}

// examples names a few of the names that would go.
func examples(u *unit) string {
	var gone []zone.Name
	for n, d := range u.names {
		if d.kind == deleted {
			gone = append(gone, n)
		}
	}
	if len(gone) == 0 {
		return ""
	}
	slices.SortFunc(gone, cmp.Compare)
	text := " (" + gone[0].String()
	for _, n := range gone[1:min(3, len(gone))] {
		text += ", " + n.String()
	}
	if len(gone) > 3 {
		text += ", …"
	}
	return text + ")"
}
