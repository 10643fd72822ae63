package write_test

import (
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"zonecast/internal/checkout"
	"zonecast/internal/zone"
	"zonecast/internal/zone/zonetest"
	"zonecast/presenter/zonefile"
	"zonecast/presenter/zonefile/write"
)

const file = "example.com.yaml"

func parse(text string, ttl uint32) (zonetest.Zone, []zone.Problem) {
	zones, problems := zonefile.Parse([]checkout.File{{Path: file, Data: []byte(text)}}, zonefile.Options{DefaultTTL: ttl})
	got := zonetest.Zone{}
	for _, z := range zones.Zones {
		for _, r := range z.Records {
			got[r.Owner] = append(got[r.Owner], r.Human.Set)
		}
	}
	for _, sets := range got {
		zone.SortSets(sets)
	}
	return got, problems
}

// What is written is read as the same RRsets.
func TestWrittenIsRead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		z := zonetest.Draw(t)
		ttl := rapid.SampledFrom([]uint32{0, 300, 3600}).Draw(t, "default")
		var b strings.Builder
		if err := write.Write(&b, zonetest.Apex, z.All(), write.Options{TTL: ttl}); err != nil {
			t.Fatal(err)
		}
		got, problems := parse(b.String(), ttl)
		if len(problems) > 0 || !cmp.Equal(z, got) {
			t.Fatalf("%v\n%s\n%s", problems, cmp.Diff(z, got), &b)
		}
	})
}

// The style, and that it does not depend on the order that records come in.
func TestStyle(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/style.yaml")
	if err != nil {
		t.Fatal(err)
	}
	z, problems := parse(string(text), 3600)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for range 5 {
		var b strings.Builder
		if err := write.Write(&b, zonetest.Apex, maps.All(z), write.Options{TTL: 3600}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(text), b.String()); diff != "" {
			t.Fatal(diff)
		}
	}
}

func TestNatural(t *testing.T) {
	t.Parallel()
	order := []string{"", "0", "1", "2.host", "10", "10.a", "*", "*.web", "_sip", "a", "a1", "a2", "a2b", "a10", "a10b9", "a10b10", "a.b", "b"}
	for i, a := range order {
		for j, b := range order {
			if got := write.Natural(a, b); got < 0 != (i < j) || got > 0 != (i > j) {
				t.Errorf("%q, %q: %d", a, b, got)
			}
		}
	}
}

func TestOctoDNSKnowsLess(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ record, want string }{
		{"HINFO PC Linux", "no type HINFO"}, {"TYPE65280 \\# 1 ff", "no type TYPE65280"}, {"CAA 0 Issue x", "no way"}, {"A 192.0.2.1", ""},
	} {
		name, text, _ := strings.Cut(c.record, " ")
		typ, _ := zone.ParseType(name)
		d, err := zone.ParseRdata(typ, text, "")
		if err != nil {
			t.Fatal(err)
		}
		z := zonetest.Zone{zonetest.Apex: {{Type: typ, TTL: 60, Rotate: zone.RotateCyclic, Data: []zone.Rdata{d}}}}
		var b strings.Builder
		err = write.Write(&b, zonetest.Apex, z.All(), write.Options{OctoDNS: true})
		switch {
		case c.want == "" && (err != nil || strings.Contains(b.String(), "zonecast")):
			t.Errorf("%s: %v\n%s", c.record, err, &b)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v", c.record, err)
		}
	}
}

func TestWhatNoFileCanSay(t *testing.T) {
	t.Parallel()
	other, _ := zone.ParseName("www.example.net.")
	long := zone.Rdata("\x00\x00\x00\x00\x00\x01\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00")
	for name, z := range map[string]zonetest.Zone{
		"naptr":    {zonetest.Apex: {{Type: 35, Data: []zone.Rdata{"\x00\x01"}}}},
		"caa":      {zonetest.Apex: {{Type: 257, Data: []zone.Rdata{"\x00"}}}},
		"srv":      {zonetest.Apex: {{Type: 33, Data: []zone.Rdata{"\x00\x01"}}}},
		"mx":       {zonetest.Apex: {{Type: 15, Data: []zone.Rdata{"\x00\x01"}}}},
		"outside":  {other: {{Type: zone.TypeA, Data: []zone.Rdata{"\x01\x02\x03\x04"}}}},
		"not an A": {zonetest.Apex: {{Type: zone.TypeA, Data: []zone.Rdata{"\x01"}}}},
		"no data":  {zonetest.Apex: {{Type: zone.TypeA}}},
		"empty":    {zonetest.Apex: {{Type: zone.TypeTXT, Data: []zone.Rdata{""}}}},
		"refresh":  {zonetest.Apex: {{Type: zone.TypeSOA, Data: []zone.Rdata{long}}}},
	} {
		if err := write.Write(&strings.Builder{}, zonetest.Apex, z.All(), write.Options{}); err == nil {
			t.Errorf("%s: written", name)
		}
	}
}

// What octoDNS's own style says is read as the same, too: nothing but the SOA is missing.
func TestOctoDNSStyleIsRead(t *testing.T) {
	t.Parallel()
	var types []zone.Type
	for _, name := range strings.Fields("A AAAA CNAME DNAME MX NS PTR SPF SRV SSHFP TXT OPENPGPKEY URI") {
		typ, _ := zone.ParseType(name)
		types = append(types, typ)
	}
	rapid.Check(t, func(t *rapid.T) {
		z := zonetest.Draw(t, types...)
		var b strings.Builder
		if err := write.Write(&b, zonetest.Apex, z.All(), write.Options{TTL: 3600, OctoDNS: true}); errors.Is(err, write.ErrOctoDNS) {
			return // a value that octoDNS has no way to say
		} else if err != nil {
			t.Fatal(err)
		}
		got, problems := parse(b.String(), 3600)
		drop := func(z zonetest.Zone) {
			z[zonetest.Apex] = slices.DeleteFunc(z[zonetest.Apex], func(s zone.RRset) bool { return s.Type == zone.TypeSOA })
		}
		drop(z)
		drop(got)
		if len(problems) > 0 || !cmp.Equal(z, got) {
			t.Fatalf("%v\n%s\n%s", problems, cmp.Diff(z, got), &b)
		}
	})
}
