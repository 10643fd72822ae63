package snapshot

import (
	"runtime"
	"testing"

	"zonecast/internal/zone"
)

// overlaidView changes the names to what they have already, a thousand at a time.
func overlaidView(b *testing.B, v *View, wires [][]byte) *View {
	for len(wires) > 0 {
		part := wires[:min(1000, len(wires))]
		wires = wires[len(part):]
		d := &Delta{}
		for _, wire := range part {
			node, ok := v.Lookup(zone.Name(wire))
			if !ok {
				b.Fatal("not found")
			}
			state := Data
			if len(node.Sets) == 0 {
				state = ENT
			}
			d.Names = append(d.Names, NameChange{node.Name, state, node.Sets})
		}
		sortChanges(d.Names)
		v = v.Apply(d)
	}
	return v
}

// BenchmarkOverlay is a lookup without an overlay, and with a million names in one: names that are in it, and others.
func BenchmarkOverlay(b *testing.B) {
	s := openBenchFile(b)
	with := randomNames(b, s, 1_000_000, 1)
	others := randomNames(b, s, 1<<20, 2)
	none, million := NewView(s), overlaidView(b, NewView(s), with)
	not := others[:0]
	for _, wire := range others {
		if r := million.over.find(&million.at, s.hash.sum(wire), wire); r == nil {
			not = append(not, wire)
		}
	}
	var memory runtime.MemStats
	with, not = compact(with), compact(not)
	for range 2 { // side by side, and again
		for _, c := range []struct {
			what  string
			view  *View
			wires [][]byte
		}{{"none/in", none, with}, {"million/in", million, with}, {"none/not in", none, not}, {"million/not in", million, not}} {
			b.Run(c.what, func(b *testing.B) {
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					if _, ok := c.view.Find(c.wires[i%len(c.wires)]); !ok {
						b.Fatal("not found")
					}
				}
			})
		}
	}
	with, not, others = nil, nil, nil
	runtime.GC()
	runtime.ReadMemStats(&memory)
	b.Logf("%d names overlaid: %d octets of the heap, %d of slots and %d of arena off it", million.Overlaid(), memory.HeapAlloc, 8*len(million.over.slots), million.over.end)
}

// compact puts names beside each other in memory, so that reading the question is not what is measured.
func compact(wires [][]byte) [][]byte {
	var all []byte
	for _, wire := range wires {
		all = append(all, wire...)
	}
	for i, wire := range wires {
		wires[i], all = all[:len(wire):len(wire)], all[len(wire):]
	}
	return wires
}
