package snapshot

import (
	"math"
	"slices"
)

// moment is what a view sees of a table that goes on growing: the records up to a version, but those that a version
// which was given up left behind. It does not change.
type moment struct {
	version uint32
	skips   []span
}

// span is the versions of one release that was given up, both ends included.
type span struct{ from, to uint32 }

// maxSkips bounds what every lookup of a name in the overlay goes through; with more the table is written anew.
const maxSkips = 8

func (m *moment) sees(version uint32) bool {
	if version > m.version {
		return false
	}
	for _, s := range m.skips {
		if s.from <= version && version <= s.to {
			return false
		}
	}
	return true
}

// next gives the moment after one more version, of a table that has come as far as newest: what came after m is not
// its past. ok is false when the table must be written anew.
func (m moment) next(newest uint32) (n moment, ok bool) {
	n = moment{version: newest + 1, skips: m.skips}
	if newest > m.version {
		n.skips = append(slices.Clip(m.skips), span{m.version + 1, newest})
	}
	return n, newest < math.MaxUint32 && len(n.skips) <= maxSkips
}
