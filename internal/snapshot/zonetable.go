package snapshot

import (
	"encoding/binary"
	"fmt"

	"zonecast/internal/zone"
)

// zoneEntry is a zone and where its nodes stand: those at and below its apex, other zones below it included.
type zoneEntry struct {
	Zone
	zoneRange
}

// zoneRange is a part of the section of nodes: offsets.
type zoneRange struct{ start, end uint64 }

const (
	zoneSerialLiteral = 1 << iota
	zoneTimestamp
)

func (z Zone) flags() (f byte) {
	if z.SerialLiteral {
		f |= zoneSerialLiteral
	}
	if z.Timestamp {
		f |= zoneTimestamp
	}
	return f
}

// appendZone writes the part of an entry that a file and a delta share: flags, length, apex.
func appendZone(dst []byte, z Zone, more byte) []byte {
	dst = append(dst, z.flags()|more, byte(len(z.Apex)))
	return append(dst, z.Apex...)
}

func (r *reader) zone() (z Zone, flags byte) {
	flags = r.byte()
	z = Zone{Apex: r.name(int(r.byte())), SerialLiteral: flags&zoneSerialLiteral != 0, Timestamp: flags&zoneTimestamp != 0}
	return z, flags &^ z.flags()
}

func appendZones(dst []byte, zones []zoneEntry) []byte {
	for _, z := range zones {
		dst = appendZone(dst, z.Zone, 0)
		dst = binary.AppendUvarint(dst, z.start)
		dst = binary.AppendUvarint(dst, z.end)
	}
	return dst
}

// readZones reads the zone table strictly: canonical order, ranges inside the nodes. All apexes share one string.
func readZones(b []byte, count, nodes uint64) (*zoneSet, []zoneRange, error) {
	r := &reader{b: b}
	if count > uint64(len(b)) {
		return nil, nil, fmt.Errorf("%w: %d zones in %d octets", ErrCorrupt, count, len(b))
	}
	text := string(b)
	zones := make([]Zone, 0, min(count, 1<<16))
	ranges := make([]zoneRange, 0, min(count, 1<<16))
	for range count {
		z, rest := r.zone()
		end := len(text) - len(r.b)
		in := zoneRange{start: r.uint(), end: r.uint()}
		switch {
		case r.err != nil:
			return nil, nil, r.err
		case rest != 0 || in.start > in.end || in.end > nodes:
			return nil, nil, fmt.Errorf("%w: zone table", ErrCorrupt)
		case len(zones) > 0 && zones[len(zones)-1].Apex.Compare(z.Apex) >= 0:
			return nil, nil, fmt.Errorf("%w: zone table is not sorted", ErrCorrupt)
		}
		z.Apex = zone.Name(text[end-len(z.Apex) : end])
		zones, ranges = append(zones, z), append(ranges, in)
	}
	if err := r.end(); err != nil {
		return nil, nil, err
	}
	return newZoneSet(zones), ranges, nil
}

// Zones in canonical order. The slice is shared: do not change it.
func (s *Snapshot) Zones() []Zone { return s.zones.list }

// FindZone gives the zone with the longest apex at or above n.
func (s *Snapshot) FindZone(n zone.Name) (Zone, bool) { return s.zones.find(n) }
