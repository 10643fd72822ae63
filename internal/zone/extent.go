package zone

import "fmt"

// Extent is how large RRsets are: one, or several that are to become one.
type Extent struct {
	Records int
	Octets  int // of the data, each with its 2-octet length
}

// Bounds of an RRset. A response never has a part of one (RFC 2181 9), so a set that fits no message is one that
// nobody ever gets.
const (
	// MaxRRset bounds the octets of an extent (DESIGN).
	MaxRRset = 60 << 10

	// MaxWire bounds what the records take in a message: the 65,535 octets of the largest over TCP, without the header
	// (12), the longest question (255 and 4), and an OPT record (11) with the options that a proxy may be asked for: an
	// identifier of 128 octets (RFC 5001) and the time of an idle connection (RFC 7828).
	MaxWire = 1<<16 - 1 - 12 - (MaxName + 4) - 11 - (4 + 128) - (4 + 2)

	// recordWire is what a record takes beside length and data: a pointer to the question's name, type, class, TTL.
	recordWire = 2 + 2 + 2 + 4

	// MaxRecords is above the number of records of any RRset that Fit lets through, also by MaxRRset alone: of different
	// data there is one empty, 256 of one octet, and no more than 15,167 fit of two octets.
	MaxRecords = 1 << 14
)

// Extent of the set.
func (s RRset) Extent() Extent { return Extent{len(s.Data), s.Size()} }

// Size is the set's rdata in octets, the 2-octet lengths included.
func (s RRset) Size() int {
	n := 0
	for _, d := range s.Data {
		n += 2 + len(d)
	}
	return n
}

// Plus is the extent of both together.
func (e Extent) Plus(o Extent) Extent { return Extent{e.Records + o.Records, e.Octets + o.Octets} }

// Wire is what the records take in a message, in octets.
func (e Extent) Wire() int { return e.Octets + e.Records*recordWire }

// Fit says why an RRset of this extent is refused; nil if it is not.
func (e Extent) Fit() error {
	switch {
	case e.Octets > MaxRRset:
		return fmt.Errorf("%d octets of data in one RRset, at most %d are possible", e.Octets, MaxRRset)
	case e.Wire() > MaxWire:
		return fmt.Errorf("%d records in one RRset take %d octets in a message, and at most %d fit", e.Records, e.Wire(), MaxWire)
	}
	return nil
}
