package snapshot

import (
	"math/rand/v2"
	"testing"

	"zonecast/internal/snapshot/hammer"
	"zonecast/internal/zone"
)

// TestHammerOpen opens files with changed octets and right checksums, in memory that ends where they end, and reads what
// can be read of those that open.
func TestHammerOpen(t *testing.T) {
	good := sample(t)
	names := []zone.Name{zone.Root, name("example."), name("web001.ams1.example."), name("1.2.0.192.in-addr.arpa."), name("x.c.child.example.")}
	hammer.Run(t, 10_000, func(int) func(*rand.Rand) {
		memory, copied := hammer.Guarded(t, len(good)), make([]byte, len(good))
		return func(rng *rand.Rand) {
			copy(copied, good)
			trailer := copied[len(copied)-trailerSize:]
			switch rng.IntN(8) {
			case 0:
				hammer.Change(rng, trailer)
			case 1:
				hammer.Change(rng, copied[:headerSize])
			default:
				hammer.Change(rng, copied)
			}
			file := hammer.End(memory, copied[rng.IntN(2)*rng.IntN(2)*rng.IntN(len(copied)):])
			if len(file) >= headerSize+trailerSize && rng.IntN(8) > 0 {
				if rng.IntN(4) > 0 {
					copy(file, appendHeader(nil, Seed{1}))
				}
				reseal(file)
			}
			s, err := parse(file)
			if err != nil {
				return
			}
			switch rng.IntN(16) { // finds always, what takes longer now and then
			case 0:
				s.fsck()
			case 1:
				use(s, names)
			default:
				for _, n := range names {
					find(s, n)
				}
			}
		}
	})
}

// TestHammerDelta decodes deltas with changed octets, and lays those that can be decoded over a base.
func TestHammerDelta(t *testing.T) {
	a := []zone.RRset{{Type: zone.TypeA, TTL: 300, Data: []zone.Rdata{"\xc0\x00\x02\x01", "\xc0\x00\x02\x02"}}}
	good := (&Delta{Zones: []ZoneChange{{Zone: Zone{Apex: name("example.")}}, {Zone: Zone{Apex: name("gone.example.")}, Gone: true}},
		Names: []NameChange{{name("example."), Data, a}, {name("a.example."), ENT, nil}, {name("b.a.example."), Data, a}, {name("c.example."), Gone, nil}}}).Encode()
	base, err := parse(sample(t))
	if err != nil {
		t.Fatal(err)
	}
	hammer.Run(t, 2_000, func(int) func(*rand.Rand) {
		memory, copied := hammer.Guarded(t, len(good)), make([]byte, len(good))
		return func(rng *rand.Rand) {
			copy(copied, good)
			hammer.Change(rng, copied)
			d, err := DecodeDelta(hammer.End(memory, copied[rng.IntN(2)*rng.IntN(len(copied)):]))
			if err != nil {
				return
			}
			v := NewView(base).Apply(d)
			for _, n := range d.Names {
				if _, ok := v.Lookup(n.Name); ok != (n.State != Gone) {
					t.Errorf("%s is %s, found %v", n.Name, n.State, ok)
				}
			}
		}
	})
}
