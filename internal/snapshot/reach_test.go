package snapshot

import (
	"testing"

	"pgregory.net/rapid"

	"zonecast/internal/zone"
)

// walkTo is the walk from the apex down that Reach stands for: how far it gets.
func walkTo(v *View, apex, n zone.Name) (ends zone.Name) {
	var way []zone.Name
	for up := n; up != apex; up = up.Parent() {
		way = append(way, up)
	}
	at := apex
	for i := len(way) - 1; i >= 0; i-- {
		node, ok := v.Lookup(at)
		if _, dname := zone.FindSet(node.Sets, zone.TypeDNAME); !ok || dname {
			return at
		}
		if _, cut := zone.FindSet(node.Sets, zone.TypeNS); cut && at != apex {
			return at
		}
		at = way[i]
	}
	return at
}

func checkReach(t *rapid.T, v *View, apex, n zone.Name) {
	wire := []byte(n)
	ref, reach := v.Reach(apex, wire, v.Hash(wire))
	found, ok := v.Find(wire)
	if ok != (reach != Absent) || string(ref.body) != string(found.body) {
		t.Fatalf("%s: Reach says %s, Find %v", n, reach, ok)
	}
	ends := walkTo(v, apex, n)
	if reach == Reached && ends != n {
		t.Fatalf("%s: %s, but the walk from %s ends at %s", n, reach, apex, ends)
	}
	if v.Overlaid() == 0 && v.zones == v.base.zones && (reach == Reached) != (ends == n) {
		t.Fatalf("%s: %s in a base, the walk from %s ends at %s", n, reach, apex, ends)
	}
}

// TestReach goes through what deltas do above names that were there before.
func TestReach(t *testing.T) {
	t.Parallel()
	set := func(types ...zone.Type) (sets []zone.RRset) {
		for _, ty := range types {
			sets = append(sets, zone.RRset{Type: ty, Data: []zone.Rdata{"1234"}})
		}
		return sets
	}
	m := newModel()
	for _, apex := range []string{"example.", "inner.cut.example."} {
		m.zones[name(apex)] = Zone{Apex: name(apex)}
		m.data[name(apex)] = set(zone.TypeNS)
	}
	for n, ty := range map[string]zone.Type{"a.b.c.example.": zone.TypeA, "cut.example.": zone.TypeNS, "x.cut.example.": zone.TypeA,
		"y.inner.cut.example.": zone.TypeA, "d.example.": zone.TypeDNAME, "x.d.example.": zone.TypeA} {
		m.data[name(n)] = set(ty)
	}
	base, err := parse(m.build(t, Seed{1}, func([]Node) {}))
	if err != nil {
		t.Fatal(err)
	}
	change := func(n string, types ...zone.Type) NameChange {
		return NameChange{Name: name(n), State: State(1 + min(len(types), 1)), Sets: set(types...)}
	}
	v := NewView(base)
	for _, step := range []struct {
		what  string
		delta Delta
		names map[string]Reach
	}{
		{"the base", Delta{}, map[string]Reach{"example.": Reached, "b.c.example.": Reached, "a.b.c.example.": Reached, "cut.example.": Reached,
			"x.cut.example.": Unsure, "inner.cut.example.": Reached, "y.inner.cut.example.": Reached, "d.example.": Reached, "x.d.example.": Unsure, "q.example.": Absent}},
		{"names that hide nothing", Delta{Names: []NameChange{change("example.", zone.TypeNS), change("new.example.", zone.TypeA), change("new.cut.example.", zone.TypeA)}},
			map[string]Reach{"new.example.": Reached, "new.cut.example.": Unsure, "a.b.c.example.": Reached, "example.": Reached}},
		{"a cut above", Delta{Names: []NameChange{change("c.example.", zone.TypeNS)}},
			map[string]Reach{"c.example.": Reached, "b.c.example.": Unsure, "a.b.c.example.": Unsure, "new.example.": Reached}},
		{"it goes again", Delta{Names: []NameChange{change("c.example.")}},
			map[string]Reach{"c.example.": Reached, "a.b.c.example.": Reached, "x.cut.example.": Unsure}},
		{"a DNAME at the apex", Delta{Names: []NameChange{change("example.", zone.TypeNS, zone.TypeDNAME)}},
			map[string]Reach{"example.": Reached, "a.b.c.example.": Unsure, "y.inner.cut.example.": Reached}},
		{"and gone", Delta{Names: []NameChange{change("example.", zone.TypeNS)}}, map[string]Reach{"a.b.c.example.": Reached}},
		{"a zone less", Delta{Zones: []ZoneChange{{Zone: Zone{Apex: name("inner.cut.example.")}, Gone: true}}},
			map[string]Reach{"y.inner.cut.example.": Unsure, "a.b.c.example.": Unsure}},
	} {
		v = v.Apply(&step.delta)
		for n, want := range step.names {
			z, _ := v.FindZone(name(n))
			if _, got := v.Reach(z.Apex, []byte(name(n)), v.Hash([]byte(name(n)))); got != want {
				t.Errorf("%s: %s is %s, want %s", step.what, n, got, want)
			}
		}
	}
}
