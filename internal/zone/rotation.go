package zone

import (
	"fmt"
	"slices"
)

// Rotation says in which order a proxy gives the records of an RRset: clients that take the first one spread over all.
// A larger one is the stronger wish: where several claims make one RRset, it wins.
type Rotation uint8

// The rotations.
const (
	RotateNone   Rotation = iota // the order of the data, always
	RotateCyclic                 // each answer begins one record further than the one before
	RotateRandom                 // each answer begins at a record chosen at random
)

var rotationNames = [...]string{"none", "cyclic", "random"}

// Valid tells whether r is one of the three.
func (r Rotation) Valid() bool { return int(r) < len(rotationNames) }

func (r Rotation) String() string {
	if !r.Valid() {
		return fmt.Sprintf("rotation %d", uint8(r))
	}
	return rotationNames[r]
}

// ParseRotation reads none, cyclic or random.
func ParseRotation(text string) (Rotation, bool) {
	i := slices.Index(rotationNames[:], text)
	return Rotation(max(i, 0)), i >= 0 //nolint:gosec // an index of three
}

// MarshalText writes none, cyclic or random.
func (r Rotation) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (r *Rotation) UnmarshalText(text []byte) error {
	v, ok := ParseRotation(string(text))
	if !ok {
		return fmt.Errorf("unknown rotation %.20q: one of none, cyclic, random", text)
	}
	*r = v
	return nil
}
