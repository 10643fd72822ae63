package row

import (
	"encoding/binary"
	"fmt"
	"strings"

	"zonecast/internal/zone"
)

// State says whether an RRset of a contribution is served by the pool that it belongs to.
type State byte

// The states. An RRset outside every limited pool is Chosen.
const (
	Chosen  State = iota
	Standby       // the pool has enough without it
	Kept          // its entity has left, and too few others are there (keep_last)
)

var stateNames = [...]string{"chosen", "standby", "kept"}

// MarshalText writes chosen, standby or kept.
func (s State) MarshalText() ([]byte, error) { return []byte(stateNames[s%3]), nil }

// UnmarshalText reads what MarshalText wrote.
func (s *State) UnmarshalText(text []byte) error {
	for i, name := range stateNames {
		if string(text) == name {
			*s = State(i)
			return nil
		}
	}
	return fmt.Errorf("unknown state %.20q", text)
}

// Standing says how one RRset of a contribution came to be: as a member of its module's pool at the name and type, and
// with a number of a numbered role.
type Standing struct {
	Limited  bool   `json:"limited,omitempty"` // it belongs to a pool with limits
	State    State  `json:"state"`
	AtMost   uint32 `json:"at_most,omitempty"`   // members that the pool serves; 0: all
	KeepLast uint32 `json:"keep_last,omitempty"` // members that it never falls below once it had them
	Sticky   bool   `json:"sticky,omitempty"`
	Weight   uint32 `json:"weight,omitempty"`     // 0: only if nobody else is there
	Order    int64  `json:"order,omitempty"`      // smaller ones are chosen first
	OrderBy  string `json:"order_text,omitempty"` // after Order
	Role     string `json:"role,omitempty"`       // "": it has no number
	Number   uint32 `json:"number,omitempty"`
	Pinned   bool   `json:"pinned,omitempty"` // the entity's attribute numbers says so
}

// Served tells whether the RRset is to be served.
func (s Standing) Served() bool { return s.State != Standby }

// Why is a line for people: why it is not served, or what is special about it; "" for nothing.
func (s Standing) Why() string {
	switch {
	case s.State == Standby:
		return fmt.Sprintf("%s%d", whyStandby, s.AtMost)
	case s.State == Kept:
		return fmt.Sprintf("kept: keep_last %d", s.KeepLast)
	case s.Role == "":
		return ""
	case s.Pinned:
		return fmt.Sprintf("number %d of %s, pinned", s.Number, s.Role)
	}
	return fmt.Sprintf("number %d of %s", s.Number, s.Role)
}

const whyStandby = "standby: at_most "

// IsStandby tells whether a claim is not served because its pool has enough without it (Claim.Why).
func IsStandby(why string) bool { return strings.HasPrefix(why, whyStandby) }

const (
	standingState   = 1<<2 - 1 // two bits
	standingLimited = 1 << 2
	standingSticky  = 1 << 3
	standingNumber  = 1 << 4
	standingPinned  = 1 << 5
	standingOrder   = 1 << 6
)

func appendStanding(b []byte, s Standing) []byte {
	flags := byte(s.State) & standingState
	for _, f := range []struct {
		set bool
		bit byte
	}{{s.Limited, standingLimited}, {s.Sticky, standingSticky}, {s.Role != "", standingNumber}, {s.Pinned, standingPinned}, {s.Order != 0 || s.OrderBy != "", standingOrder}} {
		if f.set {
			flags |= f.bit
		}
	}
	b = append(b, flags)
	if s.Limited {
		b = binary.AppendUvarint(b, uint64(s.AtMost))
		b = binary.AppendUvarint(b, uint64(s.KeepLast))
		b = binary.AppendUvarint(b, uint64(s.Weight))
	}
	if flags&standingOrder != 0 {
		b = binary.AppendVarint(b, s.Order)
		b = appendString(b, s.OrderBy)
	}
	if s.Role != "" {
		b = appendString(b, s.Role)
		b = binary.AppendUvarint(b, uint64(s.Number))
	}
	return b
}

func (r *reader) standing() (s Standing) {
	flags := r.byte()
	s.State = State(flags & standingState)
	s.Limited, s.Sticky, s.Pinned = flags&standingLimited != 0, flags&standingSticky != 0, flags&standingPinned != 0
	if s.Limited {
		s.AtMost, s.KeepLast, s.Weight = r.uint32(), r.uint32(), r.uint32()
	}
	if flags&standingOrder != 0 {
		s.Order, s.OrderBy = r.signed(), r.string()
	}
	if flags&standingNumber != 0 {
		s.Role, s.Number = r.string(), r.uint32()
	}
	if s.State > Kept {
		r.fail()
	}
	return s
}

func (r *reader) uint32() uint32 {
	v := r.uint()
	if v > 1<<32-1 {
		r.fail()
	}
	return uint32(v)
}

func (r *reader) signed() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

// Pool is what a pool has that does not follow from its members: which of them it has chosen to stay with, and those that left and
// are served for want of others. A row of the pools at one owner name stands in the inventory.
type Pool struct {
	Module string    `json:"module"`
	Type   zone.Type `json:"type"`
	Chosen []string  `json:"chosen,omitempty"` // entities, sorted: of a sticky pool
	Kept   []Last    `json:"kept,omitempty"`   // who left last stands first
}

// Last is what an entity gave to a pool when it left.
type Last struct {
	Entity   string     `json:"entity"`
	Shared   bool       `json:"shared,omitempty"`
	Set      zone.RRset `json:"set"`
	Standing Standing   `json:"standing"`
}

// PrefixPool + owner name is the key of the pools' row in a table inventory.<source>.
const PrefixPool = "@pool/"

// EncodePools makes the row of the pools at a name, sorted by module and type.
func EncodePools(list []Pool) []byte {
	b := binary.AppendUvarint([]byte{format}, uint64(len(list)))
	for _, p := range list {
		b = appendString(b, p.Module)
		b = binary.AppendUvarint(b, uint64(p.Type))
		b = binary.AppendUvarint(b, uint64(len(p.Chosen)))
		for _, e := range p.Chosen {
			b = appendString(b, e)
		}
		b = binary.AppendUvarint(b, uint64(len(p.Kept)))
		for _, k := range p.Kept {
			b = appendString(b, k.Entity)
			shared := byte(0)
			if k.Shared {
				shared = 1
			}
			b = appendSet(append(b, shared), k.Set)
			b = appendStanding(b, k.Standing)
		}
	}
	return b
}

// DecodePools reads what EncodePools made.
func DecodePools(b []byte) ([]Pool, error) {
	r := open(b)
	list := make([]Pool, r.count())
	for i := range list {
		p := Pool{Module: r.string(), Type: zone.Type(r.uint())}
		for range r.count() {
			p.Chosen = append(p.Chosen, r.string())
		}
		for range r.count() {
			p.Kept = append(p.Kept, Last{Entity: r.string(), Shared: r.byte()&1 != 0, Set: r.set(), Standing: r.standing()})
		}
		list[i] = p
	}
	return list, r.end()
}
