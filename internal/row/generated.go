package row

import (
	"encoding/binary"

	"zonecast/internal/zone"
)

// Contribution is the records that one module gives for one entity at one owner name. A row of a table
// generated.<source> has the owner name (presentation form) as key and the contributions at it, sorted by
// module and entity, as value.
type Contribution struct {
	Module string       `json:"module"`
	Entity string       `json:"entity"`           // kind/id
	Shared bool         `json:"shared,omitempty"` // the module said `shared: true`: united across sources that say so too
	Sets   []zone.RRset `json:"sets"`             // normalized, sorted by type
	// How the sets stand, one for each; nil where there is nothing to say: no pool with limits, no number.
	Standings []Standing `json:"standings,omitempty"`
}

const (
	flagShared    = 1 << iota
	flagStandings // after the sets stands one Standing for each
)

// EncodeContributions makes the value of a generated row.
func EncodeContributions(list []Contribution) []byte {
	b := binary.AppendUvarint([]byte{format}, uint64(len(list)))
	for _, c := range list {
		b = appendString(b, c.Module)
		b = appendString(b, c.Entity)
		flags := byte(0)
		if c.Shared {
			flags = flagShared
		}
		if c.Standings != nil {
			flags |= flagStandings
		}
		b = append(b, flags)
		b = appendSets(b, c.Sets)
		for _, s := range c.Standings {
			b = appendStanding(b, s)
		}
	}
	return b
}

// DecodeContributions reads what EncodeContributions made.
func DecodeContributions(b []byte) ([]Contribution, error) {
	r := open(b)
	list := make([]Contribution, r.count())
	for i := range list {
		c := &list[i]
		c.Module, c.Entity = r.string(), r.string()
		flags := r.byte()
		c.Shared, c.Sets = flags&flagShared != 0, r.sets()
		if flags&flagStandings != 0 && r.err == nil {
			c.Standings = make([]Standing, len(c.Sets))
			for j := range c.Standings {
				c.Standings[j] = r.standing()
			}
		}
	}
	return list, r.end()
}
