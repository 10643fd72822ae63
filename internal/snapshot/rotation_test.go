package snapshot

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"zonecast/internal/zone"
)

// rotating has one name with a set of each rotation.
func rotating() *Delta {
	set := func(t zone.Type, r zone.Rotation) zone.RRset {
		return zone.RRset{Type: t, TTL: 60, Rotate: r, Data: []zone.Rdata{"\x01x", "\x01y"}}
	}
	return &Delta{Zones: []ZoneChange{{Zone: Zone{Apex: name("example.")}}},
		Names: []NameChange{{name("example."), Data, []zone.RRset{set(zone.TypeTXT, zone.RotateNone), set(65280, zone.RotateCyclic), set(65281, zone.RotateRandom)}}}}
}

// TestRotationIsInTheRecordCount pins where the rotation stands: bits 14 and 15 of the number of records.
func TestRotationIsInTheRecordCount(t *testing.T) {
	t.Parallel()
	body := appendBody(nil, rotating().Names[0].Sets)
	for what, head := range map[string]string{"none": "021800100001", "cyclic": "82800118ff000001", "random": "82800218ff010001"} {
		if !strings.Contains(hex.EncodeToString(body), head) {
			t.Errorf("%s: no %s in %x", what, head, body)
		}
	}
	bad := bytes.Replace(body, []byte{0x82, 0x80, 0x01}, []byte{0x82, 0x80, 0x03}, 1)
	if sets, err := decodeBody(bad); !errors.Is(err, ErrCorrupt) {
		t.Errorf("rotation 3: %v, %v; want ErrCorrupt", sets, err)
	}
	b := NewBuilder(Seed{})
	if err := b.Add(Node{Name: name("example."), Sets: []zone.RRset{{Type: zone.TypeA, Rotate: 3, Data: []zone.Rdata{"1234"}}}}); !errors.Is(err, ErrSets) {
		t.Errorf("built with rotation 3: %v, want ErrSets", err)
	}
}

func TestRotationIsShown(t *testing.T) {
	t.Parallel()
	old, is := NewView(Empty()).Apply(rotating()), rotating()
	var out bytes.Buffer
	if err := Dump(&out, old); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); strings.Count(got, "rotate=") != 2 || !strings.Contains(got, "; example. TYPE65280 rotate=cyclic\n") || !strings.Contains(got, "; example. TYPE65281 rotate=random\n") {
		t.Errorf("dump:\n%s", got)
	}
	is.Names[0].Sets[1].Rotate = zone.RotateNone
	out.Reset()
	if n, err := WriteDiff(&out, old, NewView(Empty()).Apply(is)); err != nil || n != 1 || out.String() != "- ; example. TYPE65280 rotate=cyclic\n" {
		t.Errorf("diff: %d, %v\n%s", n, err, out.String())
	}
	if d, err := Diff(old, NewView(Empty()).Apply(is)); err != nil || len(d.Names) != 1 {
		t.Errorf("a changed rotation makes the delta %+v, %v", d, err)
	}
}
