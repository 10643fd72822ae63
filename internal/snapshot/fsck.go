package snapshot

import (
	"bytes"
	"errors"
	"fmt"
	"io"

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
	faults := s.fsck()
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
	compare := &comparer{rest: s.data}
	_, err := NewView(s).write(compare, s.seed)
	switch {
	case err != nil:
		fault("cannot be made again: %w", err)
	case len(compare.rest) > 0:
		fault("%d octets too many", len(compare.rest))
	}
	return faults
}

// comparer takes what is written and fails at the first octet that differs from what is there.
type comparer struct {
	rest []byte
	at   int
}

var errDiffers = errors.New("differs from what its records make")

func (c *comparer) Write(b []byte) (int, error) {
	if !bytes.HasPrefix(c.rest, b) {
		return 0, fmt.Errorf("octet %d %w", c.at+commonPrefix(c.rest, b), errDiffers)
	}
	c.rest = c.rest[len(b):]
	c.at += len(b)
	return len(b), nil
}

var _ io.Writer = (*comparer)(nil)
