package answer

import (
	"strings"
	"testing"

	"github.com/miekg/dns"

	"zonecast/internal/snapshot"
	"zonecast/internal/zone"
)

// mapView is the plainest View there can be.
type mapView struct {
	zones map[zone.Name]snapshot.Zone
	nodes map[zone.Name]snapshot.Node
}

func (v *mapView) FindZone(n zone.Name) (snapshot.Zone, bool) {
	for ; n != ""; n = n.Parent() {
		if z, ok := v.zones[n]; ok {
			return z, true
		}
	}
	return snapshot.Zone{}, false
}

func (v *mapView) Lookup(n zone.Name) (snapshot.Node, bool) {
	node, ok := v.nodes[n]
	return node, ok
}

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
func (v *mapView) add(t testing.TB, z snapshot.Zone, text string) {
	t.Helper()
	if v.zones == nil {
		v.zones, v.nodes = map[zone.Name]snapshot.Zone{}, map[zone.Name]snapshot.Node{}
	}
	v.zones[z.Apex] = z
	for owner, sets := range parseZone(t, z.Apex.String(), text) {
		v.nodes[owner] = snapshot.Node{Name: owner, Sets: sets}
		for n := owner; n != z.Apex && n != ""; n = n.Parent() {
			if _, ok := v.nodes[n]; !ok {
				v.nodes[n] = snapshot.Node{Name: n}
			}
		}
	}
}

// ask sends a query through the wire form and back.
func ask(t testing.TB, v View, facts Facts, transport Transport, query *dns.Msg) *dns.Msg {
	t.Helper()
	packed, err := query.Pack()
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := Answer(v, facts, packed, nil, transport)
	if raw == nil {
		return nil
	}
	response := new(dns.Msg)
	if err := response.Unpack(raw); err != nil {
		t.Fatalf("%v\n% x", err, raw)
	}
	return response
}
