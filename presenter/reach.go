package presenter

import "zonecast/internal/zone"

// reach follows what names say of other names.
type reach struct {
	world *world
	sets  func(zone.Name) []zone.RRset // served at a name
	whole func(apex zone.Name) bool    // whether all names of a zone are known
}

// exists tells whether a name in our zones has records, by itself, by a wildcard, below a DNAME or below a delegation.
// Names of other people's zones, and of zones with errors, are taken to exist.
func (r reach) exists(n zone.Name) bool {
	apex := r.world.zoneOf(n)
	if !r.whole(apex) || len(r.sets(n)) > 0 {
		return true
	}
	if pl := r.world.place(n); pl.Cut != "" || pl.DNAME != "" {
		return true
	}
	for up := n; up != apex; {
		up = up.Parent()
		if w, err := up.Child("*"); err == nil && len(r.sets(w)) > 0 {
			return true
		}
	}
	return false
}

// loops follows CNAMEs from n and tells whether they come back to it.
func (r reach) loops(n zone.Name) bool {
	at := n
	for range 64 {
		set, ok := zone.FindSet(r.sets(at), zone.TypeCNAME)
		if !ok {
			return false
		}
		if at, _ = zone.Target(set.Type, set.Data[0]); at == n {
			return true
		}
	}
	return false
}
