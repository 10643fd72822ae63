package presenter

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"zonecast/internal/plan"
	"zonecast/internal/row"
	"zonecast/internal/zone"
	"zonecast/presenter/zonefile"
)

// TestDiffer: the owners are those at which two sorted lists of records have not the same.
func TestDiffer(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var sides [2][]zonefile.Record
		text := map[zone.Name][2]string{}
		for i := range sides {
			for _, n := range []zone.Name{"\x01a\x00", "\x01b\x00", "\x01c\x01a\x00"} {
				for _, typ := range []zone.Type{zone.TypeA, zone.TypeTXT} {
					if ttl := rapid.Uint32Range(0, 2).Draw(t, "ttl"); ttl > 0 {
						sides[i] = append(sides[i], zonefile.Record{Owner: n, Human: row.HumanRecord{Set: zone.RRset{Type: typ, TTL: ttl}}})
						both := text[n]
						both[i] += typ.String() + string(rune('0'+ttl))
						text[n] = both
					}
				}
			}
			slices.SortFunc(sides[i], func(a, b zonefile.Record) int {
				return cmp.Or(a.Owner.Compare(b.Owner), cmp.Compare(a.Human.Set.Type, b.Human.Set.Type))
			})
		}
		got, want := map[zone.Name]bool{}, map[zone.Name]bool{}
		differ(sides[0], sides[1], got)
		for n, both := range text {
			if both[0] != both[1] {
				want[n] = true
			}
		}
		if !maps.Equal(got, want) {
			t.Fatalf("%v, want %v of %v", got, want, text)
		}
	})
}

// TestAPlanLooksAtWhatDiffers: of a zone of many names only those that an edit changes are looked at, unless its loaded
// records may not be what its files say.
func TestAPlanLooksAtWhatDiffers(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	before := "a:\n  type: A\n  value: 192.0.2.1\nb:\n  type: A\n  value: 192.0.2.2\nc:\n  type: A\n  value: 192.0.2.3\n"
	r.push("c1", true, "example.com.yaml", before)
	r.serves("c.example.com.", "3600 A 192.0.2.3")
	tm := r.s.term.Load()
	for _, known := range []bool{true, false} {
		if !known {
			if err := tm.look(t.Context(), func() error { clear(tm.asRead); return nil }); err != nil {
				t.Fatal(err)
			}
		}
		p, err := tm.plan(t.Context(), plan.Ask{Commit: "c2", Files: []plan.File{fileOf("example.com.yaml", before+"d:\n  type: A\n  value: 192.0.2.4\n")}})
		if err != nil {
			t.Fatal(err)
		}
		_, seen := p.seen["a.example.com."]
		if len(p.changes) != 1 || seen == known {
			t.Errorf("as read: %v; %d changes, a name beside is looked at: %v", known, len(p.changes), seen)
		}
	}
}

// TestAPlanOfAZoneThatWasHeld: a file that two zones include was loaded for one of them only; what the other one would
// have of it is part of the plan.
func TestAPlanOfAZoneThatWasHeld(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	includes, part := "a: !include parts/a.inc\n", "type: A\nvalue: 192.0.2.%d\n"
	first, second := fmt.Sprintf(part, 1), fmt.Sprintf(part, 2)
	r.push("c1", true, "example.com.yaml", includes, "example.org.yaml", includes, "parts/a.inc", first)
	r.serves("a.example.org.", "3600 A 192.0.2.1")
	r.push("c2", true, "example.com.yaml", includes, "example.org.yaml", "{}\n", "parts/a.inc", second)
	r.serves("a.example.com.", "3600 A 192.0.2.2")
	r.serves("a.example.org.", "3600 A 192.0.2.1") // held
	changes, _ := r.planOf("example.com.yaml", includes, "example.org.yaml", includes+"b:\n  type: A\n  value: 192.0.2.3\n", "parts/a.inc", second)
	var names []string
	for _, c := range changes {
		names = append(names, c.Name.String())
	}
	if !slices.Equal(names, []string{"a.example.org.", "b.example.org."}) {
		t.Errorf("%v", names)
	}
}
