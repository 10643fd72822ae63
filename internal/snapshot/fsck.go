package snapshot

import (
	"bytes"
	"errors"
	"fmt"

	"zonecast/internal/zone"
)

// maxFaults bounds what Fsck reports: a file with more is thrown away all the same.
const maxFaults = 100

// Fsck reads everything and reports every fault it can find, at most 100: what Open verifies; that each node
// decodes, stands in order and is found through the index; and that the file is octet for octet what its records
// make, so that counts, empty non-terminals, zone ranges and index are right.
func Fsck(path string) []error {
	s, err := Open(path)
	if err != nil {
		return []error{err}
	}
	var faults []error
	if err := s.Guard(func() error { faults = s.fsck(); return nil }); err != nil {
		faults = append(faults, err)
	}
	if err := s.Close(); err != nil {
		faults = append(faults, err)
	}
	return faults
}

func (s *Snapshot) fsck() (faults []error) {
	fault := func(format string, args ...any) {
		if len(faults) < maxFaults {
			faults = append(faults, fmt.Errorf("%w: "+format, append([]any{ErrCorrupt}, args...)...))
		}
	}
	var buf [2 * zone.MaxName]byte
	for at := uint64(0); at < uint64(len(s.nodes)); {
		n, ok := s.nodeAt(at)
		if !ok {
			fault("node at %d cannot be read, nor what follows", at)
			break
		}
		if wire, err := n.name(buf[:]); err != nil {
			fault("node at %d: %w", at, err)
		} else if _, found, ok := s.findAt(s.hash.sum(wire), wire); !ok || found != at {
			fault("%s at %d is not what the index finds", zone.Name(wire), at)
		} else if _, err := decodeBody(n.body); err != nil {
			fault("%s: %w", zone.Name(wire), err)
		}
		at = n.next
	}
	if len(faults) > 0 {
		return faults
	}
	compare := &comparer{data: s.data}
	_, err := NewView(s).write(compare, s.seed)
	switch {
	case err != nil:
		fault("cannot be made again: %w", err)
	case compare.at < len(s.data):
		fault("%d octets too many", len(s.data)-compare.at)
	}
	return faults
}

// comparer is a target that holds what is written to what is there, and fails at the first octet that differs. The writer's
// goroutines use it, which have nothing of Fsck's Guard: it has its own.
type comparer struct {
	data []byte
	at   int
}

var errDiffers = errors.New("differs from what its records make")

func (c *comparer) Write(b []byte) (int, error) {
	n, err := c.WriteAt(b, int64(c.at))
	c.at += n
	return n, err
}

func (c *comparer) WriteAt(b []byte, at int64) (int, error) {
	err := guard(c.data, func() error {
		there := c.data[min(at, int64(len(c.data))):]
		if !bytes.HasPrefix(there, b) {
			return fmt.Errorf("octet %d %w", at+int64(commonPrefix(there, b)), errDiffers)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return len(b), nil
}

// ReadAt gives what was written, which is what is there.
func (c *comparer) ReadAt(b []byte, at int64) (n int, err error) {
	ferr := guard(c.data, func() error {
		n, err = (&memory{octets: c.data}).ReadAt(b, at)
		return nil
	})
	if ferr != nil {
		return 0, ferr
	}
	return n, err
}
