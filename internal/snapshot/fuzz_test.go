package snapshot

import (
	"bytes"
	"testing"

	"zonecast/internal/zone"
)

func FuzzOpen(f *testing.F) {
	f.Add(sample(f), false)
	f.Add(Empty().data, true)
	names := []zone.Name{zone.Root, name("example."), name("web001.ams1.example."), name("1.2.0.192.in-addr.arpa.")}
	f.Fuzz(func(t *testing.T, file []byte, seal bool) {
		if seal && len(file) >= headerSize+trailerSize {
			file = bytes.Clone(file)
			copy(file, appendHeader(nil, Seed{1}))
			reseal(file)
		}
		s, err := parse(file)
		if err != nil {
			return
		}
		use(s, names)
		s.fsck()
	})
}

func FuzzDelta(f *testing.F) {
	a := []zone.RRset{{Type: zone.TypeA, TTL: 300, Data: []zone.Rdata{"\xc0\x00\x02\x01"}}}
	f.Add((&Delta{Zones: []ZoneChange{{Zone: Zone{Apex: name("example.")}, Gone: true}},
		Names: []NameChange{{name("example."), Gone, nil}, {name("a.example."), ENT, nil}, {name("b.a.example."), Data, a}}}).Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := DecodeDelta(b)
		if err != nil {
			return
		}
		if !bytes.Equal(d.Encode(), b) {
			t.Fatalf("%x decodes, but encodes as %x", b, d.Encode())
		}
		v := NewView(Empty()).Apply(d)
		for _, err := range v.Walk("") {
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, n := range d.Names {
			if _, ok := v.Lookup(n.Name); ok != (n.State != Gone) {
				t.Fatalf("%s is %s, found %v", n.Name, n.State, ok)
			}
		}
	})
}
