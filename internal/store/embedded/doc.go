// Package embedded keeps the store's tree in one bbolt file, with watches inside the process: the store of one
// machine, with nothing to install.
//
// In: the operations of package store, from any number of sessions in this one process (Open gives the first,
// NewSession more). Out: the same tree after a restart or a crash, as of the last acknowledged Multi.
//
// One goroutine writes. It takes all Multis that wait, checks and applies each by itself, and commits them with
// one pair of fsyncs; so under load the disk's latency is shared, and at rest nobody waits for company. Reads
// are transactions of their own and wait for nobody.
//
// Promises kept: P4 (versions are checked in the transaction that writes), P9 (store.CheckOps; the batch and
// the queue are bounded).
//
// When the floor below fails: a disk that is full or refuses a write fails the Multis of that batch with
// store.ErrAmbiguous. After an I/O error every later write is refused until the file is opened again, since
// Linux may report a failed fsync only once and forget the pages. A process that dies loses its
// ephemeral nodes at the next Open; the file's lock keeps a second process out (ErrLocked).
package embedded
