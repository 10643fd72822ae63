// Package access says who may ask: a name server that answers everybody lends itself to attacks on others (RFC 5358).
//
// In: the networks of the config, among them the words loopback and host. Out: a Set, which says of an address whether
// it belongs, without a lock and without allocating. A Gate keeps the Set of a host whose own addresses come and go.
//
// It keeps P9: a list has at most maxEntries entries, and a look-up is a binary search.
package access
