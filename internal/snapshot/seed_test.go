package snapshot

import (
	"os"
	"path/filepath"
	"testing"

	"zonecast/internal/zone"
)

func seedContent(t *testing.T, address string) (apex zone.Name, nodes []Node) {
	t.Helper()
	apex, err := zone.ParseName("example.")
	if err != nil {
		t.Fatal(err)
	}
	for _, label := range []string{"b", "a", "c"} {
		name, err := apex.Child(label)
		if err != nil {
			t.Fatal(err)
		}
		data, err := zone.ParseRdata(zone.TypeA, address, "")
		if err != nil {
			t.Fatal(err)
		}
		nodes = append(nodes, Node{name, []zone.RRset{{Type: zone.TypeA, TTL: 60, Data: []zone.Rdata{data}}}})
	}
	return apex, nodes
}

// TestZeroSeedFollowsFromContent: same content, same bytes, whichever way they were made; other content, other seed.
func TestZeroSeedFollowsFromContent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	build := func(name, address string) *Snapshot {
		apex, nodes := seedContent(t, address)
		b := NewBuilder(Seed{})
		if err := b.AddZone(Zone{Apex: apex}); err != nil {
			t.Fatal(err)
		}
		for _, n := range nodes {
			if err := b.Add(n); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := b.WriteFile(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		s, err := Open(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	one, other := build("one", "192.0.2.1"), build("other", "192.0.2.2")
	if one.Seed() == (Seed{}) || one.Seed() == other.Seed() {
		t.Fatalf("seeds %x and %x", one.Seed(), other.Seed())
	}
	delta, err := Diff(other, one)
	if err != nil {
		t.Fatal(err)
	}
	view := NewView(other).Apply(delta)
	if _, err := view.Compile(Seed{}, filepath.Join(dir, "again")); err != nil {
		t.Fatal(err)
	}
	want, _ := os.ReadFile(filepath.Join(dir, "one"))
	got, _ := os.ReadFile(filepath.Join(dir, "again"))
	if string(want) != string(got) {
		t.Fatal("a builder and a view make different bytes of the same content")
	}
}
