package zonefile

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"zonecast/internal/checkout"
	"zonecast/internal/zone"
)

var options = Options{Prefix: "zones/", DefaultTTL: 3600, DefaultSOA: SOA{Refresh: 1, Retry: 2, Expire: 3, Minimum: 4},
	Now: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC), ExpiresWithin: 72 * time.Hour}

func parse(files ...string) (Zones, []zone.Problem) {
	var list []checkout.File
	for i := 0; i < len(files); i += 2 {
		list = append(list, checkout.File{Path: files[i], Data: []byte(files[i+1])})
	}
	return Parse(list, options)
}

var wanted = regexp.MustCompile(`# (\d+:\d+)\n`)

// Each file below testdata/bad and testdata/warn has the problem that it is named for, at the place in its first line.
func TestEveryCheckHasAFile(t *testing.T) {
	t.Parallel()
	for _, severity := range []zone.Severity{zone.Error, zone.Warning} {
		folder := map[zone.Severity]string{zone.Error: "bad", zone.Warning: "warn"}[severity]
		paths, _ := filepath.Glob("testdata/" + folder + "/*.yaml")
		if len(paths) < 3 {
			t.Fatal("no test data")
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			check, place := strings.TrimSuffix(filepath.Base(path), ".yaml"), "1:1"
			if m := wanted.FindSubmatch(data); m != nil {
				place = string(m[1])
			}
			zones, problems := parse("example.com.yaml", string(data), "example.net.yaml", "{}\n")
			i := slices.IndexFunc(problems, func(p zone.Problem) bool { return p.Check == check && p.File == "zones/example.com.yaml" })
			if i < 0 {
				t.Errorf("%s: got %v", path, problems)
				continue
			}
			if p := problems[i]; fmt.Sprintf("%d:%d", p.Line, p.Column) != place || p.Severity != severity {
				t.Errorf("%s: want %s at %s, got %s", path, severity, place, p.Error())
			}
			if broken := len(zones.Broken) == 1; broken != (severity == zone.Error) || len(zones.Zones)+len(zones.Broken) != 2 {
				t.Errorf("%s: zones %d, broken %d", path, len(zones.Zones), len(zones.Broken))
			}
		}
	}
}

// Every code in the source has a file, but for those that a file of that size would be needed for, or another name.
func TestNoCheckWithoutAFile(t *testing.T) {
	t.Parallel()
	codes := regexp.MustCompile(`(?:(?:fail|soft|faultAt)\([^"]*, |add\([^"]*, |fault\{[^"]*, |Check: |return )"([a-z]+(?:-[a-z]+)+)"`)
	sources, _ := filepath.Glob("*.go")
	for _, path := range sources {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		for _, m := range codes.FindAllStringSubmatch(string(text), -1) {
			bad, _ := filepath.Glob("testdata/*/" + m[1] + ".yaml")
			if len(bad) == 0 && !slices.Contains([]string{"too-big", "too-large", "zone-name"}, m[1]) {
				t.Errorf("%s: %s has no file", path, m[1])
			}
		}
	}
	if _, p := parse("..yaml", "{}\n"); len(p) == 0 || p[0].Check != "zone-name" {
		t.Errorf("zone-name: %v", p)
	}
	if _, p := parse("example.com.yaml", strings.Repeat("-", maxTokens+1)); len(p) == 0 || p[0].Check != "too-big" {
		t.Errorf("too-big: %v", p)
	}
	var big strings.Builder
	big.WriteString("www:\n  type: TXT\n  values:\n")
	for i := range 400 {
		fmt.Fprintf(&big, "  - %s%d\n", strings.Repeat("x", 200), i)
	}
	if _, p := parse("example.com.yaml", big.String()); len(p) == 0 || p[0].Check != "too-large" {
		t.Errorf("too-large: %v", p)
	}
	big.Reset()
	big.WriteString("www:\n  type: A\n  values:\n")
	for i := range zone.MaxWire/16 + 1 {
		fmt.Fprintf(&big, "  - 198.18.%d.%d\n", i>>8, i&0xff)
	}
	if _, p := parse("example.com.yaml", big.String()); len(p) == 0 || p[0].Check != "too-large" || !strings.Contains(p[0].Text, "in a message") {
		t.Errorf("too large for a message: %v", p)
	}
}

// All types in octoDNS's shape, and what they become.
func TestEveryType(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/all.yaml")
	if err != nil {
		t.Fatal(err)
	}
	zones, problems := parse("example.com.yaml", string(text))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var lines []string
	for _, r := range zones.Zones[0].Records {
		lines = append(lines, r.Human.Set.Lines(r.Owner)...)
	}
	want, err := os.ReadFile("testdata/all.zone")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(lines, "\n") + "\n"; got != string(want) {
		t.Fatalf("got\n%s\nwant\n%s", got, want)
	}
	for name := range types {
		if !strings.Contains(string(want), " "+name+" ") {
			t.Errorf("%s does not occur", name)
		}
	}
	for _, r := range zones.Zones[0].Records {
		line, column := Locate(r.Human.File, text)(r.Owner, r.Human.Set.Type)
		if line != r.Line || column != r.Column {
			t.Errorf("%s %s: located at %d:%d, stands at %d:%d", r.Owner, r.Human.Set.Type, line, column, r.Line, r.Column)
		}
	}
}

func TestSettingsAndOverrides(t *testing.T) {
	t.Parallel()
	zones, problems := parse("example.com.yaml", `'':
  - type: SOA
    zonecast: {serial: literal, timestamp: off}
  - type: NS
    value: ns.example.net.
a:
  type: A
  value: 192.0.2.1
  zonecast: {mode: replace, scope: name, expires: 2026-12-01, reason: "disk"}
b:
  type: A
  zonecast: {mode: mask, expires: 2026-12-01T10:00:00Z}
c:
  zonecast: {mode: mask, scope: name}
d:
  type: A
  values: [192.0.2.1, 192.0.2.2]
  zonecast: {rotate: cyclic}
`)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	z := zones.Zones[0]
	if !z.Facts.SerialLiteral || z.Facts.Timestamp || z.Written != 5 {
		t.Errorf("%+v", z)
	}
	a, b, c := z.Records[2].Human, z.Records[3].Human, z.Records[4].Human
	if a.Mode != ModeReplace || a.Scope != ScopeName || a.Reason != "disk" || time.Unix(a.Expires, 0).UTC() != time.Date(2026, 12, 2, 0, 0, 0, 0, time.UTC) {
		t.Errorf("%+v", a)
	}
	if b.Mode != ModeMask || len(b.Set.Data) != 0 || time.Unix(b.Expires, 0).UTC() != time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC) {
		t.Errorf("%+v", b)
	}
	if c.Set.Type != TypeAny {
		t.Errorf("%+v", c)
	}
	if d := z.Records[5].Human; d.Set.Rotate != zone.RotateCyclic || len(d.Set.Data) != 2 || a.Set.Rotate != zone.RotateNone {
		t.Errorf("%+v", d)
	}
	for _, bad := range []string{"type: CNAME\n  value: b.example.com.\n  zonecast: {rotate: random}", "type: A\n  zonecast: {mode: mask, rotate: random}"} {
		if _, problems := parse("example.com.yaml", "e:\n  "+bad+"\n"); len(problems) == 0 || problems[0].Check != "bad-rotate" {
			t.Errorf("%s: %v", bad, problems)
		}
	}
	soa := zone.RdataText(zone.TypeSOA, z.Records[1].Human.Set.Data[0])
	if z.Records[0].Human.Set.Type == zone.TypeSOA {
		soa = zone.RdataText(zone.TypeSOA, z.Records[0].Human.Set.Data[0])
	}
	if soa != "ns.example.net. hostmaster.example.com. 1 1 2 3 4" {
		t.Errorf("%s", soa)
	}
}

func TestFoldersAndReverseZones(t *testing.T) {
	t.Parallel()
	zones, problems := parse("2.0.192.in-addr.arpa.yaml", "10:\n  type: PTR\n  value: web.example.com.\n",
		"example.com/a.yaml", "a:\n  type: A\n  value: 192.0.2.1\n", "example.com./b.yaml", "b:\n  type: A\n  value: 192.0.2.2\n",
		"example.net/a.yaml", "a:\n  type: A\n  value: 192.0.2.1\n", "example.net.yaml", "a:\n  type: A\n  value: 192.0.2.2\n")
	if len(zones.Zones) != 2 || len(zones.Broken) != 1 || len(zones.Zones[1].Files)+len(zones.Zones[0].Files) != 3 {
		t.Fatalf("%+v\n%v", zones, problems)
	}
	if b := zones.Broken[0]; b.Apex.String() != "example.net." || !slices.ContainsFunc(b.Problems, func(p zone.Problem) bool { return p.Check == "duplicate-type" }) {
		t.Fatalf("%+v", b)
	}
}

func TestDoubled(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, apex string
		want       bool
	}{
		{"www.example.com.example.com.", "example.com.", true}, {"example.com.example.com.", "example.com.", true},
		{"www.example.com.", "example.com.", false}, {"example.example.", "example.", false}, {"www.example.example.", "example.", true},
		{"com.example.com.", "example.com.", false}, {"10.2.0.192.in-addr.arpa.2.0.192.in-addr.arpa.", "2.0.192.in-addr.arpa.", true},
	} {
		n, _ := zone.ParseName(c.name)
		apex, _ := zone.ParseName(c.apex)
		if _, got := Doubled(n, apex); got != c.want {
			t.Errorf("%s in %s: %v", c.name, c.apex, got)
		}
	}
}

func FuzzZoneYAML(f *testing.F) {
	for _, pattern := range []string{"testdata/*.yaml", "testdata/*/*.yaml"} {
		paths, _ := filepath.Glob(pattern)
		for _, path := range paths {
			data, _ := os.ReadFile(path)
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		zones, problems := parse("example.com.yaml", string(data))
		if len(zones.Zones)+len(zones.Broken) != 1 && !octoConfig(checkout.File{Data: data}) {
			t.Fatal("neither a zone nor a broken one")
		}
		if len(zones.Broken) == 1 && !slices.ContainsFunc(problems, isError) {
			t.Fatal("broken without an error")
		}
		for _, z := range zones.Zones {
			for _, r := range z.Records {
				for _, d := range r.Human.Set.Data {
					if _, err := zone.RR(r.Owner, r.Human.Set.Type, 0, d); err != nil {
						t.Fatalf("%s %s: %v", r.Owner, r.Human.Set.Type, err)
					}
				}
				if !r.Owner.Under(z.Apex) || r.Human.Set.Extent().Fit() != nil {
					t.Fatalf("%s", r.Owner)
				}
			}
		}
	})
}

// Any number of warnings leaves an error in sight: else the zone would be served without the record.
func TestWarningsHideNoError(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range maxProblems + 1 {
		fmt.Fprintf(&b, "h%d: {type: A, values: [192.0.2.1, 192.0.2.1]}\n", i)
	}
	memo := &Memo{}
	for range 2 {
		opt := options
		opt.Memo = memo
		zones, problems := Parse([]checkout.File{{Path: "example.com/a.yaml", Data: []byte(b.String())}, {Path: "example.com/b.yaml", Data: []byte("x: {type: A, value: x}\n")},
			{Path: "example.com/c.yaml", Data: []byte("y: {type: A, values: [192.0.2.1, 192.0.2.1]}\n")}}, opt)
		if len(zones.Broken) != 1 || len(problems) != maxProblems+1 || problems[maxProblems].Check != "bad-address" {
			t.Fatalf("%d broken, %d problems", len(zones.Broken), len(problems))
		}
	}
	if len(memo.files) != 0 {
		t.Error("a file with problems past the bound is remembered as one without")
	}
}

// A file's name loses one ending.
func TestZoneOf(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{"a.example.yaml": "a.example.", "a.example.yml": "a.example.", "a.yml.yaml": "a.yml.", "a.yaml.yml": "a.yaml.", "a.yaml/b.yaml": "a.yaml.", "a.example..yaml": "a.example."} {
		if got, err := ZoneOf(path); err != nil || got.String() != want {
			t.Errorf("%s: %s %v, want %s", path, got, err, want)
		}
	}
}
