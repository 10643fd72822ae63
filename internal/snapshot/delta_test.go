package snapshot

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	"zonecast/internal/zone"
)

func sampleDelta() *Delta {
	a := []zone.RRset{{Type: zone.TypeA, TTL: 300, Data: []zone.Rdata{"\xc0\x00\x02\x01", "\xc0\x00\x02\x02"}}, {Type: zone.TypeTXT, TTL: 1, Data: []zone.Rdata{"\x01x"}}}
	return &Delta{
		Zones: []ZoneChange{{Zone: Zone{Apex: name("example."), SerialLiteral: true}}, {Zone: Zone{Apex: name("a.example."), Timestamp: true}, Gone: true}},
		Names: []NameChange{{name("example."), Gone, nil}, {name("a.example."), ENT, nil}, {name("b.a.example."), Data, a}},
	}
}

func TestDeltaRoundTrip(t *testing.T) {
	t.Parallel()
	for _, d := range []*Delta{sampleDelta(), {}} {
		got, err := DecodeDelta(d.Encode())
		if err != nil || !reflect.DeepEqual(got, d) || got.Empty() != (len(d.Names) == 0) {
			t.Errorf("got %+v, %v; want %+v", got, err, d)
		}
		text, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		var back Delta
		if err := json.Unmarshal(text, &back); err != nil || len(back.Names) != len(d.Names) {
			t.Errorf("%s: %+v, %v", text, back, err)
		}
	}
	var s State
	if err := s.UnmarshalText([]byte("lost")); err == nil {
		t.Error("an unknown state is read")
	}
}

func TestDecodeDeltaRefuses(t *testing.T) {
	t.Parallel()
	ex, sub := name("example."), name("a.example.")
	set := zone.RRset{Type: zone.TypeA, Data: []zone.Rdata{"1234"}}
	for what, d := range map[string]*Delta{
		"zones out of order":  {Zones: []ZoneChange{{Zone: Zone{Apex: sub}}, {Zone: Zone{Apex: ex}}}},
		"zone twice":          {Zones: []ZoneChange{{Zone: Zone{Apex: ex}}, {Zone: Zone{Apex: ex}}}},
		"zone without a name": {Zones: []ZoneChange{{}}},
		"names out of order":  {Names: []NameChange{{sub, Gone, nil}, {ex, Gone, nil}}},
		"name twice":          {Names: []NameChange{{ex, Gone, nil}, {ex, ENT, nil}}},
		"upper case":          {Names: []NameChange{{"\x01A\x00", Gone, nil}}},
		"unknown state":       {Names: []NameChange{{ex, 3, nil}}},
		"data without sets":   {Names: []NameChange{{ex, Data, nil}}},
		"set without data":    {Names: []NameChange{{ex, Data, []zone.RRset{{Type: zone.TypeA}}}}},
		"types out of order":  {Names: []NameChange{{ex, Data, []zone.RRset{{Type: zone.TypeNS, Data: set.Data}, set}}}},
		"type twice":          {Names: []NameChange{{ex, Data, []zone.RRset{set, set}}}},
		"data out of order":   {Names: []NameChange{{ex, Data, []zone.RRset{{Type: zone.TypeA, Data: []zone.Rdata{"2", "1"}}}}}},
		"no rotation":         {Names: []NameChange{{ex, Data, []zone.RRset{{Type: zone.TypeA, Rotate: 3, Data: set.Data}}}}},
		"large TTL":           {Names: []NameChange{{ex, Data, []zone.RRset{{Type: zone.TypeA, TTL: 1 << 31, Data: set.Data}}}}},
	} {
		if got, err := DecodeDelta(d.Encode()); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %+v, %v; want ErrCorrupt", what, got, err)
		}
	}
	good := sampleDelta().Encode()
	for i := range good {
		if _, err := DecodeDelta(good[:i]); err == nil {
			t.Errorf("cut to %d octets of %d: decodes", i, len(good))
		}
	}
	for what, b := range map[string][]byte{
		"an octet more":       append(good, 0),
		"huge count":          {deltaFormat, 0, 0xff, 0xff, 0xff, 0xff, 0x0f},
		"count in long form":  {deltaFormat, 0x80, 0x00, 0x00},
		"unknown zone flag":   {deltaFormat, 1, 0x40, 1, 0, 0},
		"a body with no sets": {deltaFormat, 0, 1, byte(Data), 1, 0, 0},
	} {
		if _, err := DecodeDelta(b); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v, want ErrCorrupt", what, err)
		}
	}
}
