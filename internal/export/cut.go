package export

import (
	"zonecast/internal/snapshot"
	"zonecast/internal/zone"
)

// cuts tells, of a zone's nodes in canonical order, which stand at or below a delegation: what is below follows right
// after it.
type cuts struct{ at zone.Name }

// enter takes the next node in. at: it is a delegation; below: it stands below one.
func (c *cuts) enter(z snapshot.Zone, n snapshot.Node) (at, below bool) {
	if c.at != "" && n.Name.Under(c.at) {
		return false, true
	}
	c.at = ""
	if _, servers := zone.FindSet(n.Sets, zone.TypeNS); servers && n.Name != z.Apex {
		c.at = n.Name
		return true, false
	}
	return false, false
}
