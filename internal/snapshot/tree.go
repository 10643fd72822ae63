package snapshot

import (
	"slices"

	"zonecast/internal/zone"
)

// Tree knows which names exist: it makes whole deltas out of changed names, with the ancestors that become empty
// non-terminals or vanish. A publisher keeps one beside its table. A name exists if it has records, or if a name
// below it has and a zone's apex stands at or above it (the rule of the file's writer). Not for concurrent use.
type Tree struct {
	zones map[zone.Name]struct{}
	names map[zone.Name]branch
}

// branch is a name with records, or with such names below it.
type branch struct {
	children uint32 // the names one label longer in the tree
	data     bool
}

// NewTree is empty. Feed it what is published with Delta.
func NewTree() *Tree {
	return &Tree{zones: make(map[zone.Name]struct{}), names: make(map[zone.Name]branch)}
}

// State of a name. Records of a name under no zone count as Data: its zone's change comes in the same delta.
func (t *Tree) State(n zone.Name) State {
	b, ok := t.names[n]
	switch {
	case b.data:
		return Data
	case ok && t.covered(n):
		return ENT
	}
	return Gone
}

func (t *Tree) covered(n zone.Name) bool {
	for ; n != ""; n = n.Parent() {
		if _, ok := t.zones[n]; ok {
			return true
		}
	}
	return false
}

// Delta takes changed zones and names into the tree and gives the whole delta. Names have their new Sets, or none when their
// records are gone (State is worked out, and so are the ancestors); names that had no records before and
// have none now are left out. undo takes everything back: for a release that is given up.
func (t *Tree) Delta(zones []ZoneChange, names []NameChange) (d *Delta, undo func()) {
	e := &growth{tree: t, before: make(map[zone.Name]State, len(names)+8)}
	for _, z := range zones {
		e.setZone(z.Apex, !z.Gone)
	}
	d = &Delta{Zones: slices.Clone(zones)}
	slices.SortFunc(d.Zones, func(a, b ZoneChange) int { return a.Apex.Compare(b.Apex) })
	for _, n := range names {
		e.setData(n.Name, len(n.Sets) > 0)
		if len(n.Sets) > 0 {
			d.Names = append(d.Names, NameChange{Name: n.Name, State: Data, Sets: n.Sets})
		}
	}
	for n, before := range e.before {
		if now := t.State(n); now != before && now != Data {
			d.Names = append(d.Names, NameChange{Name: n, State: now})
		}
	}
	sortChanges(d.Names)
	return d, e.undo
}

// growth is one Delta's changes to a tree.
type growth struct {
	tree   *Tree
	before map[zone.Name]State // of every name whose state may have changed
	steps  []func()            // that take the changes back, oldest first
}

func (e *growth) undo() {
	for i := len(e.steps) - 1; i >= 0; i-- {
		e.steps[i]()
	}
	e.steps = nil
}

func (e *growth) touch(n zone.Name) {
	if _, ok := e.before[n]; !ok {
		e.before[n] = e.tree.State(n)
	}
}

func (e *growth) setZone(apex zone.Name, present bool) {
	t := e.tree
	if _, had := t.zones[apex]; had == present {
		return
	}
	if !t.covered(apex.Parent()) { // else nothing begins or ceases to exist
		for n, b := range t.names { // all names: zones come and go rarely
			if !b.data && n.Under(apex) {
				e.touch(n)
			}
		}
	}
	if present {
		t.zones[apex] = struct{}{}
		e.steps = append(e.steps, func() { delete(t.zones, apex) })
	} else {
		delete(t.zones, apex)
		e.steps = append(e.steps, func() { t.zones[apex] = struct{}{} })
	}
}

func (e *growth) setData(n zone.Name, data bool) {
	t := e.tree
	if t.names[n].data == data {
		return
	}
	e.set(n, func(b *branch) { b.data = data })
	e.steps = append(e.steps, func() {
		back := &growth{tree: t, before: make(map[zone.Name]State)}
		back.set(n, func(b *branch) { b.data = !data })
	})
}

// set changes a branch and its ancestors, up to the first that stays in the tree.
func (e *growth) set(n zone.Name, change func(*branch)) {
	for n != "" {
		e.touch(n)
		b, was := e.tree.names[n]
		change(&b)
		is := b.data || b.children > 0
		if is {
			e.tree.names[n] = b
		} else {
			delete(e.tree.names, n)
		}
		if is == was {
			return
		}
		if is {
			change = func(b *branch) { b.children++ }
		} else {
			change = func(b *branch) { b.children-- }
		}
		n = n.Parent()
	}
}
