// Package rules is the first stage: it keeps the inventory of one source and turns it into records.
//
// In: events and full lists of entities (HTTP and watched files), and a rules folder (watched, or pushed) whose
// kinds and modules package ruleset reads. Out: the tables inventory.<source> (entities, tombstones, feeds, the names each
// entity gave), generated.<source> (owner name to contributions), rules.<source> (the loaded files) and
// held.rules.<source>.
//
// Promises: P1, inventory and generated records are committed together and depend on content alone, revisions order
// events. P2, a file that vanishes or does not parse deletes nothing, and a list that would delete much is held. P3, a
// contribution, a module file, a list or a push that is bad is held at its last good state, counted and listed, and
// the rest goes on. P4, only the leader writes, through fenced tables. P7, every contribution names its module and entity.
// P8, as-of is that of the oldest feed and is refreshed every two seconds. P9, lines, lists, queues, rows and held things have bounds.
//
// When the store fails, nothing is acknowledged: writers get 503 and repeat, which revisions make harmless. The
// leader resigns and reads everything again when it is back; a standby takes over meanwhile.
package rules
