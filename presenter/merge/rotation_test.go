package merge

import (
	"slices"
	"testing"

	"zonecast/internal/row"
	"zonecast/internal/zone"
)

// Claims on one RRset may differ in how it rotates: the strongest wins, in whatever order they come.
func TestTheStrongestRotationOfTheClaims(t *testing.T) {
	t.Parallel()
	list := []row.Contribution{}
	for i, r := range []zone.Rotation{zone.RotateNone, zone.RotateRandom, zone.RotateCyclic} {
		list = append(list, row.Contribution{Module: "m", Entity: string(rune('a' + i)), Sets: []zone.RRset{{Type: zone.TypeA, TTL: 60, Rotate: r,
			Data: []zone.Rdata{zone.Rdata([]byte{192, 0, 2, byte(i)})}}}})
	}
	for range 2 {
		in := input(t, []string{"www.example.com."})
		in.Sources = []Source{{Name: "main", Contributions: list}}
		got := Merge(in).Row
		if len(got.Sets) != 1 || got.Sets[0].Rotate != zone.RotateRandom || len(got.Sets[0].Data) != 3 {
			t.Errorf("%+v", got.Sets)
		}
		if claims := coalesce(got.Claims); len(claims) != 1 || claims[0].Set.Rotate != zone.RotateRandom {
			t.Errorf("as one claim: %+v", claims)
		}
		slices.Reverse(list)
	}
}
