// Package presenter decides what is served at every owner name: it merges what rules generate with what people wrote.
//
// In come the tables generated.<source> (owner name -> contributions) and reviewed zone files, from a watched folder
// or by PUT /v1/zones, which it loads into the table zones. Out go presented (owner name -> RRsets with provenance, and
// the facts of each zone), conflicts (claims lost to others) and held.presenter. One change is one commit of all of them.
//
// How it works: the leader works on one owner name at a time (package merge) and keeps in memory the rows of its
// inputs and where delegations and DNAMEs stand, since those alone reach to other names. At start it merges every name
// and repairs what differs, beside the news where names are many; afterwards the names that change. A timer wakes it when an
// override expires.
//
// POST /v1/zones/plan asks what a load would do: a planner makes the same decisions and merges, by the same code, on notes and a world
// of its own, beside the loop. A push that brings an approved plan loads only when its effect is that one.
//
// Promises: P1 (the merge looks at nothing that depends on the order of arrival), P2 (a zone file that vanishes or loses all of
// its records is held; a source whose table is gone keeps what it gave last), P3 (the unit that is held is the zone with its files, and
// the generated RRset), P4 (each commit is fenced; a push that does not descend from what is loaded is held), P7 (each row
// says why it is there and what it shadows), P8 (as-of is the oldest of the sources'), P9 (held lists, pushes and rows are bounded).
//
// When the store fails nothing is presented, and the term ends with the session; the next leader begins with a full
// comparison. When the zones folder cannot be read, what is loaded stays.
package presenter
