package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"zonecast/internal/importer"
	"zonecast/internal/zone"
	"zonecast/internal/zone/zonetest"
	"zonecast/presenter/zonefile"
)

// carried renders the one zone that was read, and reads it as the pipeline does.
func carried(t *rapid.T, r *importer.Reading) zonetest.Zone {
	zones := r.Zones()
	if len(r.Problems) > 0 || len(zones) != 1 {
		t.Fatalf("%d zones: %v", len(zones), r.Problems)
	}
	text, problems, err := render(zones[0], 0, false)
	if err != nil || len(problems) > 0 {
		t.Fatalf("%v %v\n%s", err, problems, bytesOf(text))
	}
	parsed, problems := zonefile.Parse(text.files, zonefile.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	got := zonetest.Zone{}
	for _, rec := range parsed.Zones[0].Records {
		got[rec.Owner] = append(got[rec.Owner], rec.Human.Set)
	}
	for _, sets := range got {
		zone.SortSets(sets)
	}
	return got
}

// An RFC 1035 file becomes a zone file that means the same.
func TestImportOfMasterFiles(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		z := zonetest.Draw(t)
		var b strings.Builder
		for owner, sets := range z.All() {
			for _, s := range sets {
				for _, d := range s.Data {
					text := zone.RdataText(s.Type, d)
					if back, err := zone.ParseRdata(s.Type, text, ""); err != nil || back != d {
						text = fmt.Sprintf(`\# %d %x`, len(d), string(d)) // miekg/dns prints some octets of CAA and URI as they are not read
					}
					fmt.Fprintf(&b, "%s %d %s %s\n", owner, s.TTL, s.Type, text)
				}
			}
		}
		r := &importer.Reading{}
		r.MasterFrom(strings.NewReader(b.String()), "db", "")
		if got := carried(t, r); !cmp.Equal(z, got) {
			t.Fatalf("%s\n%s", cmp.Diff(z, got), &b)
		}
	})
}

// So does data for tinydns.
func TestImportOfTinyDNS(t *testing.T) {
	t.Parallel()
	octal := func(octets string) string {
		var b strings.Builder
		for i := range len(octets) {
			fmt.Fprintf(&b, `\%03o`, octets[i])
		}
		return b.String()
	}
	name := func(n zone.Name) string {
		var labels []string
		for ; n != zone.Root; n = n.Parent() {
			labels = append(labels, octal(string(n[1:1+n[0]])))
		}
		return strings.Join(labels, ".")
	}
	rapid.Check(t, func(t *rapid.T) {
		z := zonetest.Draw(t)
		var b strings.Builder
		for owner, sets := range z.All() {
			for _, s := range sets {
				for _, d := range s.Data {
					target, named := zone.Target(s.Type, d)
					switch {
					case s.Type == zone.TypeA:
						fmt.Fprintf(&b, "+%s:%d.%d.%d.%d:%d\n", name(owner), d[0], d[1], d[2], d[3], s.TTL)
					case s.Type == zone.TypeAAAA:
						fmt.Fprintf(&b, "3%s:%x:%d\n", name(owner), string(d), s.TTL)
					case s.Type == zone.TypePTR:
						fmt.Fprintf(&b, "^%s:%s:%d:\n", name(owner), name(target), s.TTL)
					case s.Type == zone.TypeCNAME:
						fmt.Fprintf(&b, "C%s:%s:%d::\n", name(owner), name(target), s.TTL)
					case s.Type == zone.TypeTXT && len(d) < 129 && int(d[0]) == len(d)-1:
						fmt.Fprintf(&b, "'%s:%s:%d\n", name(owner), octal(string(d[1:])), s.TTL)
					case s.Type == zone.TypeMX && named && target != zone.Root:
						fmt.Fprintf(&b, "@%s::%s.:%d:%d\n", name(owner), name(target), int(d[0])<<8|int(d[1]), s.TTL)
					case s.Type == zone.TypeNS && named && target != zone.Root:
						fmt.Fprintf(&b, "&%s::%s.:%d\n", name(owner), name(target), s.TTL)
					default:
						fmt.Fprintf(&b, ":%s:%d:%s:%d\n", name(owner), s.Type, octal(string(d)), s.TTL)
					}
				}
			}
		}
		r := &importer.Reading{}
		r.TinyDNS(strings.NewReader(b.String()), "data", time.Time{})
		if got := carried(t, r); !cmp.Equal(z, got) {
			t.Fatalf("%s\n%s", cmp.Diff(z, got), &b)
		}
	})
}

// A zone too large for one file becomes a folder of several.
func TestImportOfALargeZone(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("example.com. 60 SOA ns1.example.net. dns.example.net. 7 1 2 3 4\nexample.com. 60 NS ns1.example.net.\n")
	for i := range 60_000 {
		fmt.Fprintf(&b, "host%d.example.com. 60 A 198.18.%d.%d\n", i, i>>8, i&0xff)
	}
	r := &importer.Reading{}
	r.MasterFrom(strings.NewReader(b.String()), "db", "")
	text, problems, err := render(r.Zones()[0], 60, false)
	if err != nil || len(problems) > 0 || len(text.files) < 2 || text.files[1].Path != "example.com/part-002.yaml" {
		t.Fatalf("%v %v %d files", err, problems, len(text.files))
	}
}

// Whatever is imported, what cannot be carried left out, is read without errors; or it is refused.
func FuzzImport(f *testing.F) {
	f.Add(".example.com\n:x.example.com:35:\\000\\001\n'y.example.com:a;b\\134\n*z:1\n", true)
	f.Add("$ORIGIN example.com.\n@ 60 SOA ns h 1 2 3 4 5\n\\@ 60 TXT \"\\\"\" \"\\;\"\nx 60 NAPTR 1 2 \"\" \"\" \"\" .\ny 60 TYPE65280 \\# 1 00\n", false)
	f.Fuzz(func(t *testing.T, text string, tinydns bool) {
		r := &importer.Reading{}
		if tinydns {
			r.TinyDNS(strings.NewReader(text), "data", time.Unix(1800000000, 0))
		} else if !strings.Contains(strings.ToUpper(text), "$INCLUDE") {
			r.MasterFrom(strings.NewReader(text), "db", "")
		}
		for _, z := range r.Zones() {
			made, _, err := render(z, 0, true)
			if err != nil {
				continue
			}
			if zones, problems := zonefile.Parse(made.files, zonefile.Options{}); len(zones.Zones) != 1 || zones.Zones[0].Apex != z.Apex {
				t.Fatalf("%v\n%s", problems, bytesOf(made))
			}
		}
	})
}
