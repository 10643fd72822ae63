// Package override reads what people's overrides are and do out of the row of a name in table presented: whether each is in
// force, what it shadows, and whether it still matters. It is what `zonecast overrides`, GET /v1/overrides and the presenter's
// metrics say of them. Pure: a row in, a list out.
package override

import (
	"slices"

	"zonecast/internal/row"
	"zonecast/internal/zone"
)

// What becomes of an override.
const (
	InForce  = "in-force"
	Expired  = "expired"
	Shadowed = "shadowed" // not served itself: Why says the reason
)

// Why an override no longer matters.
const (
	Same    = "same"    // what would be served without it is now the same
	Nothing = "nothing" // nothing is there any more that it would replace or mask
)

// Override is a record of a person that changes, or changed, what rules generate.
type Override struct {
	Name    zone.Name   `json:"name"`
	Type    zone.Type   `json:"type"` // 255 (ANY) of a mask that gives none
	Zone    zone.Name   `json:"zone"`
	Mode    string      `json:"mode,omitempty"`
	Scope   string      `json:"scope,omitempty"`
	Set     zone.RRset  `json:"set"` // no data in a mask
	State   string      `json:"state"`
	Why     string      `json:"why,omitempty"`   // of a shadowed one
	Stale   string      `json:"stale,omitempty"` // "" while it matters, or it is not known
	Shadows []row.Claim `json:"shadows,omitempty"`
	Reason  string      `json:"reason,omitempty"`
	Expires int64       `json:"expires,omitempty"` // Unix seconds; 0 is never
	Since   int64       `json:"since,omitempty"`   // Unix seconds: when the load came that last changed it; 0 is not known
	Commit  string      `json:"commit,omitempty"`
	By      string      `json:"by,omitempty"` // who brought it, as far as it is known
	File    string      `json:"file"`         // path in the repository; "@override/<id>" of one set by hand
	Line    int         `json:"line,omitempty"`
	Column  int         `json:"column,omitempty"`
}

// IsOne tells whether a record of a person is an override: it has a mode, or an end. Records without either that meet
// generated ones are conflicts.
func IsOne(o row.Origin) bool { return o.Human() && (o.Mode != "" || o.Expires != 0) }

// At lists the overrides at a name, those in force first.
func At(name zone.Name, p row.Presented) (list []Override) {
	for _, c := range p.Claims {
		if IsOne(c.Origin) {
			o := of(name, p, c)
			o.State, o.Shadows = InForce, shadowedBy(c, p.Shadowed)
			o.Stale = stale(c, o.Shadows, p.Claims)
			list = append(list, o)
		}
	}
	for _, c := range p.Shadowed {
		if IsOne(c.Origin) {
			o := of(name, p, c)
			o.State = Shadowed
			if o.Why = c.Why; c.Why == "expired" {
				o.State, o.Why = Expired, ""
			}
			list = append(list, o)
		}
	}
	return list
}

func of(name zone.Name, p row.Presented, c row.Claim) Override {
	o := c.Origin
	return Override{Name: name, Type: c.Set.Type, Zone: p.Zone, Mode: o.Mode, Scope: o.Scope, Set: c.Set, Reason: o.Reason,
		Expires: o.Expires, Commit: o.Commit, By: o.Author, File: o.File}
}

// shadowedBy finds what gave way to an override in force: what is generated, and for one set by hand what files say too.
func shadowedBy(c row.Claim, shadowed []row.Claim) (list []row.Claim) {
	for _, s := range shadowed {
		if s.Why != "override" && s.Why != "mask" || s.Origin.Glass() || s.Origin.Human() && !c.Origin.Glass() {
			continue
		}
		if s.Set.Type == c.Set.Type || c.Origin.Scope == "name" || c.Origin.Mode == "replace" && c.Set.Type == zone.TypeCNAME ||
			c.Origin.Glass() && s.Set.Type == zone.TypeCNAME {
			list = append(list, s)
		}
	}
	return list
}

// stale tells why an override in force changes nothing.
func stale(c row.Claim, shadows, claims []row.Claim) string {
	switch c.Origin.Mode {
	case "mask":
		if len(shadows) == 0 {
			return Nothing
		}
	case "replace":
		if len(shadows) == 0 {
			return Nothing
		}
		if !slices.ContainsFunc(shadows, func(s row.Claim) bool { return s.Set.Type != c.Set.Type }) && holds(shadows, c.Set) && len(union(shadows, c.Set.Type)) == len(c.Set.Data) {
			return Same
		}
	case "merge":
		others := slices.DeleteFunc(slices.Clone(claims), func(o row.Claim) bool { return o.Origin.Human() })
		if holds(others, c.Set) {
			return Same
		}
	}
	return ""
}

// holds tells whether claims give all of a set's data.
func holds(claims []row.Claim, set zone.RRset) bool {
	all := union(claims, set.Type)
	for _, d := range set.Data {
		if !all[d] {
			return false
		}
	}
	return len(set.Data) > 0
}

func union(claims []row.Claim, t zone.Type) map[zone.Rdata]bool {
	all := map[zone.Rdata]bool{}
	for _, c := range claims {
		if c.Set.Type == t {
			for _, d := range c.Set.Data {
				all[d] = true
			}
		}
	}
	return all
}
