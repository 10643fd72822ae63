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

// BenchmarkCold is a lookup with the data it needs in no cache: one after another, with the memory of sixteen read
// ahead, and the walk from the apex down that Reach spares.
func BenchmarkCold(b *testing.B) {
	s := openBenchFile(b)
	v := NewView(s)
	wires := compact(randomNames(b, s, 2_000_000, 7))
	var hashes [16]uint64
	var buf [zone.MaxName]byte
	of := func(i int) []byte { return wires[i%len(wires)] }
	reach := func(wire []byte, hash uint64) {
		z, _ := v.FindZone(text(wire))
		if _, reach := v.Reach(z.Apex, wire, hash); reach != Reached {
			b.Fatal(reach)
		}
	}
	sideBySide(b,
		contender{"find", func(i int) { v.Find(of(i)) }},
		contender{"reach", func(i int) { reach(of(i), v.Hash(of(i))) }},
		contender{"reach-warmed", func(i int) {
			if i%len(hashes) == 0 {
				for j := range hashes {
					hashes[j] = v.Hash(of(i + j))
				}
				v.Warm(hashes[:])
			}
			reach(of(i), hashes[i%len(hashes)])
		}},
		contender{"walk", func(i int) {
			wire := of(i)
			for z, _ := v.FindZone(text(wire)); len(wire) >= len(z.Apex); wire = wire[1+int(wire[0]):] {
				v.Find(wire)
			}
		}},
		contender{"absent", func(i int) {
			if _, ok := v.Find(append(append(buf[:0], "\x04none"...), of(i)...)); ok {
				b.Fatal("found")
			}
		}},
	)
}
