package presenter

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"zonecast/internal/checkout"
	"zonecast/internal/policy"
	"zonecast/internal/row"
	"zonecast/internal/zone"
	"zonecast/presenter/zonefile"
)

func name(t testing.TB, text string) zone.Name {
	n, err := zone.ParseName(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func set(t testing.TB, typ, data string) zone.RRset {
	kind, _ := zone.ParseType(typ)
	d, err := zone.ParseRdata(kind, data, "")
	if err != nil {
		t.Fatal(err)
	}
	return zone.RRset{Type: kind, TTL: 300, Data: []zone.Rdata{d}}
}

func TestMergeAllFindings(t *testing.T) {
	t.Parallel()
	text := `'':
  type: NS
  value: ns1.example.com.
ns1:
  type: A
  value: 192.0.2.53
db1:
  type: A
  value: 192.0.2.99
a:
  type: CNAME
  value: b.example.com.
b:
  type: CNAME
  value: a.example.com.
mail:
  type: MX
  value: {preference: 10, exchange: nowhere.example.com.}
sub:
  type: NS
  value: ns1.example.com.
old.sub:
  type: TXT
  value: below
`
	zones, problems := zonefile.Parse([]checkout.File{{Path: "example.com.yaml", Data: []byte(text)}}, zonefile.Options{DefaultTTL: 300})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	give := func(owner string, sets ...zone.RRset) (zone.Name, []row.Contribution) {
		return name(t, owner), []row.Contribution{{Module: "servers", Entity: "server/x", Sets: sets}}
	}
	g := map[zone.Name][]row.Contribution{}
	for _, x := range []struct{ owner, typ, data string }{
		{"db1.example.com.", "A", "192.0.2.1"}, {"x.example.org.", "A", "192.0.2.2"}, {"w.example.com.example.com.", "A", "192.0.2.3"},
		{"p.example.com.", "PTR", "w.example.com.example.com."},
	} {
		n, list := give(x.owner, set(t, x.typ, x.data))
		g[n] = list
	}
	m, problems, _ := mergeAll(zones, Generated{"main": g}, Offline{Sources: []string{"main"}, Now: time.Now()})
	var got []string
	for _, p := range problems {
		got = append(got, fmt.Sprintf("%s %s:%d %s", p.Severity, p.File, p.Line, p.Check))
	}
	want := []string{"error :0 doubled-suffix", "error :0 doubled-suffix", "error :0 outside-zones",
		"warning example.com.yaml:7 shadows-generated", "warning example.com.yaml:10 cname-loop", "warning example.com.yaml:13 cname-loop",
		"warning example.com.yaml:16 missing-target", "warning example.com.yaml:22 below-zone-cut"}
	if !slices.Equal(got, want) {
		t.Fatalf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if len(m.Conflicts) != 1 || len(m.Rows[name(t, "x.example.org.")].Sets) != 0 {
		t.Fatalf("%+v", m.Conflicts)
	}
}

// TestMergeAllBrokenZone: the fault of a zone file is told once, not again for every generated name in it.
func TestMergeAllBrokenZone(t *testing.T) {
	t.Parallel()
	zones, _ := zonefile.Parse([]checkout.File{
		{Path: "example.com.yaml", Data: []byte("'': {type: NS, value: ns1.example.net.}\n")},
		{Path: "example.net.yaml", Data: []byte("www: {type: A, value: nonsense}\n")},
		{Path: "no..zone.yaml", Data: []byte("{}")},
	}, zonefile.Options{DefaultTTL: 300})
	if len(zones.Zones) != 1 || len(zones.Broken) != 2 {
		t.Fatalf("%+v", zones)
	}
	g := map[zone.Name][]row.Contribution{}
	for _, owner := range []string{"a.example.net.", "a.example.org."} {
		g[name(t, owner)] = []row.Contribution{{Module: "servers", Entity: "server/x", Sets: []zone.RRset{set(t, "A", "192.0.2.1")}}}
	}
	problems, _ := MergeAll(zones, Generated{"main": g}, Offline{Sources: []string{"main"}, Now: time.Now()})
	if len(problems) != 1 || problems[0].Check != "outside-zones" || problems[0].Name != "a.example.org." {
		t.Fatalf("%v", problems)
	}
}

// TestMergeAllPolicies: what would be served is judged at its place, once for an RRset, as if it were there already.
func TestMergeAllPolicies(t *testing.T) {
	t.Parallel()
	zones, problems := zonefile.Parse([]checkout.File{{Path: "example.com.yaml", Data: []byte(`'':
  type: NS
  value: ns1.example.com.
ns1:
  - type: TXT
    value: x
  - type: A
    ttl: 30
    value: 192.0.2.53
db2:
  type: A
  value: 192.0.2.99
  zonecast: {mode: replace, reason: x}
`)}}, zonefile.Options{DefaultTTL: 300})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	pool := []row.Contribution{{Module: "pools", Entity: "server/1", Sets: []zone.RRset{set(t, "A", "192.0.2.1")}}, {Module: "pools", Entity: "server/2", Sets: []zone.RRset{set(t, "A", "192.0.2.2")}}}
	p, problems := policy.Load(checkout.File{Path: policy.File, Data: []byte(`policy:
  - {name: low, when: 'ttl < 60', message: 'TTL {ttl}'}
  - {name: forever, severity: warning, when: 'mode == "replace" and not expires', message: 'for ever: {reason}'}
  - {name: pooled, severity: warning, when: 'module == "pools"', message: '{values}'}
  - {name: new, when: 'change != "kept"', message: 'never here'}
`)}, "")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var got []string
	found, _ := MergeAll(zones, Generated{"main": {name(t, "web.example.com."): pool}}, Offline{Prefix: "zones/", Sources: []string{"main"}, Now: time.Now(), Policies: []*policy.Policy{nil, p}})
	for _, p := range found {
		got = append(got, p.Error())
	}
	want := []string{
		"warning: web.example.com.: A: 192.0.2.1, 192.0.2.2 (policy pooled) (source main, module pools, entity server/1) [policy]; mend it, or make an exception with a reason",
		"zones/example.com.yaml:7:5: ns1.example.com.: A: TTL 30 (policy low) [policy]; mend it, or make an exception with a reason",
		"zones/example.com.yaml:10:1: warning: db2.example.com.: A: for ever: x (policy forever) [policy]; mend it, or make an exception with a reason",
	}
	if !slices.Equal(got, want) {
		t.Fatalf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
