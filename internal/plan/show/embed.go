package show

import (
	"bufio"
	"encoding/json"

	"zonecast/internal/plan"
	"zonecast/internal/zone"
)

// The page's own form of the changes: short keys, and each zone, type and cause once. page.js reads it.
type (
	pageChange struct {
		Name    string    `json:"n"`
		Zone    int       `json:"z"`
		Kind    int       `json:"k"`
		Stopped int       `json:"x,omitempty"`
		Sets    []pageSet `json:"s"`
	}
	pageSet struct {
		Type      int         `json:"t"`
		Before    *pageValues `json:"b,omitempty"`
		After     *pageValues `json:"a,omitempty"`
		Causes    []int       `json:"c,omitempty"`
		Was       []int       `json:"w,omitempty"`
		Shadows   []int       `json:"h,omitempty"`
		Unshadows []int       `json:"u,omitempty"`
	}
	pageValues struct {
		TTL    uint32   `json:"l"`
		Rotate string   `json:"r,omitempty"`
		Values []string `json:"v"`
	}
	pageCause struct {
		Text     string `json:"t"`
		Why      string `json:"y,omitempty"`
		Claimant int    `json:"c"`
	}
)

// numbered gives each value a number in order of appearance.
type numbered[T comparable] struct {
	list []T
	at   map[T]int
}

func (n *numbered[T]) of(v T) int {
	i, ok := n.at[v]
	if !ok {
		if n.at == nil {
			n.at = make(map[T]int)
		}
		i = len(n.list)
		n.at[v], n.list = i, append(n.list, v)
	}
	return i
}

type embedder struct {
	zones     numbered[string]
	types     numbered[string]
	claimants numbered[string]
	causes    numbered[pageCause]
}

// embed writes one JSON object. Each change is encoded by itself: a hundred thousand are never in memory twice.
func embed(out *bufio.Writer, p *plan.Plan, zones []group) error {
	e := new(embedder)
	for _, g := range zones {
		e.zones.of(g.Zone.String())
	}
	stopped := stopsOf(p)
	out.WriteString(`{"changes":[`)
	for i := range p.Changes {
		if i > 0 {
			out.WriteByte(',')
		}
		c := e.change(&p.Changes[i])
		if stopped.hit(&p.Changes[i]) {
			c.Stopped = 1
		}
		text, err := json.Marshal(c)
		if err != nil {
			return err
		}
		out.Write(text)
	}
	out.WriteByte(']')
	for _, table := range []struct {
		key  string
		list any
	}{{"zones", e.zones.list}, {"types", e.types.list}, {"causes", e.causes.list}, {"claimants", e.claimants.list}} {
		text, err := json.Marshal(table.list)
		if err != nil {
			return err
		}
		if string(text) == "null" {
			text = []byte("[]")
		}
		out.WriteString(`,"` + table.key + `":`)
		out.Write(text)
	}
	out.WriteByte('}')
	return nil
}

var kindNumbers = map[plan.Kind]int{plan.Created: 0, plan.Changed: 1, plan.Deleted: 2, plan.Touched: 3}

func (e *embedder) change(c *plan.Change) pageChange {
	kind, ok := kindNumbers[c.Kind]
	if !ok {
		kind = kindNumbers[plan.Changed]
	}
	out := pageChange{Name: c.Name.String(), Zone: e.zones.of(c.Zone.String()), Kind: kind, Sets: make([]pageSet, len(c.Sets))}
	for i := range c.Sets {
		s := &c.Sets[i]
		out.Sets[i] = pageSet{Type: e.types.of(s.Type.String()), Before: pageValuesOf(s.Before), After: pageValuesOf(s.After),
			Causes: e.list(s.Causes), Was: e.list(s.Was), Shadows: e.list(s.Shadows), Unshadows: e.list(s.Unshadows)}
	}
	return out
}

func (e *embedder) list(causes []plan.Cause) []int {
	var out []int
	for _, c := range causes {
		why, ok := whyTexts[c.Why]
		if !ok {
			why = clean(c.Why)
		}
		out = append(out, e.causes.of(pageCause{causeText(c), why, e.claimants.of(claimant(c))}))
	}
	return out
}

func pageValuesOf(s *zone.RRset) *pageValues {
	if s == nil {
		return nil
	}
	return &pageValues{TTL: s.TTL, Rotate: rotation(s), Values: values(s)}
}
