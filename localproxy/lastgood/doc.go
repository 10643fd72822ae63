// Package lastgood keeps on disk what a proxy accepted last, so that it answers from it after a restart with nothing
// else alive (P5).
//
// The folder holds, of the last base and of the one before, one base file, one journal (the accepted log entries and heads after it, each with a checksum),
// and state.json, which names them and is only ever replaced whole. When the last base is damaged, the one before
// and both journals give the same release, or the one that the last base took the place of. A release is durable after one fdatasync of the
// journal. A crash leaves at most a torn record at the journal's end; it is cut off at the next start, back to the last
// head whose entries are all there.
//
// When a write fails (disk full, I/O error) the folder stays what it was and the caller goes on serving what it has.
// After a failed fdatasync nothing is known of the journal any more (its pages may be gone): it takes no more
// records until Install has started a new one. A folder that can be read but not written (a disk that went read-only, or is
// full) loads all the same, with a journal that takes no records: what is in it is served.
package lastgood

import "errors"

// Errors that callers decide on.
var (
	ErrNone    = errors.New("no release on disk")
	ErrCorrupt = errors.New("files on disk are corrupt")
	ErrLocked  = errors.New("data folder is in use by another process")
	ErrBroken  = errors.New("journal cannot take records any more")
)
