package inventory

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// PrefixNumber + role is the key of the row that says which entity has which number of a numbered role.
const PrefixNumber = "@number/"

// RoleOf gives the role if key is of a numbered role's row.
func RoleOf(key string) (string, bool) { return strings.CutPrefix(key, PrefixNumber) }

// Limits on numbered roles (P9). A role's row must fit a table's: that is some 3,500 members with names of usual length.
const (
	MaxNumber  = 9999
	MaxGrace   = 366 * 24 * 3600 // seconds
	maxRoles   = 10_000
	maxRoleRow = 112 << 10 // octets
)

// Claim is a numbered role that an entity's modules ask a number of.
type Claim struct {
	Role  string
	Grace int64 // seconds for which the number is kept once the entity has the role no more
}

// Number is what an entity has of a role.
type Number struct {
	N      int
	Pinned bool  // by the entity's attribute numbers
	Err    error // why it has none: a *NumberError
}

// RoleFull is the Check of an entity that a role has no room for.
const RoleFull = "role-full"

// NumberError says why an entity has no number.
type NumberError struct{ Check, Text string }

func (e *NumberError) Error() string { return e.Check + ": " + e.Text }

// Demand is what one entity asks: all of its roles, and the numbers that its attributes pin.
type Demand struct {
	Entity  string
	Claims  []Claim
	Pins    map[string]int // by role
	Unknown bool           // its modules could not be asked: what it has stays
	Gone    bool           // it was deleted
}

// Member is one entity in a role's row. Members stand in order of joining.
type Member struct {
	Entity string `json:"entity"`
	N      int    `json:"number"`          // 0: none yet, since its pin is taken
	Pin    int    `json:"pin,omitempty"`   // the number that the entity's attributes ask for; 0: any
	Grace  int64  `json:"grace"`           // seconds
	Until  int64  `json:"until,omitempty"` // Unix seconds: it has the role no more and gives its number back then; 0: it has the role
}

// Role is one numbered role: who has which number.
type Role struct {
	name    string
	members []*Member
	of      map[string]*Member // by entity
	holder  map[int]*Member    // by number
	size    int                // of the row, never less
	gone    map[string]bool    // entities that settle took out
	pending bool               // a member waits for the number that it pins
	full    bool               // somebody was turned away
}

func newRole(name string) *Role {
	return &Role{name: name, of: map[string]*Member{}, holder: map[int]*Member{}}
}

func sizeOfMember(entity string) int { return len(entity) + 20 }

func (r *Role) add(m *Member) {
	r.members = append(r.members, m)
	r.of[m.Entity] = m
	r.size += sizeOfMember(m.Entity)
	if m.N > 0 {
		r.holder[m.N] = m
	}
}

func (r *Role) remove(m *Member) {
	r.members = slices.DeleteFunc(r.members, func(o *Member) bool { return o == m })
	delete(r.of, m.Entity)
	r.size -= sizeOfMember(m.Entity)
	r.free(m)
}

func (r *Role) free(m *Member) {
	if r.holder[m.N] == m {
		delete(r.holder, m.N)
	}
	m.N = 0
}

func (r *Role) take(m *Member, n int) {
	r.free(m)
	m.N = n
	r.holder[n] = m
}

// settle gives numbers to those who have none, or not the one that is pinned. A pin wins over whoever holds its number
// unpinned, and over one that has left, but for those whose last good records stay, which have the number's name; of two pins
// the one that was there first has it. The rest get the lowest free numbers in order of joining. It calls renumbered for who
// lost a number to a pin, or got another one than it had.
func (r *Role) settle(stays func(entity string) bool, renumbered func(entity string)) {
	for again := true; again; { // a pin that moves may free the one another waits for; every round settles one at least
		again = false
		for _, m := range slices.Clone(r.members) {
			if m.Pin == 0 || m.N == m.Pin || m.Until != 0 {
				continue
			}
			h := r.holder[m.Pin]
			switch {
			case h == nil:
			case h.Until != 0:
				r.remove(h)
				if r.gone == nil {
					r.gone = map[string]bool{}
				}
				r.gone[h.Entity] = true
			case stays(h.Entity):
				continue
			case h.Pin == h.N:
				continue
			default:
				r.free(h)
				renumbered(h.Entity)
			}
			again = again || m.N != 0
			r.take(m, m.Pin)
			renumbered(m.Entity)
		}
	}
	next := 1
	r.pending = false
	for _, m := range r.members {
		r.pending = r.pending || m.waits()
		if m.N != 0 || m.Pin != 0 || m.Until != 0 {
			continue
		}
		for r.holder[next] != nil {
			next++
		}
		r.take(m, next)
		renumbered(m.Entity)
	}
}

// waits tells whether a member waits for the number that it pins.
func (m *Member) waits() bool { return m.Pin != 0 && m.N != m.Pin && m.Until == 0 }

// number is what a member has.
func (r *Role) number(entity string) Number {
	m := r.of[entity]
	switch {
	case m == nil:
		return Number{Err: &NumberError{RoleFull, fmt.Sprintf("role %q has as many members as its row takes, %d", r.name, len(r.members))}}
	case m.N == 0 || m.Pin != 0 && m.N != m.Pin:
		by := "pinned by another entity too"
		if h := r.holder[m.Pin]; h != nil && h.Pin == m.Pin {
			by = fmt.Sprintf("pinned by %s too", h.Entity)
		} else if h != nil {
			by = fmt.Sprintf("that of %s, whose last good records stay", h.Entity)
		}
		return Number{Err: &NumberError{"number-taken", fmt.Sprintf("number %d of role %q is %s", m.Pin, r.name, by)}}
	}
	return Number{N: m.N, Pinned: m.Pin != 0}
}

const roleFormat = 1

// encode makes the role's row.
func (r *Role) encode() []byte {
	b := binary.AppendUvarint([]byte{roleFormat}, uint64(len(r.members)))
	for _, m := range r.members {
		b = appendBytes(b, m.Entity)
		for _, v := range []uint64{uint64(m.N), uint64(m.Pin), uint64(m.Grace), uint64(m.Until)} {
			b = binary.AppendUvarint(b, v)
		}
	}
	return b
}

// DecodeRole reads the row of a numbered role.
func DecodeRole(b []byte) ([]Member, error) {
	d := decoder{b: b}
	if v := d.byte(); v != roleFormat {
		return nil, fmt.Errorf("%w: role of format %d", ErrCorrupt, v)
	}
	members := make([]Member, d.count())
	for i := range members {
		m := Member{Entity: string(d.bytes()), N: int(d.uint()), Pin: int(d.uint()), Grace: int64(d.uint()), Until: int64(d.uint())}
		if m.N > 2*MaxNumber || m.N < 0 || m.Pin > MaxNumber || m.Pin < 0 || m.Grace < 0 || m.Until < 0 {
			return nil, ErrCorrupt
		}
		members[i] = m
	}
	if d.bad || len(d.b) > 0 {
		return nil, ErrCorrupt
	}
	return members, nil
}

var errTwice = errors.New("two members have one number")
