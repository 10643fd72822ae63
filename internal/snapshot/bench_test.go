package snapshot

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"

	"zonecast/internal/zone"
)

// fleet is the shape that sizes are measured in: hosts of 20 sites with A and AAAA, their PTR records for both, and an
// SRV record for each of two services: six records a host.
func fleet(hosts int) (zones []Zone, nodes []Node) {
	for _, apex := range []string{"prod.example.", "10.in-addr.arpa.", "8.b.d.0.1.0.0.2.ip6.arpa."} {
		zones = append(zones, Zone{Apex: name(apex), Timestamp: true})
	}
	services := make(map[zone.Name][]zone.Rdata)
	for i := range hosts {
		site := i % 20
		host := name(fmt.Sprintf("web%06d.site%02d.prod.example.", i, site))
		a := zone.Rdata([]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		aaaa := make([]byte, 16)
		copy(aaaa, []byte{0x20, 0x01, 0x0d, 0xb8, 0, byte(site), 12: 0, 13: byte(i >> 16), 14: byte(i >> 8), 15: byte(i)})
		nodes = append(nodes, Node{host, []zone.RRset{{Type: zone.TypeA, TTL: 300, Data: []zone.Rdata{a}}, {Type: zone.TypeAAAA, TTL: 300, Data: []zone.Rdata{zone.Rdata(aaaa)}}}})
		ptr := []zone.RRset{{Type: zone.TypePTR, TTL: 300, Data: []zone.Rdata{zone.Rdata(host)}}}
		nodes = append(nodes, Node{name(fmt.Sprintf("%d.%d.%d.10.in-addr.arpa.", a[3], a[2], a[1])), ptr})
		six := ""
		for j := 15; j >= 0; j-- {
			six += fmt.Sprintf("%x.%x.", aaaa[j]&15, aaaa[j]>>4)
		}
		nodes = append(nodes, Node{name(six + "ip6.arpa."), ptr})
		for s, service := range []string{"http", "metrics"} {
			at := name(fmt.Sprintf("_%s._tcp.rack%04d.site%02d.prod.example.", service, i/400, site))
			services[at] = append(services[at], zone.Rdata([]byte{0, 10, 0, 10, 31, byte(s)})+zone.Rdata(host))
		}
	}
	for at, data := range services {
		nodes = append(nodes, Node{at, []zone.RRset{{Type: 33, TTL: 300, Data: data}}})
	}
	for i := range nodes {
		for j := range nodes[i].Sets {
			nodes[i].Sets[j].Normalize()
		}
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(nodes), func(i, j int) { nodes[i], nodes[j] = nodes[j], nodes[i] })
	return zones, nodes
}

func buildFleet(t testing.TB, path string, zones []Zone, nodes []Node) Stat {
	b := NewBuilder(Seed{3})
	for _, z := range zones {
		if err := b.AddZone(z); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range nodes {
		if err := b.Add(n); err != nil {
			t.Fatal(err)
		}
	}
	stat, err := b.WriteFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return stat
}

// TestOctetsPerRecord holds the format to its budget: at most 70 octets a record.
func TestOctetsPerRecord(t *testing.T) {
	t.Parallel()
	zones, nodes := fleet(5000)
	stat := buildFleet(t, filepath.Join(t.TempDir(), "s"), zones, nodes)
	if per := float64(stat.Size) / float64(stat.Records); per > 70 || stat.Records != 30000 {
		t.Errorf("%.1f octets a record in %+v", per, stat)
	}
}

// bigFleet is 133,000 hosts: 400,000 names with records, 800,000 records.
var bigFleet = sync.OnceValues(func() ([]Zone, []Node) { return fleet(133_000) })

func BenchmarkBuild400kNames(b *testing.B) {
	zones, nodes := bigFleet()
	path := filepath.Join(b.TempDir(), "s")
	for b.Loop() {
		stat := buildFleet(b, path, zones, nodes)
		b.ReportMetric(float64(stat.Size)/float64(stat.Records), "octets/record")
		b.ReportMetric(float64(stat.Names), "names")
	}
}

func openFleet(b *testing.B) (*Snapshot, []Node) {
	zones, nodes := bigFleet()
	path := filepath.Join(b.TempDir(), "s")
	buildFleet(b, path, zones, nodes)
	s, err := Open(path)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	return s, nodes
}

func BenchmarkOpen400kNames(b *testing.B) {
	zones, nodes := bigFleet()
	path := filepath.Join(b.TempDir(), "s")
	buildFleet(b, path, zones, nodes)
	for b.Loop() {
		s, err := Open(path)
		if err != nil {
			b.Fatal(err)
		}
		s.Close()
	}
}

func BenchmarkApplyOneName(b *testing.B) {
	s, nodes := openFleet(b)
	v := NewView(s)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		n := nodes[i%len(nodes)]
		v = v.Apply(&Delta{Names: []NameChange{{n.Name, Data, n.Sets}}})
	}
}

func BenchmarkCompile400kNames(b *testing.B) {
	s, nodes := openFleet(b)
	v := NewView(s)
	for _, n := range nodes[:1000] {
		v = v.Apply(&Delta{Names: []NameChange{{n.Name, Data, n.Sets}}})
	}
	path := filepath.Join(b.TempDir(), "t")
	for b.Loop() {
		if _, err := v.Compile(Seed{3}, path); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTreeFirst400kNames(b *testing.B) {
	zones, nodes := bigFleet()
	var zc []ZoneChange
	for _, z := range zones {
		zc = append(zc, ZoneChange{Zone: z})
	}
	var nc []NameChange
	for _, n := range nodes {
		nc = append(nc, NameChange{Name: n.Name, Sets: n.Sets})
	}
	for b.Loop() {
		NewTree().Delta(zc, nc)
	}
}

func BenchmarkTreeDelta(b *testing.B) {
	zones, nodes := bigFleet()
	t := NewTree()
	var zc []ZoneChange
	for _, z := range zones {
		zc = append(zc, ZoneChange{Zone: z})
	}
	var nc []NameChange
	for _, n := range nodes {
		nc = append(nc, NameChange{Name: n.Name, Sets: n.Sets})
	}
	t.Delta(zc, nc)
	for i := 0; b.Loop(); i++ {
		n := nodes[i%len(nodes)]
		t.Delta(nil, []NameChange{{Name: n.Name}})
		t.Delta(nil, []NameChange{{Name: n.Name, Sets: n.Sets}})
	}
}

func TestFindAllocatesNothing(t *testing.T) {
	s, err := parse(sample(t))
	if err != nil {
		t.Fatal(err)
	}
	n := name("web007.ams1.example.")
	v := NewView(s).Apply(&Delta{Names: []NameChange{{name("x.example."), Data, []zone.RRset{{Type: zone.TypeA, Data: []zone.Rdata{"1234"}}}}}})
	wire, over := []byte(n), []byte(name("x.example."))
	records := 0
	var hashes [1]uint64
	allocs := testing.AllocsPerRun(100, func() {
		for _, w := range [][]byte{wire, over} {
			hashes[0] = v.Hash(w)
			v.Warm(hashes[:])
			z, _ := v.FindZone(text(w))
			if _, reach := v.Reach(z.Apex, w, hashes[0]); reach != Reached {
				t.Error(reach)
			}
			ref, _ := v.Find(w)
			set, _ := ref.Set(zone.TypeA)
			for range set.Records() {
				records++
			}
			for range ref.Sets() {
				records++
			}
		}
	})
	if allocs != 0 || records == 0 {
		t.Errorf("%v allocations, %d records", allocs, records)
	}
}
