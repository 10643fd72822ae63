// Package snapshot is one immutable, memory-mapped file with everything a proxy serves, and the deltas between
// two versions. Same content and seed, same bytes. It holds content only: no version and no time.
package snapshot

import (
	"io"
	"iter"

	"zonecast/internal/zone"
)

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

// Seed keys a file's hash, against names chosen to collide.
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

// Builder writes a snapshot. Names come in any order; empty non-terminals are worked out.
type Builder struct{}

// NewBuilder starts one. tmpDir is where it may spill.
func NewBuilder(seed Seed, tmpDir string) *Builder { panic("stub") }

// AddZone declares a zone.
func (b *Builder) AddZone(z Zone) error { panic("stub") }

// Add adds a node with records; its name must be under a declared zone by the time of Write. No name twice.
func (b *Builder) Add(n Node) error { panic("stub") }

// WriteFile writes the file atomically (temporary name, fsync, rename, fsync of the folder) and gives its summary.
func (b *Builder) WriteFile(path string) (Stat, error) { panic("stub") }

// Snapshot is an open file. Its memory is released by Close; nothing read from it may be used after.
type Snapshot struct{}

// Open maps a file and verifies header, sizes, section checksums, trailer and sentinels.
func Open(path string) (*Snapshot, error) { panic("stub") }

// Empty is a snapshot without zones.
func Empty() *Snapshot { panic("stub") }

// Close unmaps.
func (s *Snapshot) Close() error { panic("stub") }

// Seed of the file.
func (s *Snapshot) Seed() Seed { panic("stub") }

// Stat of the file.
func (s *Snapshot) Stat() Stat { panic("stub") }

// Zones in canonical order.
func (s *Snapshot) Zones() []Zone { panic("stub") }

// Lookup finds a node; ok with no Sets is an empty non-terminal.
func (s *Snapshot) Lookup(n zone.Name) (Node, bool) { panic("stub") }

// Walk gives the nodes of one zone in canonical order (all zones with apex ""), empty non-terminals too.
func (s *Snapshot) Walk(apex zone.Name) iter.Seq[Node] { panic("stub") }

// Fsck reads everything and reports every fault it can find.
func Fsck(path string) []error { panic("stub") }

// State of a name in a delta.
type State uint8

// The states.
const (
	Gone State = iota // the name does not exist any more
	ENT               // it is an empty non-terminal
	Data              // it has the Sets given, and no others
)

// NameChange is a changed owner name with all its RRsets.
type NameChange struct {
	Name  zone.Name    `json:"name"`
	State State        `json:"state"`
	Sets  []zone.RRset `json:"sets,omitempty"`
}

// ZoneChange is a changed entry of the zone table. When a zone goes, its names are listed as Gone too.
type ZoneChange struct {
	Zone
	Gone bool `json:"gone,omitempty"`
}

// Delta is what changed between two versions: names in canonical order, no name twice.
type Delta struct {
	Zones []ZoneChange `json:"zones,omitempty"`
	Names []NameChange `json:"names,omitempty"`
}

// Encode gives the delta's deterministic bytes.
func (d *Delta) Encode() []byte { panic("stub") }

// DecodeDelta reads what Encode made; hostile bytes give an error.
func DecodeDelta(b []byte) (*Delta, error) { panic("stub") }

// View is what is served at one version: a base and the deltas after it. Views do not change; applying a
// delta makes a new one at a cost that follows the delta.
type View struct{}

// NewView starts at a base.
func NewView(base *Snapshot) *View { panic("stub") }

// Base of the view.
func (v *View) Base() *Snapshot { panic("stub") }

// Apply gives the view after a delta.
func (v *View) Apply(d *Delta) *View { panic("stub") }

// Zones in canonical order.
func (v *View) Zones() []Zone { panic("stub") }

// FindZone gives the zone with the longest apex at or above n.
func (v *View) FindZone(n zone.Name) (Zone, bool) { panic("stub") }

// Lookup finds a node, in the deltas first.
func (v *View) Lookup(n zone.Name) (Node, bool) { panic("stub") }

// Walk gives the nodes of one zone (all with apex "") in canonical order, deltas merged in.
func (v *View) Walk(apex zone.Name) iter.Seq[Node] { panic("stub") }

// Overlaid counts the names that the deltas changed.
func (v *View) Overlaid() int { panic("stub") }

// Compile writes the view as a base file: the bytes are those of a Builder fed with the same content.
func (v *View) Compile(seed Seed, path, tmpDir string) (Stat, error) { panic("stub") }

// WriteZone writes one zone as an RFC 1035 file; serial replaces the SOA's unless the zone's is literal.
func WriteZone(w io.Writer, z Zone, nodes iter.Seq[Node], serial uint32) error { panic("stub") }
