package snapshot

import (
	"encoding/binary"
	"errors"
	"fmt"

	"zonecast/internal/zone"
)

// A body is a node's RRsets: nothing for an empty non-terminal, else an octet of Flags and for each set, by type,
// the number of records with the rotation above it (uvarint), their octets (uvarint), and the records: type, class,
// TTL, length, data.

// rotateShift is where a set's rotation stands in the number of its records: above what zone.MaxRecords leaves room for.
const (
	rotateShift = 14
	countMask   = zone.MaxRecords - 1
)

const recordHeader = 10 // type 2, class 2, TTL 4, length 2

const classIN = 1

// Flags say which of the types that steer a lookup a node has.
type Flags uint8

// The flags.
const (
	HasNS Flags = 1 << iota
	HasCNAME
	HasDNAME
	HasSOA
)

func flagOf(t zone.Type) Flags {
	switch t {
	case zone.TypeNS:
		return HasNS
	case zone.TypeCNAME:
		return HasCNAME
	case zone.TypeDNAME:
		return HasDNAME
	case zone.TypeSOA:
		return HasSOA
	}
	return 0
}

func appendBody(dst []byte, sets []zone.RRset) []byte {
	if len(sets) == 0 {
		return dst
	}
	at := len(dst)
	dst = append(dst, 0)
	for _, s := range sets {
		dst[at] |= byte(flagOf(s.Type))
		dst = binary.AppendUvarint(dst, uint64(len(s.Data))|uint64(s.Rotate)<<rotateShift)
		dst = binary.AppendUvarint(dst, uint64(s.Size()+(recordHeader-2)*len(s.Data)))
		for _, d := range s.Data {
			dst = binary.BigEndian.AppendUint16(dst, uint16(s.Type))
			dst = binary.BigEndian.AppendUint16(dst, classIN)
			dst = binary.BigEndian.AppendUint32(dst, s.TTL)
			dst = binary.BigEndian.AppendUint16(dst, uint16(len(d)))
			dst = append(dst, d...)
		}
	}
	return dst
}

// ErrSets is a list of RRsets that is not in the one form that Delta, Builder and View take.
var ErrSets = errors.New("record sets not in canonical form")

// checkSets holds sets to the form that makes equal content equal bytes: sorted by type, none twice, data
// sorted without repeats, within the limits of zone.
func checkSets(sets []zone.RRset) error {
	for i, s := range sets {
		switch {
		case i > 0 && sets[i-1].Type >= s.Type:
			return fmt.Errorf("%w: %s after %s", ErrSets, s.Type, sets[i-1].Type)
		case len(s.Data) == 0:
			return fmt.Errorf("%w: %s has no data", ErrSets, s.Type)
		case s.TTL > zone.MaxTTL:
			return fmt.Errorf("%w: %s has TTL %d", ErrSets, s.Type, s.TTL)
		case len(s.Data) >= zone.MaxRecords || !s.Rotate.Valid():
			return fmt.Errorf("%w: %s has %d records, %s", ErrSets, s.Type, len(s.Data), s.Rotate)
		case !ascending(s.Data):
			return fmt.Errorf("%w: %s data not sorted or repeated", ErrSets, s.Type)
		}
		if err := s.Extent().Fit(); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrSets, s.Type, err)
		}
	}
	return nil
}

func ascending(data []zone.Rdata) bool {
	for i := 1; i < len(data); i++ {
		if data[i-1] >= data[i] {
			return false
		}
	}
	return true
}

// decodeBody reads what appendBody wrote, strictly.
func decodeBody(body []byte) ([]zone.RRset, error) {
	ref := Ref{body}
	var sets []zone.RRset
	var flags Flags
	rest := ref.sets()
	for len(rest) > 0 {
		raw, next, ok := nextRaw(rest)
		if !ok {
			return nil, fmt.Errorf("%w: broken set", ErrCorrupt)
		}
		set, err := raw.decode()
		if err != nil {
			return nil, err
		}
		flags |= flagOf(set.Type)
		sets = append(sets, set)
		rest = next
	}
	if len(body) > 0 && (len(sets) == 0 || flags != ref.Flags()) {
		return nil, fmt.Errorf("%w: flags do not fit the sets", ErrCorrupt)
	}
	if err := checkSets(sets); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return sets, nil
}

func (r Raw) decode() (zone.RRset, error) {
	set := zone.RRset{Type: r.Type, TTL: r.TTL(), Rotate: r.Rotate, Data: make([]zone.Rdata, 0, r.Count)}
	size := 0
	for record := range r.Records() {
		size += len(record)
		if binary.BigEndian.Uint32(record) != uint32(r.Type)<<16|classIN || binary.BigEndian.Uint32(record[4:]) != set.TTL {
			return set, fmt.Errorf("%w: records of one set differ in type, class or TTL", ErrCorrupt)
		}
		set.Data = append(set.Data, zone.Rdata(record[recordHeader:]))
	}
	if size != len(r.Wire) || len(set.Data) != r.Count {
		return set, fmt.Errorf("%w: broken records", ErrCorrupt)
	}
	return set, nil
}
