package snapshot

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"zonecast/internal/zone"
)

// benchFile names a snapshot to measure lookups in; one of ten million records is far larger than any cache. Without
// it the fleet of 800,000 records is taken.
const benchFile = "ZONECAST_BENCH_SNAPSHOT"

func openBenchFile(b *testing.B) *Snapshot {
	path := os.Getenv(benchFile)
	if path == "" {
		path = filepath.Join(b.TempDir(), "s")
		zones, nodes := bigFleet()
		buildFleet(b, path, zones, nodes)
	}
	s, err := Open(path)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	return s
}

// randomNames takes n names out of the index, evenly spread.
func randomNames(b *testing.B, s *Snapshot, n int, seed uint64) (wires [][]byte) {
	random := rand.New(rand.NewPCG(seed, 1))
	var buf [2 * zone.MaxName]byte
	for len(wires) < n {
		bucket := (*[bucketSize]byte)(s.index[random.Uint64N(s.buckets)*bucketSize:])
		if used := int(bucket[bucketControl] & 0xf); used > 0 {
			node, _ := s.nodeAt(getOffset(bucket[bucketOffsets+offsetSize*random.IntN(used):]) & maxOffset)
			wire, err := node.name(buf[:])
			if err != nil {
				b.Fatal(err)
			}
			wires = append(wires, append([]byte(nil), wire...))
		}
	}
	return wires
}

// BenchmarkCold is a lookup with the data it needs in no cache: one after another, with a batch's memory read
// ahead, and the walk from the apex down that Reach spares.
func BenchmarkCold(b *testing.B) {
	s := openBenchFile(b)
	v := NewView(s)
	wires := randomNames(b, s, 1<<20, 7)
	b.Run("find", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			v.Find(wires[i%len(wires)])
		}
	})
	b.Run("zone+reach", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			wire := wires[i%len(wires)]
			z, _ := v.FindZone(text(wire))
			if _, reach := v.Reach(z.Apex, wire, v.Hash(wire)); reach != Reached {
				b.Fatal(reach)
			}
		}
	})
	b.Run("zone+reach warmed by 16", func(b *testing.B) {
		b.ReportAllocs()
		var hashes [16]uint64
		for i := 0; b.Loop(); i++ {
			at := i % len(hashes)
			if at == 0 {
				for j := range hashes {
					hashes[j] = v.Hash(wires[(i+j)%len(wires)])
				}
				v.Warm(hashes[:])
			}
			wire := wires[i%len(wires)]
			z, _ := v.FindZone(text(wire))
			if _, reach := v.Reach(z.Apex, wire, hashes[at]); reach != Reached {
				b.Fatal(reach)
			}
		}
	})
	b.Run("walk", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			wire := wires[i%len(wires)]
			z, _ := v.FindZone(text(wire))
			v.walk(z.Apex, wire)
		}
	})
	b.Run("absent", func(b *testing.B) {
		b.ReportAllocs()
		var buf [zone.MaxName]byte
		for i := 0; b.Loop(); i++ {
			wire := append(append(buf[:0], "\x04none"...), wires[i%len(wires)]...)
			if _, ok := v.Find(wire); ok {
				b.Fatal("found")
			}
		}
	})
}

// walk looks up all names from the apex down.
func (v *View) walk(apex zone.Name, wire []byte) {
	for ; len(wire) >= len(apex); wire = wire[1+int(wire[0]):] {
		v.Find(wire)
	}
}
