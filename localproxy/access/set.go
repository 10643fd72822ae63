package access

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"
)

// Set holds addresses. It does not change, so any number of goroutines may ask it. The zero value is empty.
type Set struct {
	loopback bool // all of it belongs: on a host hardly anybody else asks, so that is looked at first
	four     []span4
	six      []span6
}

// The spans of a family are sorted and do not touch each other.
type (
	span4  struct{ first, last uint32 }
	span6  struct{ first, last number }
	number struct{ high, low uint64 }
)

func (a number) compare(b number) int {
	if c := cmp.Compare(a.high, b.high); c != 0 {
		return c
	}
	return cmp.Compare(a.low, b.low)
}

// next gives a+1; from the last address there is none.
func (a number) next() (number, bool) {
	a.low++
	if a.low == 0 {
		a.high++
	}
	return a, a != number{}
}

// NewSet compiles networks.
func NewSet(networks []netip.Prefix) *Set {
	s := &Set{}
	for _, p := range networks {
		first := p.Masked().Addr()
		if first.Is4() {
			f := four(first)
			s.four = append(s.four, span4{f, f | uint32(1<<(32-p.Bits())-1)})
			continue
		}
		f := six(first)
		last := number{f.high, ^uint64(0)}
		if p.Bits() <= 64 {
			last.high |= ^uint64(0) >> p.Bits() // Go shifts by 64 to 0
		} else {
			last.low = f.low | ^uint64(0)>>(p.Bits()-64)
		}
		s.six = append(s.six, span6{f, last})
	}
	s.join()
	s.loopback = true
	for _, p := range loopbacks {
		s.loopback = s.loopback && s.covers(p)
	}
	return s
}

// covers tells whether all of a network belongs: spans do not touch, so both ends lie in the same one or it does not.
func (s *Set) covers(p netip.Prefix) bool {
	if p.Addr().Is4() {
		first := four(p.Addr())
		last := first | uint32(1<<(32-p.Bits())-1)
		return slices.ContainsFunc(s.four, func(a span4) bool { return a.first <= first && last <= a.last })
	}
	return s.Has(p.Addr()) // ::1 alone
}

// join sorts the spans and makes one of those that overlap or touch.
func (s *Set) join() {
	slices.SortFunc(s.four, func(a, b span4) int { return cmp.Compare(a.first, b.first) })
	joined := s.four[:0]
	for _, next := range s.four {
		if n := len(joined); n > 0 && uint64(next.first) <= uint64(joined[n-1].last)+1 {
			joined[n-1].last = max(joined[n-1].last, next.last)
			continue
		}
		joined = append(joined, next)
	}
	s.four = joined
	slices.SortFunc(s.six, func(a, b span6) int { return a.first.compare(b.first) })
	wide := s.six[:0]
	for _, next := range s.six {
		if n := len(wide); n > 0 {
			last := &wide[n-1].last
			if beyond, more := last.next(); !more || next.first.compare(beyond) <= 0 {
				if next.last.compare(*last) > 0 {
					*last = next.last
				}
				continue
			}
		}
		wide = append(wide, next)
	}
	s.six = wide
}

// Has tells whether an address belongs. IPv4 within IPv6 (::ffff:192.0.2.1) is the IPv4 address; the zone of a
// link-local address does not count.
func (s *Set) Has(addr netip.Addr) bool {
	if s.loopback && addr.IsLoopback() {
		return true
	}
	if addr.Is4() || addr.Is4In6() {
		n := four(addr)
		low, high := 0, len(s.four) // the first span that begins after n is in [low, high]
		for low < high {
			if middle := int(uint(low+high) >> 1); s.four[middle].first <= n {
				low = middle + 1
			} else {
				high = middle
			}
		}
		return low > 0 && n <= s.four[low-1].last
	}
	if !addr.IsValid() {
		return false
	}
	n := six(addr)
	low, high := 0, len(s.six)
	for low < high {
		if middle := int(uint(low+high) >> 1); s.six[middle].first.compare(n) <= 0 {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low > 0 && n.compare(s.six[low-1].last) <= 0
}

func four(a netip.Addr) uint32 {
	b := a.As4() // also of an IPv4 address in its IPv6 form
	return binary.BigEndian.Uint32(b[:])
}

func six(a netip.Addr) number {
	b := a.As16()
	return number{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
}
