package zonefile

import (
	"fmt"
	"os"

	"slices"
	"strconv"
	"strings"
	"testing"

	"zonecast/internal/checkout"
	"zonecast/internal/zone"
)

// folder reads test data as a checkout would.
func folder(t *testing.T, dir string) (files []checkout.File) {
	t.Helper()
	set, err := checkout.Read(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return set.Files
}

// A folder as octoDNS's users have it, with its configuration, split zones, includes, anchors and older spellings, loads without a problem; this
// is what it means.
func TestOctoDNSFolder(t *testing.T) {
	t.Parallel()
	zones, problems := Parse(folder(t, "testdata/octodns"), options)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var b strings.Builder
	for _, z := range zones.Zones {
		b.WriteString("; " + z.Apex.String() + "\n")
		for _, r := range z.Records {
			b.WriteString(strings.Join(r.Human.Set.Lines(r.Owner), "\n") + "\n")
		}
	}
	want, err := os.ReadFile("testdata/octodns.zone")
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Fatalf("got\n%s\nwant\n%s", &b, want)
	}
}

// A record that is included says so: its file, and the place there.
func TestProvenanceOfIncludedRecords(t *testing.T) {
	t.Parallel()
	files := folder(t, "testdata/octodns")
	zones, _ := Parse(files, options)
	com := zones.Zones[slices.IndexFunc(zones.Zones, func(z Zone) bool { return z.Apex.String() == "example.com." })]
	if want := []string{"example.com.yaml", "common/aaaa.yaml", "common/www.yaml", "txt/spf.yaml", "txt/verification.yaml"}; !slices.Equal(com.Files, want) {
		t.Errorf("files %q", com.Files)
	}
	for _, r := range com.Records {
		if r.Owner.String() != "www.example.com." {
			continue
		}
		want := map[zone.Type]string{zone.TypeA: "common/www.yaml", zone.TypeAAAA: "common/aaaa.yaml"}[r.Human.Set.Type]
		text := files[slices.IndexFunc(files, func(f checkout.File) bool { return f.Path == want })].Data
		line, column := Locate(want, text)(r.Owner, r.Human.Set.Type)
		if r.Human.File != want || line != r.Line || column != r.Column {
			t.Errorf("%s: in %s at %d:%d, located at %d:%d", r.Human.Set.Type, r.Human.File, r.Line, r.Column, line, column)
		}
	}
	layout := LayoutOf(files)
	for path, want := range map[string]string{"common/aaaa.yaml": "[example.com. example.net.]", "txt/spf.yaml": "[example.com.]", "production.yaml": "[]",
		"example.net./www.yaml": "[example.net.]"} {
		apexes, err := layout.Zones(path)
		names := []string{}
		for _, a := range apexes {
			names = append(names, a.String())
		}
		slices.Sort(names)
		if got := "[" + strings.Join(names, " ") + "]"; got != want || err != nil {
			t.Errorf("%s is part of %s (%v), want %s", path, got, err, want)
		}
	}
}

// What cannot be included, with the place of the line to mend.
func TestBadIncludes(t *testing.T) {
	t.Parallel()
	deep := []string{"example.com.yaml", "www: !include 0.yaml\n"}
	for i := range 10 {
		deep = append(deep, string(rune('0'+i))+".yaml", "!include "+string(rune('1'+i))+".yaml\n")
	}
	for name, c := range map[string]struct {
		files []string
		want  string
	}{
		"a circle":           {[]string{"example.com.yaml", "www: !include a.yaml\n", "a.yaml", "!include b.yaml\n", "b.yaml", "- !include a.yaml\n"}, "zones/b.yaml:1:3: a.yaml includes itself"},
		"zones in a circle":  {[]string{"example.com.yaml", "www: !include example.net.yaml\n", "example.net.yaml", "www: !include example.com.yaml\n"}, "zones/example.net.yaml:1:6: example.com.yaml includes itself"},
		"deep":               {deep, "zones/7.yaml:1:1: more than 8 includes"},
		"broken":             {[]string{"example.com.yaml", "www: !include a/b.yaml\n", "a/b.yaml", "type: [A\n"}, "zones/a/b.yaml:1:1: "},
		"a bad record":       {[]string{"example.com.yaml", "www: !include a/b.yaml\n", "a/b.yaml", "type: A\nvalue: x\n"}, "zones/a/b.yaml:2:8: www.example.com."},
		"lists and mappings": {[]string{"example.com.yaml", "www: !include [a.yaml, b.yaml]\n", "a.yaml", "[]\n", "b.yaml", "{}\n"}, "zones/example.com.yaml:1:24: b.yaml is a mapping"},
		"a text in a list":   {[]string{"example.com.yaml", "www: !include [a.yaml]\n", "a.yaml", "x\n"}, "zones/example.com.yaml:1:16: a.yaml is a single value"},
		"another tag":        {[]string{"example.com.yaml", "www: !include a.yaml\n", "a.yaml", "!env X\n"}, "zones/a.yaml:1:1: the tag !env"},
		"above the folder":   {[]string{"example.com./www.yaml", "www: !include ../../x.yaml\n"}, "zones/example.com./www.yaml:1:6: the include of"},
	} {
		zones, problems := parse(c.files...)
		if len(problems) == 0 || !strings.HasPrefix(problems[0].Error(), c.want) || len(zones.Broken) == 0 {
			t.Errorf("%s: %v", name, problems)
		}
	}
}

// Aliases, merge keys and includes are shared, and what they would make of all is counted before anything reads it.
func TestAliasBombs(t *testing.T) {
	t.Parallel()
	aliases := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := range 9 {
		aliases += "a" + string(rune('1'+i)) + ": &a" + string(rune('1'+i)) + " [" + strings.Repeat("*a"+string(rune('0'+i))+", ", 10) + "]\n"
	}
	var many strings.Builder
	many.WriteString("base: &base\n")
	for i := range 5000 {
		many.WriteString("  k" + strings.Repeat("x", i%50) + string(rune('a'+i%26)) + strconv.Itoa(i) + ": 1\n")
	}
	for i := range 5000 {
		many.WriteString("m" + strconv.Itoa(i) + ": {<<: *base}\n")
	}
	for name, text := range map[string]string{"aliases": aliases, "merge keys": many.String()} {
		zones, problems := parse("example.com.yaml", text)
		if len(problems) == 0 || problems[0].Check != "too-big" || len(zones.Broken) != 1 {
			t.Errorf("%s: %.300v", name, problems)
		}
	}
}

// A lenient record loads with warnings where octoDNS would serve it too.
func TestLenient(t *testing.T) {
	t.Parallel()
	for check, record := range map[string]string{
		"geo-record":     "type: A\n  value: 192.0.2.1\n  geo: {EU: [192.0.2.2]}",
		"dynamic-record": "type: A\n  value: 192.0.2.1\n  dynamic: {pools: {}, rules: []}",
		"txt-semicolon":  `type: TXT` + "\n" + `  value: a\\;b`,
		"bad-caa":        "type: CAA\n  value: {tag: Issue, value: x}",
		"bad-hex":        "type: DS\n  value: {key_tag: 1, algorithm: 8, digest_type: 2, digest: abcd}",
		"bad-value":      "type: NAPTR\n  value: {order: 1, preference: 1, flags: X, service: '', regexp: '', replacement: .}",
	} {
		for _, lenient := range []string{"false", "true"} {
			zones, problems := parse("example.com.yaml", "'': {type: NS, value: ns1.example.net.}\nwww:\n  "+record+"\n  octodns: {lenient: "+lenient+"}\n")
			if len(problems) != 1 || problems[0].Check != check || (problems[0].Severity == zone.Warning) != (lenient == "true") || (len(zones.Zones) == 1) != (lenient == "true") {
				t.Errorf("%s, lenient: %s: %v", check, lenient, problems)
			}
		}
	}
}

// What a zone has that cannot be served is listed in one go, with the rest.
func TestAllRefusedAtOnce(t *testing.T) {
	t.Parallel()
	_, problems := parse("example.com.yaml", `'': {type: ALIAS, value: www.example.net.}
a: {type: A, value: 192.0.2.1, geo: {}, dynamic: {}}
b: {type: Route53Provider/ALIAS, value: {}}
c: {type: URLFWD, value: {}}
d: {type: A, value: 192.0.2.300}
e: {type: A, value: x, dynamic: {}}
`)
	var got []string
	for _, p := range problems {
		got = append(got, p.Check)
	}
	if want := "provider-type geo-record dynamic-record provider-type provider-type bad-address bad-address dynamic-record"; strings.Join(got, " ") != want {
		t.Errorf("got %q", got)
	}
}

// The name that this pipeline has among octoDNS's providers decides about lists of them.
func TestTarget(t *testing.T) {
	t.Parallel()
	text := []byte("'': {type: NS, value: ns1.example.net.}\na: {type: A, value: 192.0.2.1, octodns: {included: [pdns]}}\nb: {type: A, value: 192.0.2.1, octodns: {excluded: [pdns]}}\n")
	for target, want := range map[string]string{"": "b", "pdns": "a"} {
		opt := options
		opt.Target = target
		zones, problems := Parse([]checkout.File{{Path: "example.com.yaml", Data: text}}, opt)
		if len(problems) != 1 || problems[0].Check != "octodns-providers" || len(zones.Zones) != 1 || len(zones.Zones[0].Records) != 3 || zones.Zones[0].Records[2].Owner.Label() != want {
			t.Errorf("%q: %v %v", target, zones, problems)
		}
	}
}

// Each zone that includes a broken file is told, and none is served without it.
func TestBrokenIncludeOfManyZones(t *testing.T) {
	t.Parallel()
	zones, problems := parse("a.example.yaml", "x: !include common/x.yaml\n", "b.example.yaml", "x: !include common/x.yaml\n", "c.example.yaml", "x: !include [common/x.yaml]\n",
		"d.example.yaml", "x: !include common/y.yaml\n", "common/x.yaml", "type: !word A\n", "common/y.yaml", "!include x.yaml\n")
	if len(zones.Zones) != 0 || len(zones.Broken) != 4 || len(problems) != 4 {
		t.Fatalf("%d broken, %v", len(zones.Broken), problems)
	}
	for _, p := range problems {
		if p.Check != "yaml-tag" || p.File != "zones/common/x.yaml" {
			t.Error(p)
		}
	}
}

// A file that includes very many others, in a circle too, costs what they are: the time of this test is what would be noticed.
func TestIncludesOfManyFiles(t *testing.T) {
	t.Parallel()
	l := &Layout{includes: map[string][]string{"last": {"zone", "last", "f0"}}}
	for i := range 200_000 {
		l.includes["zone"] = append(l.includes["zone"], fmt.Sprint("f", i), fmt.Sprint("f", i))
	}
	l.includes["zone"] = append(l.includes["zone"], "last")
	if all := l.reached("zone"); len(all) != 200_001 || !slices.IsSorted(all) {
		t.Errorf("%d files", len(all))
	}
}
