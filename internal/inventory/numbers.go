package inventory

import (
	"fmt"
	"maps"
	"slices"
)

// Numbers are all numbered roles of a source. One goroutine uses them at a time.
type Numbers struct {
	roles map[string]*Role
	of    map[string][]string // the roles in which an entity is a member, sorted
	dirty map[string]bool     // roles whose row is behind
	full  bool                // a role was turned away
	room  bool                // there is room where somebody was turned away
	due   int64               // no number is given back before, Unix seconds; 0: none is on its way back
}

// NewNumbers gives the numbers of a source that has none yet.
func NewNumbers() *Numbers {
	return &Numbers{roles: map[string]*Role{}, of: map[string][]string{}, dirty: map[string]bool{}}
}

// Load takes in the row of a role.
func (s *Numbers) Load(role string, row []byte) error {
	members, err := DecodeRole(row)
	if err != nil {
		return err
	}
	r := newRole(role)
	for _, m := range members {
		if r.of[m.Entity] != nil || r.holder[m.N] != nil {
			return fmt.Errorf("%w: role %q: %w", ErrCorrupt, role, errTwice)
		}
		r.add(&m)
		r.pending = r.pending || m.waits()
		s.join(m.Entity, role)
		s.expect(m.Until)
	}
	r.full = r.size+sizeOfMember("")+MaxID > maxRoleRow // nobody knows: who is asked once more does no harm
	s.roles[role] = r
	return nil
}

// Clone gives numbers that go their own way from here.
func (s *Numbers) Clone() *Numbers {
	c := &Numbers{roles: make(map[string]*Role, len(s.roles)), of: make(map[string][]string, len(s.of)), dirty: maps.Clone(s.dirty), full: s.full, room: s.room, due: s.due}
	for name, r := range s.roles {
		next := newRole(name)
		for _, m := range r.members {
			member := *m
			next.add(&member)
		}
		next.size, next.pending, next.full = r.size, r.pending, r.full
		c.roles[name] = next
	}
	for entity, roles := range s.of {
		c.of[entity] = slices.Clone(roles)
	}
	return c
}

func (s *Numbers) expect(until int64) {
	if until != 0 && (s.due == 0 || until < s.due) {
		s.due = until
	}
}

func (s *Numbers) join(entity, role string) {
	list := s.of[entity]
	if i, found := slices.BinarySearch(list, role); !found {
		s.of[entity] = slices.Insert(list, i, role)
	}
}

// part takes a member out for good.
func (s *Numbers) part(r *Role, m *Member) {
	r.remove(m)
	s.left(r, m.Entity)
}

// left forgets that an entity was a member of a role.
func (s *Numbers) left(r *Role, entity string) {
	s.forget(entity, r.name)
	s.room, r.full = s.room || r.full, false
}

// Room tells, once, whether there is room again in a role that turned an entity away.
func (s *Numbers) Room() bool {
	room := s.room
	s.room = false
	return room
}

func (s *Numbers) forget(entity, role string) {
	list := slices.DeleteFunc(s.of[entity], func(o string) bool { return o == role })
	if s.of[entity] = list; len(list) == 0 {
		delete(s.of, entity)
	}
}

// Empty tells whether nothing has a number.
func (s *Numbers) Empty() bool { return len(s.roles) == 0 }

// Roles counts the numbered roles, and their members with those whose number is on its way back.
func (s *Numbers) Roles() (roles, members int) {
	for _, r := range s.roles {
		members += len(r.members)
	}
	return len(s.roles), members
}

// Member tells whether the entity has a number, or had one that is still its own.
func (s *Numbers) Member(entity string) bool { return len(s.of[entity]) > 0 }

// Settle brings the numbers up to date with what these entities ask, at a time in Unix seconds: first all that leave,
// then pins, then the lowest free numbers, in the order of the list. Stays tells of an entity that is not in the list whether
// its last good records stay; no pin takes its number. It gives the entities whose number changed though they are not in the list, sorted.
func (s *Numbers) Settle(list []Demand, now int64, stays func(entity string) bool) (renumbered []string) {
	touched, asked, unknown := map[string]bool{}, make(map[string]bool, len(list)), map[string]bool{}
	for _, d := range list {
		asked[d.Entity], unknown[d.Entity] = true, d.Unknown
		for _, role := range slices.Clone(s.of[d.Entity]) {
			if !d.Unknown && !slices.ContainsFunc(d.Claims, func(c Claim) bool { return c.Role == role }) && s.leave(role, d, now) {
				touched[role] = true
			}
		}
	}
	for _, d := range list {
		for _, c := range d.Claims {
			if s.ask(d, c) || s.roles[c.Role] != nil && s.roles[c.Role].pending {
				touched[c.Role] = true
			}
		}
	}
	others := map[string]bool{}
	for role := range touched {
		r := s.roles[role]
		r.settle(func(entity string) bool {
			if asked[entity] {
				return unknown[entity]
			}
			return stays(entity)
		}, func(entity string) {
			if !asked[entity] {
				others[entity] = true
			}
		})
		s.dirty[role] = true
		for entity := range r.gone {
			s.left(r, entity)
		}
		r.gone = nil
	}
	return slices.Sorted(maps.Keys(others))
}

// leave notes that an entity has a role no more, and tells whether that is news. Without grace the number of one that is still
// there is given back by the next commit: in this one the guard may find that its records stay (Stay).
func (s *Numbers) leave(role string, d Demand, now int64) bool {
	r := s.roles[role]
	m := r.of[d.Entity]
	switch {
	case m.Until != 0:
		return false
	case m.Grace == 0 && d.Gone || m.N == 0:
		s.part(r, m)
	default:
		m.Until, m.Pin = now+m.Grace, 0
		s.expect(m.Until)
	}
	return true
}

// ask notes what an entity asks of a role, and tells whether that is news.
func (s *Numbers) ask(d Demand, c Claim) bool {
	r := s.roles[c.Role]
	if r == nil {
		if len(s.roles) >= maxRoles {
			s.full = true
			return false
		}
		r = newRole(c.Role)
		s.roles[c.Role] = r
	}
	pin := d.Pins[c.Role]
	m := r.of[d.Entity]
	switch {
	case m == nil && r.size+sizeOfMember(d.Entity) > maxRoleRow:
		r.full = true
		return false
	case m == nil:
		r.add(&Member{Entity: d.Entity, Pin: pin, Grace: c.Grace})
		s.join(d.Entity, c.Role)
		return true
	case m.Until == 0 && m.Pin == pin && m.Grace == c.Grace:
		return false
	}
	m.Until, m.Pin, m.Grace = 0, pin, c.Grace
	return true
}

// Expire gives numbers back whose time has come.
func (s *Numbers) Expire(now int64) {
	if s.due == 0 || now < s.due {
		return
	}
	s.due = 0
	for role, r := range s.roles {
		for _, m := range slices.Clone(r.members) {
			switch {
			case m.Until == 0:
			case m.Until <= now:
				s.part(r, m)
				s.dirty[role] = true
			default:
				s.expect(m.Until)
			}
		}
	}
}

// Of gives an entity's numbers by role, for these claims.
func (s *Numbers) Of(entity string, claims []Claim) map[string]Number {
	if len(claims) == 0 {
		return nil
	}
	numbers := make(map[string]Number, len(claims))
	for _, c := range claims {
		if r := s.roles[c.Role]; r != nil {
			numbers[c.Role] = r.number(entity)
		} else {
			numbers[c.Role] = Number{Err: &NumberError{RoleFull, fmt.Sprintf("there are %d numbered roles, as many as there can be", len(s.roles))}}
		}
	}
	return numbers
}

// Leaves tells whether an entity has a role that is not among these claims. It changes nothing.
func (s *Numbers) Leaves(entity string, claims []Claim) bool {
	return slices.ContainsFunc(s.of[entity], func(role string) bool {
		return s.roles[role].of[entity].Until == 0 && !slices.ContainsFunc(claims, func(c Claim) bool { return c.Role == role })
	})
}

// Tried gives the numbers that an entity has of these roles, and 1 where it would have to be given one: to see what a
// module would do. It changes nothing.
func (s *Numbers) Tried(entity string, claims []Claim) map[string]Number {
	numbers := make(map[string]Number, len(claims))
	for _, c := range claims {
		numbers[c.Role] = Number{N: 1}
		if r := s.roles[c.Role]; r != nil && r.of[entity] != nil && r.of[entity].N > 0 {
			numbers[c.Role] = Number{N: r.of[entity].N}
		}
	}
	return numbers
}

// Stay takes back that an entity has left roles: its records stay though its modules ask for no number any more.
func (s *Numbers) Stay(entity string) {
	for _, role := range s.of[entity] {
		if m := s.roles[role].of[entity]; m.Until != 0 {
			m.Until = 0
			s.dirty[role] = true
		}
	}
}

// Changed gives the rows that are behind, by role; nil for one that is to go. They count as written then.
func (s *Numbers) Changed() map[string][]byte {
	if len(s.dirty) == 0 {
		return nil
	}
	rows := make(map[string][]byte, len(s.dirty))
	for role := range s.dirty {
		rows[role] = nil
		if r := s.roles[role]; len(r.members) == 0 {
			delete(s.roles, role)
			s.room, s.full = s.room || s.full, false
		} else {
			rows[role] = r.encode()
		}
	}
	clear(s.dirty)
	return rows
}
