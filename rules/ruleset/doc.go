// Package ruleset is the rules language as a pure library: kinds that type what the inventory knows, and modules that turn
// one entity into records. It reads no store, no file and no clock; the rules stage gives it bytes and entities.
//
// In: the files of a rules folder (checkout.File), the config's vars and default TTL, and entities as decoded JSON.
// Out: contributions, that is RRsets by owner name, normalized and sorted; and zone.Problems with file, line and column for
// everything a person must mend. docs/rules.md is the manual of the language.
//
// Promises: P1, the same entity and the same module give the same bytes; P3, a file that is broken keeps its last good content
// (Options.LastGood) and a fault in one record fails that one contribution only; P9, sizes of files, texts, lists, expressions and results
// are bounded, and expressions cannot loop: see the constants.
//
// Speed: templates are compiled into pieces when a module is loaded. A plain attribute, `it`, a field of it, a var and reverse(attribute) are
// read without the virtual machine of expr; A, AAAA, CNAME, DNAME, MX, NS, PTR and SRV data is read without a zone-file parser. Both give
// the same octets as the slow way; tests hold them to it.
//
// Functions of expressions, beyond operators: has, reverse, hash, replace, split, join (functions.go), and of expr's own all, any, none, one,
// filter, map, count, find, len, first, last, min, max, abs, int, string, lower, upper, trim, trimPrefix, trimSuffix, hasPrefix, hasSuffix, sort, uniq.
package ruleset
