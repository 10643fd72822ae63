package snapshot

import (
	"bytes"
	"iter"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"zonecast/internal/zone"
)

// model is the plain map that snapshots, views and trees are held to.
type model struct {
	zones map[zone.Name]Zone
	data  map[zone.Name][]zone.RRset
}

func newModel() *model {
	return &model{make(map[zone.Name]Zone), make(map[zone.Name][]zone.RRset)}
}

func (m *model) covered(n zone.Name) bool {
	for apex := range m.zones {
		if n.Under(apex) {
			return true
		}
	}
	return false
}

// nodes is the brute-force answer to Walk("").
func (m *model) nodes() []Node {
	all := make(map[zone.Name][]zone.RRset)
	for n, sets := range m.data {
		for up := n; up != ""; up = up.Parent() {
			if m.covered(up) {
				all[up] = m.data[up]
			}
		}
		all[n] = sets
	}
	var list []Node
	for n, sets := range all {
		list = append(list, Node{n, sets})
	}
	slices.SortFunc(list, func(a, b Node) int { return a.Name.Compare(b.Name) })
	return list
}

func (m *model) build(t testing.TB, seed Seed, shuffle func([]Node)) []byte {
	b := NewBuilder(seed)
	for _, z := range m.zones {
		if err := b.AddZone(z); err != nil {
			t.Fatal(err)
		}
	}
	nodes := m.nodes()
	shuffle(nodes)
	for _, n := range nodes {
		if err := b.Add(n); err != nil {
			t.Fatal(err)
		}
	}
	var out memory
	if _, err := b.write(&out); err != nil {
		t.Fatal(err)
	}
	return out.octets
}

var (
	drawLabel = rapid.SampledFrom([]string{"a", "b", "ab", "*", "\x00", "\x01", "\xff", "example", "a.b"})
	drawApex  = rapid.SampledFrom([]zone.Name{zone.Root, name("example."), name("a.example."), name("b.a.example."), name("a.")})
)

func name(text string) zone.Name {
	n, err := zone.ParseName(text)
	if err != nil {
		panic(err)
	}
	return n
}

func drawName(t *rapid.T) zone.Name {
	n := drawApex.Draw(t, "under")
	for _, label := range rapid.SliceOfN(drawLabel, 0, 4).Draw(t, "labels") {
		n, _ = n.Child(label)
	}
	return n
}

func drawSets(t *rapid.T) []zone.RRset {
	var sets []zone.RRset
	for _, ty := range rapid.SliceOfNDistinct(rapid.SampledFrom([]zone.Type{zone.TypeA, zone.TypeNS, zone.TypeDNAME, zone.TypeTXT, 65280}), 1, 3, rapid.ID).Draw(t, "types") {
		s := zone.RRset{Type: ty, TTL: rapid.Uint32Range(0, 7).Draw(t, "ttl"), Rotate: zone.Rotation(rapid.IntRange(0, 2).Draw(t, "rotate"))}
		s.Data = rapid.SliceOfN(rapid.SampledFrom([]zone.Rdata{"", "1234", "\x00", "xyz\x00"}), 1, 3).Draw(t, "data")
		s.Normalize()
		sets = append(sets, s)
	}
	zone.SortSets(sets)
	return sets
}

// step changes the model at random and gives the change as a publisher has it.
func (m *model) step(t *rapid.T) (zones []ZoneChange, names []NameChange) {
	touched := make(map[zone.Name]bool)
	if rapid.IntRange(0, 4).Draw(t, "zone change") == 0 {
		z := Zone{Apex: drawApex.Draw(t, "apex"), Timestamp: rapid.Bool().Draw(t, "ts")}
		if _, has := m.zones[z.Apex]; has && rapid.Bool().Draw(t, "gone") {
			delete(m.zones, z.Apex)
			zones = append(zones, ZoneChange{Zone: Zone{Apex: z.Apex}, Gone: true})
		} else {
			m.zones[z.Apex] = z
			zones = append(zones, ZoneChange{Zone: z})
		}
	}
	for range rapid.IntRange(0, 5).Draw(t, "names") {
		n := drawName(t)
		if !m.covered(n) || touched[n] {
			continue
		}
		touched[n] = true
		if rapid.IntRange(0, 2).Draw(t, "delete") == 0 {
			delete(m.data, n)
			names = append(names, NameChange{Name: n})
		} else {
			m.data[n] = drawSets(t)
			names = append(names, NameChange{Name: n, Sets: m.data[n]})
		}
	}
	for n := range m.data {
		if !m.covered(n) {
			delete(m.data, n)
			names = append(names, NameChange{Name: n})
		}
	}
	return zones, names
}

func TestViewFollowsTheModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		m, tree := newModel(), NewTree()
		v := NewView(Empty())
		seed := Seed{1, 2, 3, 15: 9}
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			before := v
			d, undo := tree.Delta(m.step(rt))
			if rapid.IntRange(0, 3).Draw(rt, "undo first") == 0 {
				undo()
				again, _ := tree.Delta(d.Zones, dataOnly(d))
				if !bytes.Equal(again.Encode(), d.Encode()) {
					rt.Fatalf("after undo %v, before %v", again, d)
				}
			}
			decoded, err := DecodeDelta(d.Encode())
			if err != nil {
				rt.Fatal(err)
			}
			v = v.Apply(decoded)
			m.check(rt, v)
			diff, err := Diff(before, v)
			if err != nil {
				rt.Fatal(err)
			}
			if !cmp.Equal(collect(rt, before.Apply(diff).Walk("")), collect(rt, v.Walk(""))) {
				rt.Fatal("Diff does not lead from old to new")
			}
			if rapid.IntRange(0, 3).Draw(rt, "compile") == 0 {
				var out memory
				if _, err := v.write(&out, seed); err != nil {
					rt.Fatal(err)
				}
				want := m.build(t, seed, func(n []Node) {
					n2 := rapid.Permutation(n).Draw(rt, "order")
					copy(n, n2)
				})
				if !bytes.Equal(out.octets, want) {
					rt.Fatal("Compile and Builder differ")
				}
				s, err := parse(want)
				if err != nil {
					rt.Fatal(err)
				}
				v = NewView(s)
				m.check(rt, v)
			}
		}
	})
}

// dataOnly is a delta's input to Tree: names with their sets, without the states that follow.
func dataOnly(d *Delta) (names []NameChange) {
	for _, n := range d.Names {
		names = append(names, NameChange{Name: n.Name, Sets: n.Sets})
	}
	return names
}

func (m *model) check(t *rapid.T, v *View) {
	want := m.nodes()
	if got := collect(t, v.Walk("")); !sameNodes(got, want) {
		t.Fatalf("Walk gives\n%v\nwant\n%v", got, want)
	}
	for _, n := range want {
		if got, ok := v.Lookup(n.Name); !ok || !sameNodes([]Node{got}, []Node{n}) {
			t.Fatalf("Lookup(%s) gives %v, %v", n.Name, got, ok)
		}
		if z, ok := v.FindZone(n.Name); ok {
			checkReach(t, v, z.Apex, n.Name)
		}
		if child, err := n.Name.Child("nobody"); err == nil {
			if got, ok := v.Lookup(child); ok {
				t.Fatalf("Lookup(%s) gives %v", child, got)
			}
		}
	}
	if len(v.Zones()) != len(m.zones) {
		t.Fatalf("zones %v, want %v", v.Zones(), m.zones)
	}
	for apex := range m.zones {
		var of []Node
		for _, n := range want {
			if z, ok := v.FindZone(n.Name); ok && z.Apex == apex {
				of = append(of, n)
			}
		}
		if got := collect(t, v.Walk(apex)); !sameNodes(got, of) {
			t.Fatalf("Walk(%s) gives\n%v\nwant\n%v", apex, got, of)
		}
	}
}

// collect gives the nodes of a walk that ends well.
func collect(t rapid.TB, nodes iter.Seq2[Node, error]) (list []Node) {
	t.Helper()
	for n, err := range nodes {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, n)
	}
	return list
}

// walked is a walk over a list.
func walked(list []Node) iter.Seq2[Node, error] {
	return func(yield func(Node, error) bool) {
		for _, n := range list {
			if !yield(n, nil) {
				return
			}
		}
	}
}

func sameNodes(a, b []Node) bool {
	return slices.EqualFunc(a, b, func(x, y Node) bool { return x.Name == y.Name && zone.SetsEqual(x.Sets, y.Sets) })
}

func TestFileOnDisk(t *testing.T) {
	t.Parallel()
	m := newModel()
	m.zones[name("example.")] = Zone{Apex: name("example."), Timestamp: true}
	m.data[name("www.a.example.")] = []zone.RRset{{Type: zone.TypeA, TTL: 300, Data: []zone.Rdata{"\xc0\x00\x02\x01"}}}
	b := NewBuilder(Seed{7})
	if err := b.AddZone(m.zones[name("example.")]); err != nil {
		t.Fatal(err)
	}
	if err := b.Add(m.nodes()[2]); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "s")
	stat, err := b.WriteFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Stat(); got != stat || got.Names != 1 || got.Empty != 2 || got.Records != 1 || s.Seed() != (Seed{7}) {
		t.Fatalf("stat %+v, written %+v", got, stat)
	}
	if got := collect(t, s.Walk("")); !sameNodes(got, m.nodes()) {
		t.Fatalf("walk gives %v", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, ok := s.Find([]byte(name("example."))); ok {
		t.Fatal("a closed snapshot finds names")
	}
	NewView(s).Warm([]uint64{1, 2, 3}) // reads nothing
}
