package snapshot

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"zonecast/internal/zone"
)

// sample is a small file: two zones, one inside the other, empty non-terminals, suffixes.
func sample(t testing.TB) []byte {
	m := newModel()
	for _, apex := range []string{"example.", "child.example.", "2.0.192.in-addr.arpa."} {
		m.zones[name(apex)] = Zone{Apex: name(apex), Timestamp: apex == "example."}
	}
	a := []zone.RRset{{Type: zone.TypeA, TTL: 300, Data: []zone.Rdata{"\xc0\x00\x02\x01", "\xc0\x00\x02\x02"}}}
	for i := range 40 {
		m.data[name(fmt.Sprintf("web%03d.ams1.example.", i))] = a
		m.data[name(fmt.Sprintf("%d.2.0.192.in-addr.arpa.", i))] = []zone.RRset{{Type: zone.TypePTR, TTL: 300, Data: []zone.Rdata{zone.Rdata(name("web.example."))}}}
	}
	m.data[name("example.")] = append(slices.Clone(a), zone.RRset{Type: zone.TypeSOA, TTL: 1, Data: []zone.Rdata{"soa"}})
	m.data[name("a.b.c.child.example.")] = a
	return m.build(t, Seed{1}, func([]Node) {})
}

// reseal gives a changed file right checksums again, as somebody who means harm would.
func reseal(file []byte) {
	t := file[len(file)-trailerSize:]
	for i := range sections {
		at := t[48+24*i:]
		off, size := binary.LittleEndian.Uint64(at), binary.LittleEndian.Uint64(at[8:])
		if off+size <= uint64(len(file)) && off <= off+size {
			binary.LittleEndian.PutUint64(at[16:], uint64(crc32.Checksum(file[off:off+size], crcTable)))
		}
	}
	binary.LittleEndian.PutUint32(t[trailerSize-12:], crc32.Checksum(t[:trailerSize-12], crcTable))
}

func TestFsckOfAGoodFile(t *testing.T) {
	t.Parallel()
	for _, file := range [][]byte{sample(t), Empty().data} {
		path := filepath.Join(t.TempDir(), "s")
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		if faults := Fsck(path); len(faults) > 0 {
			t.Errorf("faults %v", faults)
		}
	}
	if faults := Fsck(filepath.Join(t.TempDir(), "absent")); len(faults) != 1 || !errors.Is(faults[0], os.ErrNotExist) {
		t.Errorf("absent: %v", faults)
	}
}

func TestEveryFlippedOctetIsSeen(t *testing.T) {
	t.Parallel()
	good := sample(t)
	for i := range good {
		file := bytes.Clone(good)
		file[i] ^= 0x41
		if s, err := parse(file); err == nil {
			t.Fatalf("octet %d of %d: opens, %+v", i, len(good), s.Stat())
		}
		if i%7 == 0 {
			if _, err := parse(good[:i]); err == nil {
				t.Fatalf("cut to %d octets: opens", i)
			}
		}
	}
	if _, err := parse(append(bytes.Clone(good), 0)); err == nil {
		t.Fatal("with an octet more: opens")
	}
}

// TestHostileFiles changes octets and puts the checksums right: nothing may panic or hang, and what Open takes
// is a fault to Fsck, unless it is another record in good form.
func TestHostileFiles(t *testing.T) {
	t.Parallel()
	good := sample(t)
	names := make([]zone.Name, 0, 100)
	s, err := parse(good)
	if err != nil {
		t.Fatal(err)
	}
	for n := range s.Walk("") {
		names = append(names, n.Name)
	}
	structure := int(s.counts.sections[secSuffixes].off)
	zones := [2]int{int(s.counts.sections[secZones].off), int(s.counts.sections[secIndex].off)}
	for i := headerSize; i < len(good)-trailerSize; i++ {
		for _, flip := range []byte{0x01, 0x80, 0xff} {
			file := bytes.Clone(good)
			file[i] ^= flip
			reseal(file)
			s, err := parse(file)
			if err != nil {
				continue
			}
			use(s, names)
			content := i < structure || (flip == 1 && zones[0] <= i && i < zones[1]) // a record or a zone's facts changed
			if len(s.fsck()) == 0 && !content {
				t.Fatalf("octet %d ^ %#x: no fault found", i, flip)
			}
		}
	}
}

// use reads a file in every way.
func use(s *Snapshot, names []zone.Name) {
	for _, n := range names {
		find(s, n)
	}
	for range s.Walk("") {
	}
	for _, z := range s.Zones() {
		for range s.Walk(z.Apex) {
		}
	}
}

// find reads what there is at a name in all ways that the engine does.
func find(s *Snapshot, n zone.Name) {
	if ref, ok := s.Find([]byte(n)); ok {
		for raw := range ref.Sets() {
			for record := range raw.Records() {
				_ = record[recordHeader-1]
			}
			raw.TTL()
		}
		ref.Set(zone.TypePTR)
	}
	s.Lookup(n)
	z, _ := s.FindZone(n)
	v := NewView(s)
	hash := v.Hash([]byte(n))
	v.Warm([]uint64{hash})
	v.Reach(z.Apex, []byte(n), hash)
}

func TestCompileRefusesAFileThatLies(t *testing.T) {
	t.Parallel()
	file := sample(t)
	counts := file[len(file)-trailerSize:]
	binary.LittleEndian.PutUint64(counts[8:], binary.LittleEndian.Uint64(counts[8:])+1)
	reseal(file)
	s, err := parse(file)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "s")
	if _, err := NewView(s).Compile(Seed{}, path); !errors.Is(err, ErrCorrupt) {
		t.Errorf("compile: %v, want ErrCorrupt", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a file was written all the same")
	}
}

func TestBuilderRefuses(t *testing.T) {
	t.Parallel()
	a := zone.RRset{Type: zone.TypeA, TTL: 1, Data: []zone.Rdata{"1234"}}
	for what, c := range map[string]struct {
		nodes []Node
		want  error
	}{
		"outside every zone": {[]Node{{name("a.example.net."), []zone.RRset{a}}}, ErrOutside},
		"above the zone":     {[]Node{{zone.Root, []zone.RRset{a}}}, ErrOutside},
		"twice":              {[]Node{{name("example."), []zone.RRset{a}}, {name("example."), []zone.RRset{a}}}, ErrTwice},
		"types not sorted":   {[]Node{{name("example."), []zone.RRset{{Type: zone.TypeNS, Data: a.Data}, a}}}, ErrSets},
		"data repeated":      {[]Node{{name("example."), []zone.RRset{{Type: zone.TypeA, Data: []zone.Rdata{"1", "1"}}}}}, ErrSets},
		"no data":            {[]Node{{name("example."), []zone.RRset{{Type: zone.TypeA}}}}, ErrSets},
		"large TTL":          {[]Node{{name("example."), []zone.RRset{{Type: zone.TypeA, TTL: 1 << 31, Data: a.Data}}}}, ErrSets},
		"large set":          {[]Node{{name("example."), []zone.RRset{{Type: zone.TypeA, Data: []zone.Rdata{zone.Rdata(strings.Repeat("x", zone.MaxRRset))}}}}}, ErrSets},
		"many records":       {[]Node{{name("example."), []zone.RRset{addresses(zone.MaxWire/16 + 1)}}}, ErrSets},
	} {
		b := NewBuilder(Seed{})
		err := b.AddZone(Zone{Apex: name("example.")})
		for _, n := range c.nodes {
			err = errors.Join(err, b.Add(n))
		}
		_, werr := b.WriteFile(filepath.Join(t.TempDir(), "s"))
		if err = errors.Join(err, werr); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", what, err, c.want)
		}
	}
	b := NewBuilder(Seed{})
	if err := errors.Join(b.AddZone(Zone{Apex: name("example.")}), b.AddZone(Zone{Apex: name("example.")})); !errors.Is(err, ErrTwice) {
		t.Errorf("zone twice: %v", err)
	}
}

// addresses is a set of so many of the RFC 2544 addresses.
func addresses(n int) zone.RRset {
	s := zone.RRset{Type: zone.TypeA, TTL: 60}
	for i := range n {
		s.Data = append(s.Data, zone.Rdata([]byte{198, 18, byte(i >> 8), byte(i)}))
	}
	return s
}

// TestDeltaRefusesLargeSets: what no message has room for is refused, and one record less is not.
func TestDeltaRefusesLargeSets(t *testing.T) {
	t.Parallel()
	for n, fits := range map[int]bool{zone.MaxWire / 16: true, zone.MaxWire/16 + 1: false} {
		d := &Delta{Names: []NameChange{{Name: name("www.example."), State: Data, Sets: []zone.RRset{addresses(n)}}}}
		raw := d.Encode()
		if _, err := DecodeDelta(raw); (err == nil) != fits {
			t.Errorf("%d addresses: %v", n, err)
		}
	}
}
