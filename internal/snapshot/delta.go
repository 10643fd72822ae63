package snapshot

import (
	"encoding/binary"
	"fmt"

	"zonecast/internal/zone"
)

// State of a name in a delta.
type State uint8

// The states.
const (
	Gone State = iota // the name does not exist any more
	ENT               // it is an empty non-terminal
	Data              // it has the Sets given, and no others
)

var stateNames = [...]string{"gone", "ent", "data"}

func (s State) String() string {
	if int(s) >= len(stateNames) {
		return fmt.Sprintf("state %d", uint8(s))
	}
	return stateNames[s]
}

// MarshalText writes "gone", "ent" or "data".
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (s *State) UnmarshalText(text []byte) error {
	for i, name := range stateNames {
		if name == string(text) {
			*s = State(i)
			return nil
		}
	}
	return fmt.Errorf("unknown state %.20q", text)
}

// NameChange is a changed owner name with all its RRsets.
type NameChange struct {
	Name  zone.Name    `json:"name"`
	State State        `json:"state"`
	Sets  []zone.RRset `json:"sets,omitempty"` // normalized, sorted by type; none unless State is Data
}

// ZoneChange is a changed entry of the zone table. When a zone goes, its names are listed as Gone too.
type ZoneChange struct {
	Zone
	Gone bool `json:"gone,omitempty"`
}

// Delta is what changed between two versions: zones and names in canonical order, none twice.
type Delta struct {
	Zones []ZoneChange `json:"zones,omitempty"`
	Names []NameChange `json:"names,omitempty"`
}

// Empty tells that nothing changed.
func (d *Delta) Empty() bool { return len(d.Zones) == 0 && len(d.Names) == 0 }

const (
	deltaFormat = 1
	zoneGone    = 0x80
)

// Encode gives the delta's deterministic bytes: an octet of format; the zones (flags, apex); the names (state,
// name, and for Data the body as in a file).
func (d *Delta) Encode() []byte {
	b := binary.AppendUvarint([]byte{deltaFormat}, uint64(len(d.Zones)))
	for _, z := range d.Zones {
		more := byte(0)
		if z.Gone {
			more = zoneGone
		}
		b = appendZone(b, z.Zone, more)
	}
	b = binary.AppendUvarint(b, uint64(len(d.Names)))
	var body []byte
	for _, n := range d.Names {
		b = append(b, byte(n.State), byte(len(n.Name)))
		b = append(b, n.Name...)
		if n.State == Data {
			body = appendBody(body[:0], n.Sets)
			b = binary.AppendUvarint(b, uint64(len(body)))
			b = append(b, body...)
		}
	}
	return b
}

// DecodeDelta reads what Encode made; hostile bytes give an error (ErrCorrupt or ErrFormat). It takes one form only:
// what it accepts, Encode gives back octet for octet.
func DecodeDelta(b []byte) (*Delta, error) {
	r := &reader{b: b}
	if v := r.byte(); r.err == nil && v != deltaFormat {
		return nil, fmt.Errorf("delta: %w: format %d, this program reads %d", ErrFormat, v, deltaFormat)
	}
	d := &Delta{}
	for range r.count() {
		z, more := r.zone()
		if more&^zoneGone != 0 || (len(d.Zones) > 0 && d.Zones[len(d.Zones)-1].Apex.Compare(z.Apex) >= 0) {
			r.fail("zones not in order")
		}
		if r.err != nil {
			return nil, fmt.Errorf("delta: %w", r.err)
		}
		d.Zones = append(d.Zones, ZoneChange{Zone: z, Gone: more != 0})
	}
	for range r.count() {
		n := r.change()
		if len(d.Names) > 0 && d.Names[len(d.Names)-1].Name.Compare(n.Name) >= 0 {
			r.fail("names not in order")
		}
		if r.err != nil {
			return nil, fmt.Errorf("delta: %w", r.err)
		}
		d.Names = append(d.Names, n)
	}
	if err := r.end(); err != nil {
		return nil, fmt.Errorf("delta: %w", err)
	}
	return d, nil
}

func (r *reader) change() NameChange {
	n := NameChange{State: State(r.byte())}
	n.Name = r.name(int(r.byte()))
	if n.State > Data {
		r.fail("unknown state")
	}
	if n.State != Data || r.err != nil {
		return n
	}
	body := r.bytes(r.uint())
	sets, err := decodeBody(body)
	if err == nil && string(appendBody(nil, sets)) != string(body) {
		err = ErrCorrupt
	}
	if err != nil || len(sets) == 0 {
		r.fail("bad sets")
	}
	n.Sets = sets
	return n
}
