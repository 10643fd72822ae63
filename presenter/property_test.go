package presenter

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"zonecast/internal/row"
	"zonecast/internal/zone"
	"zonecast/presenter/merge"
)

// model is the presenter without tables: what is at each name, and what came of it.
type model struct {
	world *world
	gen   map[zone.Name][]row.Contribution
	human map[zone.Name][]row.HumanRecord
	rows  map[zone.Name]string
}

func newModel() *model {
	return &model{newWorld(), map[zone.Name][]row.Contribution{}, map[zone.Name][]row.HumanRecord{}, map[zone.Name]string{}}
}

func (m *model) names() iter.Seq[zone.Name] {
	return func(yield func(zone.Name) bool) {
		for _, keys := range []iter.Seq[zone.Name]{maps.Keys(m.gen), maps.Keys(m.human), maps.Keys(m.rows)} {
			for n := range keys {
				if !yield(n) {
					return
				}
			}
		}
	}
}

func (m *model) settle(dirty map[zone.Name]bool) {
	m.world.settle(dirty, m.names, func(n zone.Name, p merge.Place) outcome {
		in := merge.Input{Owner: n, Place: p, Human: m.human[n], Now: 1000, Last: func() (row.Presented, bool) { return row.Presented{}, false },
			Sources: []merge.Source{{Name: "main", Contributions: m.gen[n]}}}
		return conclude(n.String(), merge.Merge(in), in)
	}, func(n zone.Name, o outcome) {
		if delete(m.rows, n); o.value != nil {
			m.rows[n] = string(o.value)
		}
	})
}

// P1: whatever the order of changes, what is presented is what a comparison of everything gives. Names, zones,
// delegations, glue and DNAMEs are few and close together, so that they meet.
func TestIncrementalIsFromScratch(t *testing.T) {
	t.Parallel()
	apexes := []zone.Name{name(t, "example."), name(t, "b.example.")}
	var owners []zone.Name
	for _, text := range []string{"example.", "a.example.", "x.a.example.", "y.x.a.example.", "b.example.", "x.b.example.", "c.example.", "x.c.example.", "lost.invalid."} {
		owners = append(owners, name(t, text))
	}
	var sets []zone.RRset
	for _, s := range [][2]string{{"A", "192.0.2.1"}, {"A", "192.0.2.2"}, {"AAAA", "2001:db8::1"}, {"TXT", "x"}, {"CNAME", "a.example."}, {"CNAME", "c.example."},
		{"NS", "x.a.example."}, {"NS", "y.x.a.example."}, {"NS", "x.c.example."}, {"DNAME", "c.example."}, {"DS", "1 8 1 0123456789abcdef0123456789abcdef01234567"}} {
		sets = append(sets, set(t, s[0], s[1]))
	}
	rapid.Check(t, func(t *rapid.T) {
		m := newModel()
		m.world.zones[apexes[0]] = row.ZoneFacts{}
		for range rapid.IntRange(8, 40).Draw(t, "changes") { // rapid likes small numbers: too few changes never meet
			dirty := map[zone.Name]bool{}
			n := rapid.SampledFrom(owners).Draw(t, "owner")
			switch rapid.SampledFrom([]string{"human", "generated", "generated", "human", "generated", "zone"}).Draw(t, "what") {
			case "zone":
				apex := rapid.SampledFrom(apexes).Draw(t, "apex")
				if _, ok := m.world.zones[apex]; ok {
					delete(m.world.zones, apex)
				} else {
					m.world.zones[apex] = row.ZoneFacts{}
				}
				for n := range m.names() {
					dirty[n] = true
				}
			case "human":
				delete(m.human, n)
				if rapid.Bool().Draw(t, "human") {
					apex := rapid.SampledFrom(apexes).Draw(t, "of")
					if n.Under(apex) {
						mode := rapid.SampledFrom([]string{"", "replace", "mask"}).Draw(t, "mode")
						s := rapid.SampledFrom(sets).Draw(t, "record")
						if mode == "mask" {
							s.Data = nil
						}
						m.human[n] = []row.HumanRecord{{Zone: apex, File: "f", Mode: mode, Scope: rapid.SampledFrom([]string{"", "name"}).Draw(t, "scope"), Set: s}}
					}
				}
				dirty[n] = true
			default:
				delete(m.gen, n)
				for i := range rapid.SampledFrom([]int{1, 2, 0}).Draw(t, "contributions") {
					m.gen[n] = append(m.gen[n], row.Contribution{Module: "m", Entity: fmt.Sprint("e/", i), Sets: []zone.RRset{rapid.SampledFrom(sets).Draw(t, "set")}})
				}
				dirty[n] = true
			}
			m.settle(dirty)
		}
		fresh := newModel()
		fresh.world.zones, fresh.gen, fresh.human = m.world.zones, m.gen, m.human
		dirty := map[zone.Name]bool{}
		for n := range fresh.names() {
			dirty[n] = true
		}
		fresh.settle(dirty)
		if !maps.Equal(m.rows, fresh.rows) {
			for _, n := range slices.SortedFunc(m.names(), zone.Name.Compare) {
				if m.rows[n] != fresh.rows[n] {
					a, _ := row.DecodePresented([]byte(m.rows[n]))
					b, _ := row.DecodePresented([]byte(fresh.rows[n]))
					t.Logf("%s\nstep by step %+v\nfrom scratch %+v", n, a, b)
				}
			}
			t.Fatal("the order of changes shows")
		}
		if !maps.Equal(m.world.glue, fresh.world.glue) || len(m.world.cuts) != len(fresh.world.cuts) {
			t.Fatal("what was remembered of delegations differs")
		}
	})
}
