package row

import (
	"errors"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"zonecast/internal/zone"
)

func drawSets(t *rapid.T, label string) (sets []zone.RRset) {
	for range rapid.IntRange(0, 3).Draw(t, label) {
		s := zone.RRset{Type: zone.Type(rapid.Uint16().Draw(t, "type")), TTL: rapid.Uint32Max(zone.MaxTTL).Draw(t, "ttl"),
			Rotate: rapid.SampledFrom([]zone.Rotation{zone.RotateNone, zone.RotateCyclic, zone.RotateRandom}).Draw(t, "rotate")}
		for range rapid.IntRange(0, 3).Draw(t, "records") {
			s.Data = append(s.Data, zone.Rdata(rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "data")))
		}
		sets = append(sets, s)
	}
	return sets
}

func drawName(t *rapid.T) zone.Name {
	n, err := zone.Root.Child(rapid.StringMatching(`[a-z]{1,10}`).Draw(t, "name"))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func drawOrigin(t *rapid.T) (o Origin) {
	v := reflect.ValueOf(&o).Elem()
	for i := range v.NumField() { // every field, also one that is added later
		switch f := v.Field(i); f.Kind() {
		case reflect.String:
			f.SetString(rapid.String().Draw(t, "origin"))
		case reflect.Int64:
			f.SetInt(rapid.Int64Min(0).Draw(t, "expires"))
		default:
			t.Fatalf("a field of kind %s is not drawn", f.Kind())
		}
	}
	return o
}

func drawClaims(t *rapid.T) (claims []Claim) {
	for range rapid.IntRange(0, 3).Draw(t, "claims") {
		sets := drawSets(t, "set")
		if len(sets) == 0 {
			sets = []zone.RRset{{Type: zone.TypeA}}
		}
		claims = append(claims, Claim{Set: sets[0], Origin: drawOrigin(t), Why: rapid.String().Draw(t, "why")})
	}
	return claims
}

func TestRowsComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		same := func(got, want any, err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Fatal(d)
			}
		}
		p := Presented{Zone: drawName(t), Sets: drawSets(t, "sets"), Claims: drawClaims(t), Shadowed: drawClaims(t)}
		back, err := DecodePresented(p.Encode())
		same(back, p, err)
		apex, sets, err := DecodePresentedSets(p.Encode())
		same(apex, p.Zone, err)
		same(sets, p.Sets, err)

		q := Published{Since: rapid.Uint64().Draw(t, "since"), Zone: drawName(t), Sets: drawSets(t, "sets")}
		back2, err := DecodePublished(q.Encode())
		same(back2, q, err)

		c := []Contribution{{Module: "m", Entity: rapid.String().Draw(t, "entity"), Shared: rapid.Bool().Draw(t, "shared"), Sets: drawSets(t, "sets")}}
		if rapid.Bool().Draw(t, "standings") {
			c[0].Standings = make([]Standing, len(c[0].Sets))
			for i := range c[0].Standings {
				c[0].Standings[i] = drawStanding(t)
			}
		}
		back3, err := DecodeContributions(EncodeContributions(c))
		same(back3, c, err)

		pools := []Pool{{Module: "m", Type: 1, Chosen: []string{"e/1"}}, {Module: "o", Type: 28, Kept: []Last{{Entity: "e/2", Shared: true, Set: zone.RRset{Type: 28, TTL: 60}, Standing: drawStanding(t)}}}}
		back5, err := DecodePools(EncodePools(pools))
		same(back5, pools, err)

		h := []HumanRecord{{Zone: drawName(t), File: rapid.String().Draw(t, "file"), Commit: "c", Mode: "mask", Scope: "name", Reason: "r", Expires: 5, Set: zone.RRset{Type: 1, TTL: 2}, Author: rapid.String().Draw(t, "author")}}
		back4, err := DecodeHuman(EncodeHuman(h))
		same(back4, h, err)
	})
}

func drawStanding(t *rapid.T) (s Standing) {
	if s.Limited = rapid.Bool().Draw(t, "limited"); s.Limited {
		s.AtMost, s.KeepLast, s.Weight = rapid.Uint32().Draw(t, "at most"), rapid.Uint32().Draw(t, "keep last"), rapid.Uint32().Draw(t, "weight")
	}
	s.State, s.Sticky, s.Pinned = State(rapid.IntRange(0, 2).Draw(t, "state")), rapid.Bool().Draw(t, "sticky"), rapid.Bool().Draw(t, "pinned")
	s.Order, s.OrderBy = rapid.Int64().Draw(t, "order"), rapid.StringN(0, 8, -1).Draw(t, "order by")
	if s.Role = rapid.StringN(0, 8, -1).Draw(t, "role"); s.Role != "" {
		s.Number = rapid.Uint32().Draw(t, "number")
	}
	return s
}

func TestDecodersRefuse(t *testing.T) {
	t.Parallel()
	good := Published{Since: 7, Zone: "\x07example\x00"}.Encode()
	for name, b := range map[string][]byte{
		"nothing":          nil,
		"another format":   append([]byte{9}, good[1:]...),
		"cut":              good[:len(good)-1],
		"more":             append(append([]byte{}, good...), 0),
		"a hostile count":  {format, 1, 0, 0xff, 0xff, 0xff, 0xff, 0x0f},
		"a name that lies": {format, 1, 2, 5, 'a', 0},
	} {
		if p, err := DecodePublished(b); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %+v, %v; want ErrCorrupt", name, p, err)
		}
	}
}

func TestZoneKeysAreNoNames(t *testing.T) {
	t.Parallel()
	apex, err := zone.ParseName("2.0/25.192.in-addr.arpa.")
	if err != nil {
		t.Fatal(err)
	}
	if back, ok := ZoneOf(ZoneKey(apex)); !ok || back != apex {
		t.Errorf("%q, %v", back, ok)
	}
	if _, err := zone.ParseName(ZoneKey(apex)); err == nil {
		// A text beginning with @ parses, but never prints so: the canonical form escapes it.
		if n, _ := zone.ParseName(ZoneKey(apex)); n.String() == ZoneKey(apex) {
			t.Error("a zone's key is a name's too")
		}
	}
	for _, key := range []string{"", "@zone/", "@zone/relative", "www.example."} {
		if n, ok := ZoneOf(key); ok {
			t.Errorf("%q is the key of zone %s", key, n)
		}
	}
}

func TestHeldIDsNameWhatIsHeld(t *testing.T) {
	t.Parallel()
	a := HeldID("presenter", "zone-file", "example.", "1")
	if a != HeldID("presenter", "zone-file", "example.", "1") || a == HeldID("presenter", "zone-file", "example.", "2") || a == HeldID("presenter", "zone-file", "example.1", "") {
		t.Error("ids do not tell held things apart")
	}
}

func FuzzRows(f *testing.F) {
	f.Add(Presented{Zone: "\x07example\x00", Sets: []zone.RRset{{Type: 1, TTL: 60, Data: []zone.Rdata{"\x01\x02\x03\x04"}}}}.Encode())
	f.Add(EncodeContributions([]Contribution{{Module: "m", Entity: "e/1"}}))
	f.Add(EncodePools([]Pool{{Module: "m", Type: 1, Kept: []Last{{Entity: "e/1"}}}}))
	f.Add(EncodeHuman([]HumanRecord{{Zone: "\x07example\x00", File: "f"}}))
	f.Fuzz(func(_ *testing.T, b []byte) {
		_, _ = DecodePresented(b)
		_, _, _ = DecodePresentedSets(b)
		_, _ = DecodePublished(b)
		_, _ = DecodeContributions(b)
		_, _ = DecodeHuman(b)
		_, _ = DecodePools(b)
	})
}

// TestRotationRidesInTheTTL: a row written before there were rotations reads as one without, and the other way round a
// set without rotation has the octets it always had.
func TestRotationRidesInTheTTL(t *testing.T) {
	t.Parallel()
	before := []byte{format, 7, 0, 1, 1, 0xac, 0x02, 1, 4, 192, 0, 2, 1} // since 7, no zone, one A with TTL 300
	p, err := DecodePublished(before)
	if err != nil || len(p.Sets) != 1 || p.Sets[0].TTL != 300 || p.Sets[0].Rotate != zone.RotateNone {
		t.Fatalf("%+v, %v", p, err)
	}
	if got := p.Encode(); string(got) != string(before) {
		t.Errorf("% x, want % x", got, before)
	}
	p.Sets[0].Rotate = zone.RotateRandom + 1
	if p, err := DecodePublished(p.Encode()); !errors.Is(err, ErrCorrupt) {
		t.Errorf("an unknown rotation: %+v, %v; want ErrCorrupt", p, err)
	}
}
