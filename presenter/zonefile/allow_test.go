package zonefile

import (
	"strings"
	"testing"
)

// Exceptions come with the place of their record and change nothing else of the zone.
func TestExceptions(t *testing.T) {
	t.Parallel()
	const text = `'':
  - type: SOA
    zonecast: {allow: [{check: no-ns, reason: served from the parent}]}
www:
  type: CNAME
  value: nowhere.example.com.
  zonecast:
    allow:
      - {check: missing-target, reason: "comes with CHG-9"}
`
	zones, problems := parse("example.com.yaml", text)
	if len(zones.Zones) != 1 || len(zones.Zones[0].Exceptions) != 2 {
		t.Fatalf("%v %v", zones, problems)
	}
	x := zones.Zones[0].Exceptions
	if x[0].Owner != "" || x[0].Check != "no-ns" || x[1].Owner.String() != "www.example.com." || x[1].First != 4 || x[1].Last != 9 || x[1].Line != 9 {
		t.Errorf("%+v", x)
	}
	without, _ := parse("example.com.yaml", strings.ReplaceAll(text, "allow:\n      - {check: missing-target, reason: \"comes with CHG-9\"}", "{}"))
	if a, b := zones.Zones[0].Records, without.Zones[0].Records; len(a) != len(b) || a[1].Human.Set.Data[0] != b[1].Human.Set.Data[0] {
		t.Errorf("the records differ: %v, %v", a, b)
	}
	for _, bad := range []string{"allow: {}", "allow: []", "allow: [missing-target]", "allow: [{reason: x}]", "allow: [{check: no-ns, reason: ''}]",
		"allow: [{check: no-ns, reason: x, until: y}]", "allow: [" + strings.Repeat("{check: no-ns, reason: x},", maxAllowed+1) + "]"} {
		if zones, _ := parse("example.com.yaml", "www: {type: A, value: 192.0.2.1, zonecast: {"+bad+"}}\n"); len(zones.Broken) != 1 {
			t.Errorf("%s is taken", bad)
		}
	}
}

// Of two files of one zone that contradict each other, both places are told.
func TestClashesNameBothPlaces(t *testing.T) {
	t.Parallel()
	for check, b := range map[string]string{"duplicate-type": "www: {type: A, value: 192.0.2.2}", "cname-and-other": "www: {type: CNAME, value: a.example.}"} {
		_, problems := parse("example.com/a.yaml", "'': {type: NS, value: ns1.example.net.}\nwww: {type: A, value: 192.0.2.1}\n", "example.com/b.yaml", "\n"+b+"\n")
		if len(problems) != 1 || problems[0].Check != check || problems[0].File != "zones/example.com/b.yaml" || problems[0].Line != 2 ||
			!strings.Contains(problems[0].Text, "zones/example.com/a.yaml:2") {
			t.Errorf("%s: %v", check, problems)
		}
	}
}
