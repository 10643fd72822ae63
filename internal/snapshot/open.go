package snapshot

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"os"

	"golang.org/x/sys/unix"

	"zonecast/internal/zone"
)

// Snapshot is an open file. Its memory is released by Close; nothing read from it may be used after, but what
// Lookup, Walk and Zones gave, which are copies. It is safe for concurrent use until then.
type Snapshot struct {
	data                   []byte // the whole file
	mapped                 bool
	file                   *os.File // kept open for Stamp; nil when nothing is mapped
	stamp                  Stamp    // when it was opened
	seed                   Seed
	hash                   hasher
	nodes, suffixes, index []byte
	buckets                uint64
	zones                  *zoneSet
	ranges                 []zoneRange // of the zones, in their order
	counts                 trailer
}

// Open maps a file and verifies header, sizes, section checksums, trailer and sentinels (each zone's apex is
// found through the index where the zone table says it stands). It fails with ErrCorrupt or ErrFormat, or with ErrFault if
// the file is cut short meanwhile.
func Open(path string) (*Snapshot, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open snapshot: %w", err)
	}
	s, err := openFile(file)
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("open snapshot %s: %w", path, err)
	}
	return s, nil
}

func openFile(file *os.File) (*Snapshot, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() < headerSize+trailerSize || info.Size() != int64(int(info.Size())) {
		return nil, fmt.Errorf("%w: %d octets are no snapshot", ErrCorrupt, info.Size())
	}
	// Populated at once: the checksums read everything anyway, and no answer waits for a page fault later.
	data, err := unix.Mmap(int(file.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_SHARED|unix.MAP_POPULATE)
	if err != nil {
		return nil, fmt.Errorf("map: %w", err)
	}
	var s *Snapshot
	if err := guard(data, func() (err error) { s, err = parse(data); return err }); err != nil {
		return nil, errors.Join(err, unmap(data))
	}
	s.mapped, s.file, s.stamp = true, file, stampOf(info)
	return s, nil
}

// parse verifies a whole file in memory.
func parse(data []byte) (*Snapshot, error) {
	if len(data) < headerSize+trailerSize {
		return nil, fmt.Errorf("%w: %d octets", ErrCorrupt, len(data))
	}
	seed, err := readHeader(data)
	if err != nil {
		return nil, err
	}
	t, err := readTrailer(data[len(data)-trailerSize:])
	if err != nil {
		return nil, err
	}
	if err := t.layout(uint64(len(data))); err != nil {
		return nil, err
	}
	var parts [sections][]byte
	for i, sec := range t.sections {
		parts[i] = data[sec.off : sec.off+sec.size : sec.off+sec.size]
		if crc32.Checksum(parts[i], crcTable) != sec.crc {
			return nil, fmt.Errorf("%w: checksum of section %s", ErrCorrupt, sectionNames[i])
		}
	}
	s := &Snapshot{data: data, seed: seed, hash: newHasher(seed), counts: *t, buckets: t.buckets,
		nodes: parts[secNodes], suffixes: parts[secSuffixes], index: parts[secIndex]}
	if pad := data[t.sections[secZones].off+t.sections[secZones].size : t.sections[secIndex].off]; len(bytes.Trim(pad, "\x00")) > 0 {
		return nil, fmt.Errorf("%w: octets between sections", ErrCorrupt)
	}
	if s.zones, s.ranges, err = readZones(parts[secZones], t.zones, uint64(len(s.nodes))); err != nil {
		return nil, err
	}
	return s, s.sentinels()
}

// sentinels are names that must be there: where a zone begins stands its apex, or a name below it if the
// apex has none, and the index finds it.
func (s *Snapshot) sentinels() error {
	var buf [2 * zone.MaxName]byte
	for i, z := range s.zones.list {
		in := s.ranges[i]
		if in.start == in.end {
			continue
		}
		first, ok := s.nodeAt(in.start)
		if !ok {
			return fmt.Errorf("%w: zone %s begins nowhere", ErrCorrupt, z.Apex)
		}
		wire, err := first.name(buf[:])
		if err != nil {
			return err
		}
		if _, at, found := s.findAt(s.hash.sum(wire), wire); !found || at != in.start || !zone.Name(wire).Under(z.Apex) {
			return fmt.Errorf("%w: zone %s: its first name is not found", ErrCorrupt, z.Apex)
		}
	}
	return nil
}

// Close unmaps the file.
func (s *Snapshot) Close() error {
	data := s.data
	s.data, s.nodes, s.suffixes, s.index = nil, nil, nil, nil
	if !s.mapped {
		return nil
	}
	s.mapped = false
	return errors.Join(unmap(data), s.file.Close())
}

func unmap(data []byte) error {
	if err := unix.Munmap(data); err != nil {
		return fmt.Errorf("unmap snapshot: %w", err)
	}
	return nil
}

// Seed of the file.
func (s *Snapshot) Seed() Seed { return s.seed }

// Stat of the file. It reads the whole file for its hash.
func (s *Snapshot) Stat() Stat {
	sum := sha256.Sum256(s.data)
	return s.counts.stat(hex.EncodeToString(sum[:]))
}

// Counts is Stat without the hash, at once.
func (s *Snapshot) Counts() Stat { return s.counts.stat("") }

func (t *trailer) stat(sum string) Stat {
	return Stat{Zones: int(t.zones), Names: t.names, Empty: t.empty, Sets: t.sets, Records: t.records,
		Size: int64(t.size), SHA256: sum}
}
