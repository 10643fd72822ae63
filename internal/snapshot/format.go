package snapshot

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// Errors of reading a file.
var (
	ErrCorrupt = errors.New("snapshot is corrupt")
	ErrFormat  = errors.New("snapshot is of a format that this program does not read")
)

const (
	fileFormat  = 2
	headerMagic = "zonecast"
	endMagic    = "tsacenoz"
	headerSize  = 64
	trailerSize = 256
	bucketSize  = 64 // one cache line
)

// crcTable is CRC-32C (RFC 3720 12.1): the processor has an instruction for it.
var crcTable = crc32.MakeTable(crc32.Castagnoli)

// The sections, in the order they stand in the file.
const (
	secNodes = iota
	secSuffixes
	secZones
	secIndex
	sections
)

var sectionNames = [sections]string{"nodes", "suffixes", "zones", "index"}

type section struct {
	off, size uint64
	crc       uint32
}

// trailer is the end of the file. It stands there, and not in front, so that a file is written in one pass and a
// truncated one shows at once.
type trailer struct {
	zones, names, empty, sets, records uint64
	buckets                            uint64
	sections                           [sections]section
	size                               uint64 // of the file
}

func appendHeader(b []byte, seed Seed) []byte {
	start := len(b)
	b = append(b, headerMagic...)
	b = binary.LittleEndian.AppendUint32(b, fileFormat)
	b = append(b, 0, 0, 0, 0)
	b = append(b, seed[:]...)
	b = append(b, make([]byte, headerSize-4-(len(b)-start))...)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b[start:], crcTable))
}

// readHeader wants b to be at least headerSize long.
func readHeader(b []byte) (Seed, error) {
	b = b[:headerSize]
	if string(b[:8]) != headerMagic {
		return Seed{}, fmt.Errorf("%w: no snapshot file", ErrFormat)
	}
	if v := binary.LittleEndian.Uint32(b[8:]); v != fileFormat {
		return Seed{}, fmt.Errorf("%w: format %d, this program reads %d: build the file again", ErrFormat, v, fileFormat)
	}
	seed := Seed(b[16:32])
	if string(appendHeader(nil, seed)) != string(b) {
		return Seed{}, fmt.Errorf("%w: header checksum", ErrCorrupt)
	}
	return seed, nil
}

func (t *trailer) append(b []byte) []byte {
	start := len(b)
	for _, v := range []uint64{t.zones, t.names, t.empty, t.sets, t.records, t.buckets} {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	for _, s := range t.sections {
		b = binary.LittleEndian.AppendUint64(b, s.off)
		b = binary.LittleEndian.AppendUint64(b, s.size)
		b = binary.LittleEndian.AppendUint64(b, uint64(s.crc))
	}
	b = binary.LittleEndian.AppendUint64(b, t.size)
	b = append(b, make([]byte, trailerSize-12-(len(b)-start))...)
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b[start:], crcTable))
	return append(b, endMagic...)
}

// readTrailer wants b to be trailerSize long.
func readTrailer(b []byte) (*trailer, error) {
	t := &trailer{}
	at := 0
	next := func() uint64 {
		at += 8
		return binary.LittleEndian.Uint64(b[at-8:])
	}
	for _, v := range []*uint64{&t.zones, &t.names, &t.empty, &t.sets, &t.records, &t.buckets} {
		*v = next()
	}
	for i := range t.sections {
		t.sections[i] = section{off: next(), size: next(), crc: uint32(next())}
	}
	t.size = next()
	if string(t.append(nil)) != string(b) {
		return nil, fmt.Errorf("%w: trailer's checksum (a truncated file?)", ErrCorrupt)
	}
	return t, nil
}

// layout checks that the sections fill the file between header and trailer exactly, the index on a cache line.
func (t *trailer) layout(size uint64) error {
	if t.size != size || size < headerSize+trailerSize {
		return fmt.Errorf("%w: %d octets, its trailer says %d", ErrCorrupt, size, t.size)
	}
	at := uint64(headerSize)
	for i, s := range t.sections {
		if i == secIndex {
			at = alignUp(at)
		}
		if s.off != at || s.size > size-trailerSize-at {
			return fmt.Errorf("%w: section %s is at %d+%d", ErrCorrupt, sectionNames[i], s.off, s.size)
		}
		at += s.size
		if at > size-trailerSize {
			return fmt.Errorf("%w: section %s is past the end", ErrCorrupt, sectionNames[i])
		}
	}
	index := t.sections[secIndex].size
	if at != size-trailerSize || index%bucketSize != 0 || index/bucketSize != t.buckets || t.buckets == 0 {
		return fmt.Errorf("%w: sections do not fill the file", ErrCorrupt)
	}
	return nil
}

func alignUp(at uint64) uint64 { return (at + bucketSize - 1) &^ (bucketSize - 1) }
