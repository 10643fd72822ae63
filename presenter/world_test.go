package presenter

import (
	"testing"

	"zonecast/internal/row"
	"zonecast/internal/zone"
)

func TestPlace(t *testing.T) {
	t.Parallel()
	w := newWorld()
	for _, apex := range []string{"example.", "own.example."} {
		w.zones[name(t, apex)] = row.ZoneFacts{}
	}
	w.dnames[name(t, "old.example.")] = true
	w.cuts[name(t, "sub.example.")] = []zone.Rdata{zone.Rdata(name(t, "ns.sub.example."))}
	w.cuts[name(t, "deep.sub.example.")] = w.cuts[name(t, "sub.example.")]
	w.cuts[name(t, "own.example.")] = w.cuts[name(t, "sub.example.")]
	w.glue[name(t, "ns.sub.example.")] = 1
	for _, c := range []struct {
		name, zone, cut, dname, above string
		glue                          bool
	}{
		{name: "www.example.", zone: "example."},
		{name: "www.invalid."},
		{name: "old.example.", zone: "example."}, // at the DNAME itself
		{name: "a.b.old.example.", zone: "example.", dname: "old.example."},
		{name: "sub.example.", zone: "example."}, // at the cut itself
		{name: "ns.sub.example.", zone: "example.", cut: "sub.example.", glue: true},
		{name: "x.deep.sub.example.", zone: "example.", cut: "sub.example."}, // the one nearest the apex
		{name: "own.example.", zone: "own.example.", above: "example."},
		{name: "example.", zone: "example."},
		{name: "www.own.example.", zone: "own.example."}, // a zone of ours begins again below a cut
	} {
		p := w.place(name(t, c.name))
		if p.Zone.String() != c.zone || p.Cut.String() != c.cut || p.DNAME.String() != c.dname || p.Above.String() != c.above || p.Glue != c.glue {
			t.Errorf("%s: %+v", c.name, p)
		}
	}
}
