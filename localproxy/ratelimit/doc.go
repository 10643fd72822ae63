// Package ratelimit limits how many like responses go to one client network over UDP, so that the proxy is of no use
// to who asks in another's name (reflection). It works as response rate limiting does in BIND, NSD and Knot.
//
// In: a client's address, the kind of the response, the name that like responses share, the time. Out: send it, send
// it truncated, or send nothing. Each network, kind and name has a token bucket. Random labels do not help an
// attacker, if the caller gives the zone for names that do not exist and the wildcard's parent for those it stands for.
//
// A truncated response is no larger than the query, and brings a client that is no forgery to TCP, where addresses
// prove themselves. So a client that is one of many behind a limited network goes on being served.
//
// It keeps P9: the table has a fixed size. When it is full of buckets in use, a new one takes another's place and its
// debt: a flood with more keys than fit is limited as a whole.
package ratelimit
