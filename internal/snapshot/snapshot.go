package snapshot

import "zonecast/internal/zone"

// Zone is a zone's entry in the zone table.
type Zone struct {
	Apex          zone.Name `json:"apex"`
	SerialLiteral bool      `json:"serial_literal,omitempty"` // else the proxy writes the release's version into the SOA
	Timestamp     bool      `json:"timestamp,omitempty"`      // the proxy answers _timestamp.<apex> TXT
}

// Node is a name with its RRsets; no Sets make it an empty non-terminal (RFC 4592 2.2.2).
type Node struct {
	Name zone.Name    `json:"name"`
	Sets []zone.RRset `json:"sets"` // normalized, sorted by type
}

// Seed keys a file's hash, against names chosen to collide. Where a file is written, the zero Seed stands for one
// that follows from the content.
type Seed [16]byte

// Stat is a snapshot's summary.
type Stat struct {
	Zones   int    `json:"zones"`
	Names   uint64 `json:"names"` // nodes with records
	Empty   uint64 `json:"empty"` // empty non-terminals
	Sets    uint64 `json:"sets"`
	Records uint64 `json:"records"`
	Size    int64  `json:"size"`   // octets
	SHA256  string `json:"sha256"` // hex
}
