// Package merge decides what is served at one owner name: it merges the contributions of all sources with the human
// records there. It is pure: the same input gives the same result, and nothing outside the name is looked at but
// for what Place says. DESIGN.md, Presenter, has the rules; their order here is
//
//  1. what is wrong in itself is a Fault, and its last good state takes its place (P3);
//  2. human records in force override generated ones (replace, mask) or meet them (conflict);
//  3. what the zone's structure does not allow is shadowed: below a DNAME or a zone cut, at the apex;
//  4. between sources the one with higher priority is served, unless both share;
//  5. a CNAME stands alone: the higher claim stays;
//  6. what is left at one type is united, and the smallest TTL counts.
package merge
