// Package answer turns one DNS query into one response, from one view of the data. It keeps nothing between
// queries, waits for nothing and trusts nothing in the query: the question is parsed by hand, the answer is
// the question's own bytes and records copied in wire form.
//
// In: a View (a snapshot and the deltas after it), the Facts of the head it belongs to, a packet. Out: a packet, or
// nil where silence is right (RFC 1035 7.3: what is no query gets no answer). The memory of the view must stay valid
// during the call, and only then.
//
// It keeps P5 on its side: an old view answers like a new one, and without any view it says so (SERVFAIL with
// extended error 14) instead of staying silent. P9: label walks end at 127 labels, CNAME chains at maxChain links.
package answer

import (
	"zonecast/internal/snapshot"
	"zonecast/internal/zone"
)

// View is what the engine reads of *snapshot.View. Names in wire form are in lower case.
type View interface {
	// FindZone gives the zone with the longest apex at or above n.
	FindZone(n zone.Name) (snapshot.Zone, bool)
	// Find gives the node of a name; an empty one is an empty non-terminal.
	Find(wire []byte) (snapshot.Ref, bool)
	// Hash is what Reach wants of a name.
	Hash(wire []byte) uint64
	// Reach is Find that also tells whether the walk from the apex would have come to the node.
	Reach(apex zone.Name, wire []byte, hash uint64) (snapshot.Ref, snapshot.Reach)
	// Large tells whether a lookup waits for memory, so that Warm is worth its cost.
	Large() bool
	// Warm reads what the lookups of a batch of names will read.
	Warm(hashes []uint64)
}

// Facts are what the head says of a view. Times are Unix seconds.
type Facts struct {
	Epoch    uint64
	Version  uint64 // its low 32 bits are the serial of zones that have no literal one; 0 leaves the SOA alone
	Released int64
	Signed   int64
	AsOf     int64
}

// Transport is what the query came by.
type Transport uint8

// The transports.
const (
	UDP Transport = iota
	TCP
)

// Limits in octets.
const (
	MaxUDP     = 1232 // the most over UDP, whatever the client offers (RFC 6891 6.2.5; DNS flag day 2020)
	minUDP     = 512  // RFC 1035 4.2.1: without EDNS
	MaxMessage = 1<<16 - 1
)

// Outcome is what became of a query, for counting.
type Outcome struct {
	Type  zone.Type // asked for; 0 when the question could not be read
	Rcode uint16    // RFC 6895 2.3, extended ones too
	// Shared is the name that responses like this one have in common, in wire form: the zone for names that do not
	// exist, what a wildcard stands below, a cut, a DNAME; else the name asked for. It is valid until the next query.
	Shared zone.Name
}
