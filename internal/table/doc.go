// Package table keeps a sharded map from key to value in the store, with one writer, atomic commits and change
// following; everything between the stages is one.
//
// In comes what one stage has worked out, as transactions of a Writer; out goes the same map, at some closed
// state, to any number of Followers, Views and Lookups. In the store a table is
//
//	/tables/<table>/head                         JSON, see Head
//	/tables/<table>/log/<seq>                    changed keys with values or tombstones, one node a commit
//	/tables/<table>/shards/<count>/<hi>/<lo>     rows by xxhash64(key) & (count-1), sorted by key
//
// and a commit is one multi: the changed shards, a log entry, and the head under a check of the head's version.
// The count of shards stands in their path, so that doubling them is atomic with the head too.
//
// A change too large for one multi is a group of commits, whose heads say Open until the last one: whoever reads
// waits for a closed head, so that nobody acts on half a change. A bulk change skips the log; LogFrom then lies
// beyond Seq, and followers read all again. Followers watch the head alone and replay the log.
//
// Promises. P4: every write checks the version of the head that the writer's own fence wrote, so a writer that was
// paused for an hour fails with ErrFenced, whatever its clock says; input positions never go back. P9: keys,
// values, shards, the log and each multi are bounded; bytes from the store are checked before they are believed.
//
// When the store is away, Commit tries again until it knows what became of the write or its context ends; after
// such an end the Writer is of no more use, and a new one takes the table over. Followers keep their last batch.
package table
