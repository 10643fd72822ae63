package policy

import (
	"os"
	"testing"
	"time"

	"pgregory.net/rapid"

	"zonecast/internal/checkout"
	"zonecast/internal/row"
	"zonecast/internal/zone"
)

// FuzzLoad: no text crashes the reader, and what loads judges without a crash.
func FuzzLoad(f *testing.F) {
	bad, err := os.ReadFile("testdata/bad.txt")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(bad)
	for _, path := range []string{"../../rules/modules/policy.yaml"} {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, c := range rulesOf(string(bad)) {
		f.Add([]byte(c))
	}
	after := set(f, zone.TypeA, 30, "192.0.2.1")
	f.Fuzz(func(t *testing.T, data []byte) {
		p, problems := Load(checkout.File{Path: File, Data: data}, "")
		if (p == nil) != (len(problems) > 0) {
			t.Fatal("neither a policy nor a problem, or both")
		}
		j := p.NewJudge(time.Unix(0, 0))
		j.Judge(Change{Zone: zone.Root, Name: zone.Root, Type: zone.TypeA, After: after})
		j.Judge(Change{Zone: zone.Root, Name: zone.Root, Type: zone.TypeA, Before: after, Origin: row.Origin{Mode: "mask"}})
		p.RunTests()
	})
}

func TestTextIsRdataText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		typ := rapid.SampledFrom([]zone.Type{zone.TypeA, zone.TypeAAAA, zone.TypeTXT}).Draw(t, "type")
		d := zone.Rdata(rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "data"))
		if rapid.Bool().Draw(t, "address") {
			d = zone.Rdata(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "address data"))
		}
		if got, want := text(typ, d), zone.RdataText(typ, d); got != want {
			t.Fatalf("%s %x: %q, want %q", typ, d, got, want)
		}
	})
}
