// Package compare asks two servers the same names and lists what they answer otherwise: for the day on which zones move from
// one to the other.
//
// In: questions (Questions makes them of a zone's content, of names that a log has, of a transfer) and two Askers: here is what
// shall answer from now on, there the old server. Out: differences by class, one by one as they are found, so that ten million names
// take the memory of one.
//
// What is compared is what a server says of the name itself: the RRset or alias at it, a referral, or that there is nothing.
// Sections that servers fill as they like are not, nor what an alias leads to: that name is asked for by itself, if it is in the zone.
//
// P9: questions are asked at a bounded rate, tries and names from outside are bounded, and a server that stops answering ends it.
package compare
