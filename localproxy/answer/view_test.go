package answer

import (
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"zonecast/internal/snapshot"
	"zonecast/internal/zone"
)

// testView is a snapshot.View with zones added one by one.
type testView struct{ *snapshot.View }

func name(t testing.TB, text string) zone.Name {
	t.Helper()
	n, err := zone.ParseName(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// parseZone reads RFC 1035 text into sets by owner name.
func parseZone(t testing.TB, origin, text string) map[zone.Name][]zone.RRset {
	t.Helper()
	sets := map[zone.Name][]zone.RRset{}
	parser := dns.NewZoneParser(strings.NewReader(text), origin, "")
	for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
		owner := name(t, rr.Header().Name)
		data, err := zone.RdataOf(rr)
		if err != nil {
			t.Fatal(err)
		}
		add := zone.RRset{Type: zone.Type(rr.Header().Rrtype), TTL: rr.Header().Ttl, Data: []zone.Rdata{data}}
		if old, ok := zone.FindSet(sets[owner], add.Type); ok {
			add = old.Union(add)
		}
		kept := []zone.RRset{add}
		for _, s := range sets[owner] {
			if s.Type != add.Type {
				kept = append(kept, s)
			}
		}
		zone.SortSets(kept)
		sets[owner] = kept
	}
	if err := parser.Err(); err != nil {
		t.Fatal(err)
	}
	return sets
}

// add loads one zone, with the empty non-terminals between its names and its apex.
func (v *testView) add(t testing.TB, z snapshot.Zone, text string) {
	t.Helper()
	if v.View == nil {
		v.View = snapshot.NewView(snapshot.Empty())
	}
	d := snapshot.Delta{Zones: []snapshot.ZoneChange{{Zone: z}}}
	sets := parseZone(t, z.Apex.String(), text)
	ents := map[zone.Name]bool{}
	for owner, list := range sets {
		d.Names = append(d.Names, snapshot.NameChange{Name: owner, State: snapshot.Data, Sets: list})
		for n := owner; n != z.Apex && n != ""; n = n.Parent() {
			if _, ok := sets[n]; !ok && !ents[n] {
				ents[n] = true
				d.Names = append(d.Names, snapshot.NameChange{Name: n, State: snapshot.ENT})
			}
		}
	}
	slices.SortFunc(d.Names, func(a, b snapshot.NameChange) int { return a.Name.Compare(b.Name) })
	v.View = v.Apply(&d)
}

// ask sends a query through the wire form and back.
func ask(t testing.TB, v View, facts Facts, transport Transport, query *dns.Msg) *dns.Msg {
	t.Helper()
	packed, err := query.Pack()
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := NewEngine(Config{}).Answer(v, facts, packed, nil, transport)
	if raw == nil {
		return nil
	}
	response := new(dns.Msg)
	if err := response.Unpack(raw); err != nil {
		t.Fatalf("%v\n% x", err, raw)
	}
	return response
}
