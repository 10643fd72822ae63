package main

import (
	"fmt"
	"net/netip"
	"slices"

	"zonecast/ci/benchzone"
	"zonecast/internal/snapshot"
	"zonecast/internal/zone"
)

// What release n serves beside the bench zone follows from n alone, so that a client can tell right from wrong without
// knowing what the proxy has:
//
//   - the marker, a set of four addresses that all say n;
//   - a name that exists in odd releases only;
//   - hosts below changing: each has the address that the last release gave it that changed it. A release by delta changes
//     every tenth of them, a release by base all.

const (
	changing  = 1000 // hosts
	tenth     = 10
	setSize   = 4                          // records of the marker
	marker    = "swap." + benchzone.Origin // A
	oddName   = "odd." + benchzone.Origin  // A, in odd releases
	maxNumber = 1<<16/setSize - 1          // what the addresses below have room for
)

// address gives the v-th of the RFC 2544 addresses: 198.18 for the marker, 198.19 for hosts.
func address(net byte, v int) netip.Addr {
	return netip.AddrFrom4([4]byte{198, net, byte(v >> 8), byte(v)})
}

func markerData(n int) (list []netip.Addr) {
	for k := range setSize {
		list = append(list, address(18, n*setSize+k))
	}
	return list
}

// markerNumber tells of which release a marker is; false when its records are not of one.
func markerNumber(list []netip.Addr) (int, bool) {
	if len(list) != setSize {
		return 0, false
	}
	seen := [setSize]bool{}
	n := -1
	for _, a := range list {
		b := a.As4()
		v := int(b[2])<<8 | int(b[3])
		if b[0] != 198 || b[1] != 18 || n >= 0 && v/setSize != n || seen[v%setSize] {
			return 0, false
		}
		n, seen[v%setSize] = v/setSize, true
	}
	return n, true
}

// plan says which releases come as bases: every so many.
type plan struct{ baseEvery int }

func (p plan) byBase(n int) bool { return n%p.baseEvery == 0 }

func (p plan) changes(n, host int) bool { return n > 0 && (p.byBase(n) || host%tenth == n%tenth) }

// hostAt gives host's address in release n: its own of the bench zone until the first release that changes it.
func (p plan) hostAt(n, host int) netip.Addr {
	for ; n > 0; n-- {
		if p.changes(n, host) {
			return address(19, n)
		}
	}
	return benchzone.Address(host)
}

// delta leads from release n-1 to n.
func (p plan) delta(n int) (*snapshot.Delta, error) {
	if n > maxNumber {
		return nil, fmt.Errorf("release %d: the addresses end at %d", n, maxNumber)
	}
	changes := map[string][]netip.Addr{marker: markerData(n), oddName: nil}
	if n%2 == 1 {
		changes[oddName] = []netip.Addr{address(18, n)}
	}
	for host := range changing {
		if p.changes(n, host) {
			changes[benchzone.Host(host)] = []netip.Addr{address(19, n), benchzone.Address6(host)}
		}
	}
	d := &snapshot.Delta{}
	for name, addrs := range changes {
		owner, err := zone.ParseName(name)
		if err != nil {
			return nil, err
		}
		change := snapshot.NameChange{Name: owner} // gone
		for _, family := range []struct {
			kind zone.Type
			is   func(netip.Addr) bool
		}{{zone.TypeA, netip.Addr.Is4}, {zone.TypeAAAA, netip.Addr.Is6}} {
			set := zone.RRset{Type: family.kind, TTL: 60}
			for _, a := range addrs {
				if !family.is(a) {
					continue
				}
				data, err := zone.ParseRdata(family.kind, a.String(), "")
				if err != nil {
					return nil, err
				}
				set.Data = append(set.Data, data)
			}
			if len(set.Data) > 0 {
				set.Normalize()
				change.State, change.Sets = snapshot.Data, append(change.Sets, set)
			}
		}
		d.Names = append(d.Names, change)
	}
	slices.SortFunc(d.Names, func(a, b snapshot.NameChange) int { return a.Name.Compare(b.Name) })
	return d, nil
}
