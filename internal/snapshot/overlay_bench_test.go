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
	with, not = compact(with), compact(not)
	find := func(v *View, wires [][]byte) func(int) {
		return func(i int) {
			if _, ok := v.Find(wires[i%len(wires)]); !ok {
				b.Fatal("not found")
			}
		}
	}
	sideBySide(b, contender{"in-of-none", find(none, with)}, contender{"in", find(million, with)},
		contender{"not-in-of-none", find(none, not)}, contender{"not-in", find(million, not)})
	with, not, others = nil, nil, nil
	var memory runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&memory)
	b.ReportMetric(float64(memory.HeapAlloc)/(1<<20), "MiB-heap")
	b.ReportMetric(float64(8*len(million.over.slots)+len(million.over.slots)+million.over.end)/(1<<20), "MiB-overlay")
	runtime.KeepAlive(million)
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
