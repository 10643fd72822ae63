package policy

import (
	"zonecast/internal/row"
	"zonecast/internal/zone"
)

// Change is what happens to one RRset.
type Change struct {
	Zone   zone.Name
	Name   zone.Name
	Type   zone.Type
	Before *zone.RRset // as served; nil: it is created
	After  *zone.RRset // as it is to be; nil: it is deleted. Equal to Before: it is kept
	// Origin is who causes what is there after the change; of a deletion, the mask that takes it away, or nothing.
	Origin row.Origin
}

// What a change can be.
const (
	Created = "created"
	Changed = "changed"
	Deleted = "deleted"
	Kept    = "kept"
)

// Kind of the change: Created, Changed, Deleted or Kept.
func (c *Change) Kind() string {
	switch {
	case c.After == nil:
		return Deleted
	case c.Before == nil:
		return Created
	case c.Before.Equal(*c.After):
		return Kept
	}
	return Changed
}

// set is what the fields ttl and values are about: what is to be served, or what goes.
func (c *Change) set() *zone.RRset {
	if c.After != nil {
		return c.After
	}
	return c.Before
}
