// Package importer reads zones as other name servers have them: RFC 1035 files, tinydns data, BIND's named.conf, and zone transfers (RFC 5936, signed
// as RFC 8945 has it). What comes out is a list of zones with the place of every RRset, and a list of what could not be carried, with its place too:
// nothing is left out silently.
//
// P9: files are read line by line; records, included files and their depth, octets and time of a transfer are bounded.
package importer
