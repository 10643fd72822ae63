package snapshot

import (
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"

	"zonecast/internal/zone"
)

// View is what is served at one version: a base and the deltas after it. Views do not change; applying a
// delta makes a new one at a cost that follows the delta. A View is safe for concurrent use. What Find and Reach
// give is memory of the view: hold the view (a field of something live, or runtime.KeepAlive) as long as a Ref of it, and
// the base open.
type View struct {
	base     *Snapshot
	over     *overlay // what the deltas changed, under the hash of the base; nil before the first
	at       moment   // how much of it is this view's
	overlaid int      // names in that
	live     int      // octets of their records
	zones    *zoneSet

	// What deltas may have done to names that were there before, for Reach. Both stay until the next base.
	cuts   bool // a name was given a zone cut or a DNAME
	merged bool // a zone was taken away: what was its apex may be a cut now
}

// NewView starts at a base.
func NewView(base *Snapshot) *View {
	return &View{base: base, zones: base.zones}
}

// Base of the view.
func (v *View) Base() *Snapshot { return v.base }

// Apply gives the view after a delta. The delta's names must be in canonical form (as DecodeDelta and Tree give
// them); what a name had before is replaced.
func (v *View) Apply(d *Delta) *View {
	next := *v
	if len(d.Zones) > 0 {
		next.zones = v.zones.with(d.Zones)
		next.merged = v.merged || slices.ContainsFunc(d.Zones, func(z ZoneChange) bool { return z.Gone })
	}
	if len(d.Names) > 0 {
		next.grow(d.Names)
	}
	runtime.KeepAlive(v)
	return &next
}

// Zones in canonical order. The slice is shared: do not change it.
func (v *View) Zones() []Zone { return v.zones.list }

// FindZone gives the zone with the longest apex at or above n. It allocates nothing.
func (v *View) FindZone(n zone.Name) (Zone, bool) { return v.zones.find(n) }

// Find looks a name up by its wire form, which must be in lower case, in the deltas first. It allocates nothing.
func (v *View) Find(wire []byte) (Ref, bool) {
	body, _, ok := v.find(wire, v.base.hash.sum(wire))
	return Ref{body}, ok
}

// find also tells whether a cut or a DNAME was above the name when its node was made.
func (v *View) find(wire []byte, hash uint64) (body []byte, hidden, ok bool) {
	if v.over != nil {
		if r := v.over.find(&v.at, hash, wire); r != nil {
			return r.body(), r.hidden(), r.state() != Gone
		}
	}
	body, entry, ok := v.base.find(hash, wire)
	return body, entry&offsetHidden != 0, ok
}

// Lookup finds a node, in the deltas first.
func (v *View) Lookup(n zone.Name) (Node, bool) {
	ref, ok := v.Find(octets(n))
	node := ref.node(n)
	runtime.KeepAlive(v)
	return node, ok
}

// Overlaid counts the names that the deltas changed.
func (v *View) Overlaid() int { return v.overlaid }

// OverlaySize is the memory of what the deltas changed, in octets. It is not of the Go heap, and shared with views
// before and after.
func (v *View) OverlaySize() int {
	if v.over == nil {
		return 0
	}
	v.over.mu.Lock()
	defer v.over.mu.Unlock()
	return 9*len(v.over.slots) + v.over.end
}

// Walk gives the nodes of one zone (all with apex "") in canonical order, deltas merged in. Nodes of other
// zones below the apex are left out. A base that cannot be read further ends it with ErrCorrupt, which is given last and
// says where: what came before is not all there was.
func (v *View) Walk(apex zone.Name) iter.Seq2[Node, error] {
	return func(yield func(Node, error) bool) {
		key := appendKey(nil, apex)
		other := apex != "" && v.zones.below(apex)
		var broken error
		err := v.scan(key, func(key, body []byte) bool {
			n := nameOfKey(key)
			if other {
				if z, ok := v.FindZone(n); !ok || z.Apex != apex {
					return true
				}
			}
			sets, err := decodeBody(body)
			if err != nil {
				broken = fmt.Errorf("%s: %w", n, err)
				return false
			}
			return yield(Node{Name: n, Sets: sets}, nil)
		})
		if err := errors.Join(broken, err); err != nil {
			yield(Node{}, err)
		}
	}
}

// Compile writes the view as a base file: the bytes are those of a Builder fed with the same content. The zero seed
// stands for one that follows from the content. It fails
// with ErrCorrupt, and writes nothing, when the base does not hold what its counts say, and with ErrFault when the base
// cannot be read.
func (v *View) Compile(seed Seed, path string) (Stat, error) {
	return writeFile(path, func(out target) (Stat, error) { return v.write(out, seed) })
}

// scanAll is scan of everything; a mapping that faults is an error like another.
func (v *View) scanAll(yield func(key, body []byte) bool) error {
	return v.base.Guard(func() error { return v.scan(nil, yield) })
}

func (v *View) write(out target, seed Seed) (Stat, error) {
	w, err := newWriter(out, seed, v.zones.list)
	if err != nil {
		return Stat{}, err
	}
	err = w.feed(func(add func(key, body []byte) error) error {
		var addErr error
		err := v.scanAll(func(key, body []byte) bool {
			if len(body) > 0 {
				addErr = add(key, body)
			}
			return addErr == nil
		})
		return errors.Join(addErr, err)
	})
	if err != nil {
		return Stat{}, fmt.Errorf("compile: %w", err)
	}
	return w.finish()
}
