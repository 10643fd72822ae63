package zone

import (
	"encoding/json"
	"testing"
)

func TestRotationsAreWords(t *testing.T) {
	t.Parallel()
	for r, word := range map[Rotation]string{RotateNone: "none", RotateCyclic: "cyclic", RotateRandom: "random"} {
		if back, ok := ParseRotation(word); !ok || back != r || r.String() != word || !r.Valid() {
			t.Errorf("%s: %v, %v", word, back, ok)
		}
		set := RRset{Type: TypeA, TTL: 60, Rotate: r, Data: []Rdata{"\xc0\x00\x02\x01"}}
		text, err := json.Marshal(set)
		if err != nil {
			t.Fatal(err)
		}
		var back RRset
		if err := json.Unmarshal(text, &back); err != nil || !back.Equal(set) {
			t.Errorf("%s came back as %+v, %v", text, back, err)
		}
		if r == RotateNone && string(text) != `{"type":"A","ttl":60,"data":["192.0.2.1"]}` {
			t.Errorf("a set that does not rotate is %s", text)
		}
	}
	var r Rotation
	if err := r.UnmarshalText([]byte("shuffle")); err == nil || Rotation(3).Valid() || Rotation(3).String() != "rotation 3" {
		t.Error("an unknown rotation is taken")
	}
}

func TestTheStrongerRotationStays(t *testing.T) {
	t.Parallel()
	set := func(r Rotation) RRset { return RRset{Type: TypeA, Rotate: r, Data: []Rdata{"\xc0\x00\x02\x01"}} }
	for _, c := range [][3]Rotation{{RotateNone, RotateNone, RotateNone}, {RotateNone, RotateCyclic, RotateCyclic}, {RotateCyclic, RotateRandom, RotateRandom}} {
		if a, b := set(c[0]).Union(set(c[1])), set(c[1]).Union(set(c[0])); a.Rotate != c[2] || !a.Equal(b) {
			t.Errorf("%s and %s: %s, %s", c[0], c[1], a.Rotate, b.Rotate)
		}
	}
	if set(RotateNone).Equal(set(RotateCyclic)) {
		t.Error("sets of different rotation are equal")
	}
}

// Different data of the smallest sizes first: no RRset that MaxRRset lets through has more records.
func TestMaxRecords(t *testing.T) {
	t.Parallel()
	records, left := 0, MaxRRset
	for size, many := 0, 1; left >= 2+size; size, many = size+1, many*256 {
		fit := min(many, left/(2+size))
		records, left = records+fit, left-fit*(2+size)
	}
	if records >= MaxRecords {
		t.Errorf("%d records fit, MaxRecords is %d", records, MaxRecords)
	}
}
