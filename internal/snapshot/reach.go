package snapshot

import (
	"runtime"
	"unsafe"

	"zonecast/internal/zone"
)

// Reach is how a walk from a zone's apex down would fare on its way to a name (RFC 1034 4.3.2: the first zone cut
// or DNAME on the way hides everything below it).
type Reach uint8

// The reaches.
const (
	Absent  Reach = iota // no node has the name; a cut or a DNAME further up may have the answer all the same
	Unsure               // the node is there, and perhaps hidden: walk to find out
	Reached              // the node is there, and nothing between it and the apex hides it: the walk ends at it
)

func (r Reach) String() string { return [...]string{"absent", "unsure", "reached"}[r] }

// Hash is what Reach and Warm want of a name in wire form and lower case. It holds for every view over one base.
func (v *View) Hash(wire []byte) uint64 { return v.base.hash.sum(wire) }

// Reach is Find that spares its caller the walk. apex is that of the zone that FindZone gives for the name, and
// hash what Hash gives for it. The promise of Reached: every name from the apex down to this one is a node (as deltas
// made by Tree keep it), none of those above it has a DNAME, and none between the apex and it has an NS set. What the
// node itself has is for the caller to look at: an NS set at another name than the apex makes it a cut.
//
// The way up from a name that is Absent: the first ancestor that is Reached is its closest encloser, where the walk
// would have ended (there its own NS set and DNAME count); if it is Unsure, walk. For DS at the apex of a zone inside
// another one, which the upper zone answers, walk too.
//
// Reached is never wrong, Unsure sometimes is: below a cut that deltas took away or made an apex, and after they took away a
// zone, until the next base. Like Find it allocates nothing.
func (v *View) Reach(apex zone.Name, wire []byte, hash uint64) (Ref, Reach) {
	body, hidden, ok := v.find(wire, hash)
	switch {
	case !ok:
		return Ref{}, Absent
	case hidden || v.merged || v.cuts && v.overlayHides(apex, wire):
		return Ref{body}, Unsure
	}
	return Ref{body}, Reached
}

// overlayHides tells whether a delta put a cut or a DNAME between the apex and the name, or a DNAME at the apex. What
// the base has there is known without looking.
func (v *View) overlayHides(apex zone.Name, wire []byte) bool {
	for len(wire) > len(apex) {
		wire = wire[1+int(wire[0]):]
		r := v.over.find(&v.at, v.base.hash.sum(wire), wire)
		if r != nil && (Ref{r.body()}).hides(len(wire) == len(apex)) {
			return true
		}
	}
	return false
}

// hides tells whether names below a node are hidden by it.
func (r Ref) hides(apex bool) bool {
	return r.Flags()&HasDNAME != 0 || !apex && r.Flags()&HasNS != 0
}

// Warm reads what the lookups of these names will read first, so that a batch of them waits for memory once
// instead of once each. It is worth its cost where the base is far larger than the processor's cache, and for three
// names or more; hashes are of Hash.
func (v *View) Warm(hashes []uint64) {
	v.base.warm(hashes)
	if v.over != nil {
		v.over.warm(hashes)
	}
	runtime.KeepAlive(v)
}

// Large tells whether the base is larger than what a processor's caches keep of it, so that Warm is worth its cost.
func (v *View) Large() bool { return len(v.base.data) > largeBase }

// largeBase is in octets. With 40 MB (924,000 records) a batch that is warmed costs two thirds of one that is not.
const largeBase = 16 << 20

// octets of a name, without a copy. They must not be changed.
func octets(n zone.Name) []byte { return unsafe.Slice(unsafe.StringData(string(n)), len(n)) }

// text is the inverse of octets: the name must not outlive the octets, nor they change meanwhile.
func text(wire []byte) zone.Name { return zone.Name(unsafe.String(unsafe.SliceData(wire), len(wire))) }
