// Package export writes what is served in the formats of other servers: RFC 1035 zone files, tinydns data, Unbound's
// local data or auth-zones, and hosts files.
//
// In: content (a snapshot, or a view of a release), zone by zone in canonical order. Out: text, record by record, so that
// ten million records take the memory of one; and Losses: what the format cannot say, counted by kind with an example of
// each, so that nothing is left out in silence.
//
// Same content, same bytes (P1): whoever keeps a file compares it with what it would be.
//
// When the floor below fails (content that cannot be read to its end, a disk that is full) the error comes back and what was
// written is to be thrown away: the files of a whole export replace the old ones in one step each (internal/durable).
package export
