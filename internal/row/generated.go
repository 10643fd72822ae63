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
}

// EncodeContributions makes the value of a generated row.
func EncodeContributions(list []Contribution) []byte {
	b := binary.AppendUvarint([]byte{format}, uint64(len(list)))
	for _, c := range list {
		b = appendString(b, c.Module)
		b = appendString(b, c.Entity)
		flags := byte(0)
		if c.Shared {
			flags = 1
		}
		b = append(b, flags)
		b = appendSets(b, c.Sets)
	}
	return b
}

// DecodeContributions reads what EncodeContributions made.
func DecodeContributions(b []byte) ([]Contribution, error) {
	r := open(b)
	list := make([]Contribution, r.count())
	for i := range list {
		list[i] = Contribution{Module: r.string(), Entity: r.string(), Shared: r.byte()&1 != 0, Sets: r.sets()}
	}
	return list, r.end()
}
