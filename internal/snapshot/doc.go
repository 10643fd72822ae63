// Package snapshot is one immutable, memory-mapped file with everything a proxy serves, and the deltas between
// two versions. Same content and seed, same bytes. It holds content only: no version and no time.
//
// In: nodes (an owner name and its RRsets) and the zone table, from tables, from RFC 1035 zone files, or from an
// older snapshot and the deltas after it. Out: a file (Builder, View.Compile), the questions a proxy asks of it (Find,
// Lookup, Walk, FindZone), and what changed (Delta, Diff, Tree).
//
// # The file
//
// Little-endian, in this order; FORMAT.md of this folder has every field:
//
//	header    magic, format, seed                                64 octets
//	nodes     canonical order (RFC 4034 6.1): name and RRsets
//	suffixes  the names that nodes share the end of
//	zones     apex, facts, and where the zone's nodes begin and end
//	index     buckets of one cache line: hash of the name to node
//	trailer   counts, sections and their CRC-32C, magic         256 octets
//
// A node holds its RRsets in wire form, all but the owner, so that an answer is header, question and copied octets.
// A name is its own first labels and a reference to a suffix: neighbours share their ends, and a file of a
// large fleet is a third smaller for it. The hash is SipHash-1-3 under the file's seed.
//
// # Deltas in memory
//
// A View's overlay is a table that only grows, off the Go heap: each version adds its records, readers of older views
// look past them, and a table that is full is written anew beside them. A million names cost a hundred megabytes and
// the garbage collector nothing.
//
// # Promises
//
// P1: bytes follow from content and seed. P6: Open verifies before anything is served; what it cannot afford to
// prove (that every node decodes) is checked again, in bounds, at each lookup, so that no file, however
// hostile, makes a lookup panic or read outside the file; a walk ends with an error there. P9: every length is bounded by its section.
//
// When the floor below fails: a file that cannot be written leaves the old one (internal/durable). A file that is
// cut short while it is mapped, or whose disk is gone, faults in whoever reads it (SIGBUS): inside Guard that is an error,
// ErrFault, and inside nothing the end of the process. So files are replaced and never rewritten; Stamp and Verify tell
// when somebody did.
package snapshot
