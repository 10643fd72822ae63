// Package localproxy is the stage that stands on every host and answers DNS from the newest verified release.
//
// In: the signed head of a stream, the log and the bases, through the store or over HTTP (package follow); queries
// over UDP and TCP (package listen). Out: answers (package answer), metrics, readiness.
//
// Who may ask is asked first (package access), and over UDP how much a client's network has had already, before an
// answer leaves (package ratelimit).
//
// It keeps P4 (never an older head, nor one that no key signed), P5 (it answers from the last good release, also
// after a restart with nothing else alive: package lastgood), P6 (verify, persist, swap: package live) and P8 (the
// _timestamp records and the staleness metrics carry as-of, how current the inputs were, not when the file came).
//
// When the floor below fails, it serves what it has, says how old that is, and tries again. When what it has is damaged
// while it is served (a base cut short, a disk that is gone, octets that changed: package snapshot, scrub.go), nobody is
// answered from it any more; the base before or one fetched anew takes its place. It stops only when it
// cannot listen or another process has its data folder. Before the first release it answers SERVFAIL with extended
// error 14 (not ready), and /readyz says so.
package localproxy
