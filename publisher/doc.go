// Package publisher turns changes of the table presented into releases.
//
// In comes the table presented: what is to be served at each owner name, and the zones. Out go the log of versions
// (releases/log/<version>), the signed head of a stream (releases/heads/<stream>), base files over HTTP, and two
// tables: published (what the newest release serves, since which version) and held.publisher (zones that a gate
// stopped). A release's rows, log entry and head are one transaction, fenced by the table's head, so that a paused
// old leader cannot publish (P4).
//
// How it works: a leader follows presented and keeps, zone by zone, what differs from published. At most ten times a
// second it lets every zone's differences past the gates, and publishes those that pass as one version. At start it
// compares both tables wholly, and published with the release log, and repairs the differences.
//
// Promises: P2 (gates: a zone does not become empty unseen; no zones at all publish nothing), P3 (the unit that is
// held is the zone), P4 ((epoch, version) only grows, also when store or table are lost; rolling back is a new version), P8
// (as-of travels from presented into the head; the head is re-signed on a heartbeat), P9 (rate, log, bases and held lists
// are bounded).
//
// When the store fails nothing is published and heads are not re-signed: proxies go on answering and the age of
// their as-of shows. When the disk fails a base cannot be made: releases that fit a delta go on, and the log is kept to its
// bound by refusing more releases than it may hold. When the table presented vanishes nothing changes: absent is not empty.
package publisher
