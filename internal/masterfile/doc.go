// Package masterfile reads zone files as RFC 1035 section 5 has them (master files), with $ORIGIN, $TTL (RFC 2308 4),
// $INCLUDE and $GENERATE, record by record in the order of the file, each with its file and line.
//
// A file is split into entries: lines, or several of them where parentheses or quotes go on. An entry in the form that
// programs write (an owner or none, TTL and class or neither, one of the common types, no escapes) is read here,
// straight to wire form. Every other one goes to miekg/dns as it stands, with the origin, default TTL and owner that hold there: so
// what is accepted is what miekg/dns accepts (but for words beside a line end in parentheses, which it runs together), and a property test
// holds the two readers together.
//
// A bad entry is reported and the rest read on, so that all problems come at once; an $ORIGIN or $TTL that cannot be
// followed ends its file, since what comes after would mean something else.
//
// P9: an entry is at most 1 MiB, files are included seven deep at most, 16,384 in all and never within themselves, and a $GENERATE makes
// at most 65,536 records. Memory does not depend on the size of the file.
package masterfile
