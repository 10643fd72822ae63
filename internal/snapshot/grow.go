package snapshot

import "zonecast/internal/zone"

// grow adds changed names to the view's overlay, which is the one before's. It is called before anybody sees the view.
func (v *View) grow(names []NameChange) {
	room := 0
	for _, n := range names {
		room += sizeBound(n)
	}
	at, ok := v.begin(len(names), room)
	if !ok {
		at = v.rewrite(len(names), room)
	}
	defer v.over.mu.Unlock()
	v.at = at
	var body []byte
	above := hiding{view: v}
	for _, n := range names {
		body = appendBody(body[:0], n.Sets)
		_, apex := v.zones.at(n.Name)
		v.cuts = v.cuts || Ref{body}.hides(apex)
		v.put(v.base.hash.sum(octets(n.Name)), change{name: octets(n.Name), body: body, state: n.State, hidden: above.of(n.Name)})
	}
}

// sizeBound is at least the octets of a change's record.
func sizeBound(n NameChange) int {
	const set = 1 + 3 + 5 // flags, number of records, their octets
	size := recordHead + len(n.Name) + 8
	for _, s := range n.Sets {
		size += set + s.Size() + recordHeader*len(s.Data)
	}
	return size
}

// begin takes the overlay's lock for the next version, if that can be added to it.
func (v *View) begin(names, octets int) (at moment, ok bool) {
	if v.over == nil {
		return moment{}, false
	}
	v.over.mu.Lock()
	if at, ok = v.at.next(v.over.newest); ok && v.over.fits(names, octets) {
		v.over.newest = at.version
		return at, true
	}
	v.over.mu.Unlock()
	return moment{}, false
}

// rewrite begins an overlay of the view's own with what it sees, and room for more; it is locked then.
func (v *View) rewrite(names, octets int) moment {
	old, was := v.over, v.at
	v.over, v.at = newOverlay(v.overlaid+names, v.live+octets), moment{version: 1}
	v.overlaid, v.live = 0, 0
	v.over.mu.Lock()
	if old != nil {
		old.all(&was, func(_ uint64, r record) bool {
			c := r.change()
			v.put(v.base.hash.sum(c.name), c)
			return true
		})
	}
	v.over.newest = 2
	return moment{version: 2}
}

func (v *View) put(hash uint64, c change) {
	_, replaced := v.over.put(&v.at, hash, c)
	if replaced == nil {
		v.overlaid++
	} else {
		was := replaced.change()
		v.live -= was.size()
	}
	v.live += c.size()
}

// hiding tells whether the walk to a name ends above it. Neighbours in canonical order share their parent, and what
// was found for it: a cut that came between them is one that Reach sees in the overlay.
type hiding struct {
	view   *View
	parent zone.Name
	known  bool
}

func (h *hiding) of(n zone.Name) bool {
	z, ok := h.view.zones.find(n)
	if !ok || n == z.Apex {
		return !ok // under no zone nobody walks, and nothing is promised
	}
	if parent := n.Parent(); parent != h.parent {
		h.parent, h.known = parent, h.view.hides(z.Apex, parent)
	}
	return h.known
}

// hides tells whether a walk to something below n ends at n or above it.
func (v *View) hides(apex, n zone.Name) bool {
	for ; ; n = n.Parent() {
		if ref, ok := v.Find(octets(n)); ok && ref.hides(n == apex) {
			return true
		}
		if n == apex {
			return false
		}
	}
}
