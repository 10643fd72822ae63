package snapshot

import (
	"fmt"
	"hash/crc32"
	"io/fs"
	"time"
)

// Stamp is what the file system says of an open snapshot's file. A file that is as snapshots are, never written
// again, keeps its stamp for life.
type Stamp struct {
	Size     int64
	Modified time.Time
}

func stampOf(info fs.FileInfo) Stamp { return Stamp{info.Size(), info.ModTime()} }

// Opened is the stamp the file had when it was opened.
func (s *Snapshot) Opened() Stamp { return s.stamp }

// Stamp of the file now, at whatever name it stands.
func (s *Snapshot) Stamp() (Stamp, error) {
	if s.file == nil {
		return s.stamp, nil
	}
	info, err := s.file.Stat()
	if err != nil {
		return Stamp{}, fmt.Errorf("look at a mapped snapshot: %w", err)
	}
	return stampOf(info), nil
}

// verifyStep is what Verify reads between two calls of pace, in octets.
const verifyStep = 1 << 20

// Verify reads the whole mapping again and holds it to the checksums that Open found right. After each MiB it asks pace
// (nil: nobody), with the octets read so far, and ends with pace's error if there is one. It fails with ErrCorrupt when octets
// changed, on disk or in memory, and with ErrFault when they cannot be read.
func (s *Snapshot) Verify(pace func(read int64) error) error {
	return s.Guard(func() error {
		if err := s.verifyEnds(); err != nil {
			return err
		}
		read := int64(0)
		for i, sec := range s.counts.sections {
			sum := uint32(0)
			for rest := s.data[sec.off : sec.off+sec.size]; len(rest) > 0; {
				step := rest[:min(len(rest), verifyStep)]
				sum = crc32.Update(sum, crcTable, step)
				rest, read = rest[len(step):], read+int64(len(step))
				if pace == nil {
					continue
				}
				if err := pace(read); err != nil {
					return err
				}
			}
			if sum != sec.crc {
				return fmt.Errorf("%w: section %s has changed since it was opened", ErrCorrupt, sectionNames[i])
			}
		}
		return nil
	})
}

// verifyEnds looks at what no section covers.
func (s *Snapshot) verifyEnds() error {
	end := len(s.data) - trailerSize
	if string(appendHeader(nil, s.seed)) != string(s.data[:headerSize]) || string(s.counts.append(nil)) != string(s.data[end:]) {
		return fmt.Errorf("%w: header or trailer has changed since it was opened", ErrCorrupt)
	}
	return nil
}
