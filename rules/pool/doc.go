// Package pool decides which members of a pool are served. A pool is what the entities of one module give for one RRset,
// where the module limits it; see `pool` in docs/rules.md.
//
// In: all contributions at one owner name, those that left since the last decision, and the row of the name's pools. Out: the
// contributions with each RRset marked as chosen, standby or kept, and the row anew. It keeps nothing, knows no time and no store: the same input
// gives the same marks (P1), and members that come or go move as few others as they can.
package pool
