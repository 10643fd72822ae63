package plan

import (
	"fmt"
	"slices"
	"strings"

	"zonecast/internal/zone"
)

// Drifted is a name at which a push would now do something else than what was approved, through no event of the inventory.
type Drifted struct {
	Name zone.Name
	Text string // one line: what was approved, and what it would be
}

// Now is what a stage knows at the moment of a push.
type Now struct {
	Changes []Change // what the push would do now
	// Written is the fingerprint of what people wrote at a name, as in Change.Written; "" where they wrote nothing.
	Written func(zone.Name) string
	// SameRules: every rules file is loaded as the plan has it, and as it was when the plan was made where that changes nothing.
	SameRules bool
}

// Drift compares what a push would do now with the approved plan. A name that comes out otherwise is forgiven when
// everything people wrote that decides there is as it was when the plan was made: then only the inventory, or the
// clock, can have made the difference. What is never forgiven is that the push would take an RRset away which the plan
// leaves: its other half, in rules, may not have come yet. The result is sorted by name and holds at most limit names; more counts the others.
func (p *Plan) Drift(now Now, limit int) (drifted []Drifted, more int) {
	approved := make(map[zone.Name]*Change, len(p.Changes))
	for i := range p.Changes {
		approved[p.Changes[i].Name] = &p.Changes[i]
	}
	look := func(n zone.Name, was, is *Change) {
		fingerprint := ""
		if was != nil {
			fingerprint = was.Written
		}
		if was.effect() == is.effect() || now.SameRules && now.Written(n) == fingerprint && !is.takes(was) {
			return
		}
		drifted = append(drifted, Drifted{n, fmt.Sprintf("approved: %s; now: %s", was.effect(), is.effect())})
	}
	for i := range now.Changes {
		c := &now.Changes[i]
		look(c.Name, approved[c.Name], c)
		delete(approved, c.Name)
	}
	for n, was := range approved {
		look(n, was, nil)
	}
	slices.SortFunc(drifted, func(a, b Drifted) int { return a.Name.Compare(b.Name) })
	keep := min(limit, len(drifted))
	return drifted[:keep], len(drifted) - keep
}

// takes tells whether a change takes an RRset away that the approved one leaves.
func (c *Change) takes(approved *Change) bool {
	if c == nil || approved == nil {
		return false
	}
	return slices.ContainsFunc(c.Sets, func(is SetChange) bool {
		return is.Before != nil && is.After == nil && slices.ContainsFunc(approved.Sets, func(was SetChange) bool { return was.Type == is.Type && was.After != nil })
	})
}

// effect is what is served before and after, in one line; it is the same for the same effect.
func (c *Change) effect() string {
	if c == nil {
		return "no change"
	}
	var parts []string
	for _, s := range c.Sets {
		if s.Before != nil && s.After != nil && s.Before.Equal(*s.After) {
			continue
		}
		parts = append(parts, fmt.Sprintf("%s %s -> %s", s.Type, setText(s.Before), setText(s.After)))
	}
	if len(parts) == 0 {
		return "no change"
	}
	return strings.Join(parts, ", ")
}

func setText(s *zone.RRset) string {
	if s == nil {
		return "none"
	}
	parts := make([]string, len(s.Data))
	for i, d := range s.Data {
		parts[i] = zone.RdataText(s.Type, d)
	}
	text := fmt.Sprintf("%d %s", s.TTL, strings.Join(parts, " "))
	if s.Rotate != zone.RotateNone {
		text += " rotate " + s.Rotate.String()
	}
	return text
}
