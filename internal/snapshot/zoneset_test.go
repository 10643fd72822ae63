package snapshot

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"zonecast/internal/zone"
)

func TestZoneSetAgainstMap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		want, set := map[zone.Name]Zone{}, newZoneSet(nil)
		for range rapid.IntRange(1, 6).Draw(rt, "steps") {
			var changes []ZoneChange
			for _, n := range rapid.SliceOfNDistinct(rapid.Custom(drawName), 0, 6, rapid.ID).Draw(rt, "apexes") {
				c := ZoneChange{Zone: Zone{Apex: n, Timestamp: rapid.Bool().Draw(rt, "ts")}, Gone: rapid.Bool().Draw(rt, "gone")}
				if want[n] = c.Zone; c.Gone {
					delete(want, n)
				}
				changes = append(changes, c)
			}
			before := slices.Clone(set.list)
			old := set
			set = set.with(changes)
			if !slices.Equal(old.list, before) {
				rt.Fatal("the older set changed")
			}
			if len(set.list) != len(want) || !slices.IsSortedFunc(set.list, func(a, b Zone) int { return a.Apex.Compare(b.Apex) }) {
				rt.Fatalf("has %v, want %v", set.list, want)
			}
			n := drawName(rt)
			got, found := set.find(n)
			for n != "" && want[n] == (Zone{}) {
				n = n.Parent()
			}
			if got != want[n] || found != (n != "") {
				rt.Fatalf("found %v, want %v", got, want[n])
			}
		}
	})
}

// TestManyZones holds the zone table of a large provider to its part of a proxy's memory.
func TestManyZones(t *testing.T) {
	const zones = 100_000
	b := NewBuilder(Seed{1})
	soa := []zone.RRset{{Type: zone.TypeSOA, Data: []zone.Rdata{"soa"}}}
	for i := range zones {
		apex := name(fmt.Sprintf("customer%06d.example.", i))
		if err := errors.Join(b.AddZone(Zone{Apex: apex, Timestamp: i%2 == 0}), b.Add(Node{apex, soa})); err != nil {
			t.Fatal(err)
		}
	}
	var file memory
	if _, err := b.write(&file); err != nil {
		t.Fatal(err)
	}
	b = nil
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	s, err := parse(file.octets)
	if err != nil {
		t.Fatal(err)
	}
	v := NewView(s).Apply(&Delta{Zones: []ZoneChange{{Zone: Zone{Apex: name("customer000000.example.")}, Gone: true}}})
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 16<<20 {
		t.Errorf("%d octets of the heap", grown)
	}
	n := name("www.customer099999.example.")
	if z, ok := v.FindZone(n); !ok || z.Apex != n.Parent() || len(v.Zones()) != zones-1 {
		t.Errorf("found %v %v, of %d", z, ok, len(v.Zones()))
	}
	runtime.KeepAlive(file)
}

func BenchmarkFindZone(b *testing.B) {
	for _, zones := range []int{1, 10, 1000, 100_000} {
		b.Run(fmt.Sprint(zones), func(b *testing.B) {
			var changes []ZoneChange
			for i := range zones {
				changes = append(changes, ZoneChange{Zone: Zone{Apex: name(fmt.Sprintf("site%05d.example.", i))}})
			}
			set := newZoneSet(nil).with(changes)
			names := make([]zone.Name, 1024)
			for i := range names {
				names[i] = name(fmt.Sprintf("web%d.rack.site%05d.example.", i, i*7919%zones))
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, ok := set.find(names[i%1024]); !ok {
					b.Fatal("not found")
				}
			}
		})
	}
}
