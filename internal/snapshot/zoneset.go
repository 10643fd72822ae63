package snapshot

import (
	"hash/maphash"
	"slices"

	"zonecast/internal/zone"
)

// zoneSet is a zone table as lookups want it. A name has many ancestors and few of them are apexes: whether any
// apex has an ancestor's length tells for most of them that they are none, before anything is hashed. It does not
// change. A hundred thousand zones take a handful of objects and about eight megabytes.
type zoneSet struct {
	list    []Zone    // canonical order
	slots   []uint64  // open addressing, a power of two: high half of the hash, and 1 + the place in list; 0 is free
	lengths [4]uint64 // bit n: some apex has n octets
	seed    maphash.Seed
}

// newZoneSet takes the zones in canonical order, none twice.
func newZoneSet(list []Zone) *zoneSet {
	size := 8
	for size < 2*len(list) {
		size *= 2
	}
	s := &zoneSet{list: list, slots: make([]uint64, size), seed: maphash.MakeSeed()}
	for i, z := range list {
		n := uint8(len(z.Apex))
		s.lengths[n/64] |= 1 << (n % 64)
		hash := maphash.String(s.seed, string(z.Apex))
		at := hash & uint64(size-1)
		for s.slots[at] != 0 {
			at = (at + 1) & uint64(size-1)
		}
		s.slots[at] = hash&zoneTag | uint64(i+1)
	}
	return s
}

// zoneTag is the part of the hash that a slot keeps.
const zoneTag = 0xffffffff << 32

// at gives the place in the list of the zone with this apex.
func (s *zoneSet) at(apex zone.Name) (int, bool) {
	if n := uint8(len(apex)); s.lengths[n/64]>>(n%64)&1 == 0 {
		return 0, false
	}
	hash := maphash.String(s.seed, string(apex))
	mask := uint64(len(s.slots) - 1)
	for at := hash & mask; s.slots[at] != 0; at = (at + 1) & mask {
		if slot := s.slots[at]; (slot^hash)&zoneTag == 0 {
			if i := int(uint32(slot)) - 1; s.list[i].Apex == apex {
				return i, true
			}
		}
	}
	return 0, false
}

// find gives the zone with the longest apex at or above n.
func (s *zoneSet) find(n zone.Name) (Zone, bool) {
	for ; n != ""; n = n.Parent() {
		if i, ok := s.at(n); ok {
			return s.list[i], true
		}
	}
	return Zone{}, false
}

// place is where an apex stands in the list, or would.
func (s *zoneSet) place(apex zone.Name) (at int, found bool) {
	return slices.BinarySearchFunc(s.list, apex, func(z Zone, apex zone.Name) int { return z.Apex.Compare(apex) })
}

// below tells whether there are zones below a name: in canonical order they come right after it.
func (s *zoneSet) below(n zone.Name) bool {
	at, found := s.place(n)
	if found {
		at++
	}
	return at < len(s.list) && s.list[at].Apex.Under(n)
}

// with gives the set after changes. It costs a copy of the list: zones come and go rarely.
func (s *zoneSet) with(changes []ZoneChange) *zoneSet {
	changes = slices.SortedFunc(slices.Values(changes), func(a, b ZoneChange) int { return a.Apex.Compare(b.Apex) })
	list := make([]Zone, 0, len(s.list)+len(changes))
	rest := s.list
	for _, c := range changes {
		at, had := slices.BinarySearchFunc(rest, c.Apex, func(z Zone, apex zone.Name) int { return z.Apex.Compare(apex) })
		list = append(list, rest[:at]...)
		if rest = rest[at:]; had {
			rest = rest[1:]
		}
		if !c.Gone {
			list = append(list, c.Zone)
		}
	}
	return newZoneSet(append(list, rest...))
}
