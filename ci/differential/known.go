package main

// pair is one question with our answer and a peer's.
type pair struct {
	q            *query
	peer         string
	ours, theirs *response
	whole        *response // our answer over TCP, if one of the servers truncated
	theirWhole   *response
	zoneOf       zoneFinder
}

// rule is a known difference: why it is there and who says so. apply takes it out of the pair, and nothing else, and tells
// whether it was there. They are tried in order.
type rule struct {
	name  string
	why   string
	apply func(p *pair) bool
}

var known = []rule{
	{
		"room in a datagram",
		"RFC 1035 4.1.4 permits compression of names in data and asks nobody for it. We copy data as it is, so that a few answers just do not fit that fit with compression; over TCP all are the same",
		room,
	},
	{
		"what a truncated answer holds",
		"RFC 2181 9: the client ignores it and asks over TCP, where both are the same",
		bothTruncated,
	},
	{
		"a negative answer whose SOA does not fit",
		"RFC 2308 3: the SOA belongs to it, so it is truncated and comes whole over TCP. Knot leaves the SOA out and TC clear",
		noRoomForSOA,
	},
	{
		"glue that does not fit",
		"RFC 9471 3.1: all glue at or below the cut, or TC. NSD and Knot send what fits, and no TC",
		noRoomForGlue,
	},
	{
		"several TTLs in one set",
		"RFC 2181 5.2: an error that a server resolves as it likes. We serve the smallest; NSD the first it reads, Knot and BIND the last",
		severalTTLs,
	},
	{
		"what is at the names in an answer",
		"RFC 1034 4.3.2 step 6 and RFC 9460 4.1 allow it, no client needs it. Knot adds addresses for NS, MX, SRV and the like, and SVCB, NSD for NS; we keep answers minimal",
		addresses,
	},
	{
		"one RRset for ANY",
		"RFC 8482 4.1: any one of the sets is an answer. We give the first by type, NSD another one",
		oneForANY,
	},
	{
		"addresses of servers beside the cut",
		"RFC 9471 3.2: they are sent if there is room. We have less, for want of compression in data",
		besideCut,
	},
	{
		"addresses of servers from a wildcard",
		"RFC 1034 4.2.1: glue is records of the server's name; one from a wildcard is below the cut no data of any zone, and beside it need not be sent (RFC 9471 3.2). We look for the names themselves",
		wildcardServer,
	},
	{
		"addresses of servers that they leave out",
		"RFC 1034 4.3.2 step 3b has whatever addresses are available sent, RFC 9471 3.1 all at or below the cut, and 3.2 leaves others open. NSD, Knot and BIND leave out those of a name that begins with an asterisk, and NSD and BIND some beside the cut",
		leftOut,
	},
	{
		"addresses of servers that the zone below does not know",
		"RFC 2181 5.4.1: data of the zone itself is worth more than glue about it. NSD and Knot give glue from the file above, though the zone that the name is in is served too and has no such name, or other addresses",
		givenWay,
	},
	{
		"addresses of servers in another zone of ours",
		"RFC 1034 4.3.2 step 3b: whatever addresses are available go with a referral, glue only if authoritative ones are not. NSD and Knot look into the zone that refers and no further",
		otherGlue,
	},
	{
		"a chain that leaves the zone",
		"RFC 1034 4.3.2 step 3a: a CNAME is followed from the start, in whatever zone this server has. Knot ends its answer at the zone's edge, or with a referral to the zone below that it serves itself, and the client asks again",
		chainLeaves,
	},
	{
		"delegation at a wildcard",
		"RFC 4592 4.2 leaves it undefined, BIND refuses such zones. We refer under the name asked for; NSD takes the set for data, Knot leaves the asterisk as the owner",
		wildcardCut,
	},
	{
		"a chain of more than five links",
		"RFC 1034 5.2.2: the client goes on where an answer ends. Knot follows five links, we 16",
		longChain,
	},
	{
		"DS behind an alias",
		"RFC 4035 3.1.4.1: a server of both zones answers for DS from the one above, also where an alias leads to the apex. Knot stays in the zone it is in",
		dsBehindAlias,
	},
	{
		"RRSIG of an alias",
		"RFC 1034 4.3.2 step 3a follows an alias for every type but CNAME, RFC 4035 2.5 puts RRSIGs beside one. BIND and Knot look for those beside it, NSD and we follow",
		besideAlias,
	},
	{
		"DNAME at a wildcard",
		"RFC 6672 3.3: such a DNAME is discouraged and undefined but for names that match it literally. We and NSD rewrite names below the asterisk itself, Knot takes them for names that do not exist",
		wildcardDNAME,
	},
	{
		"a DNAME that makes too long a name",
		"RFC 6672 3.2 step 3C: YXDOMAIN. Knot says NXDOMAIN, or goes on with a referral; BIND and NSD are with us",
		tooLong,
	},
	{
		"names that only the file of the zone above has",
		"RFC 1034 4.2.1: what stands there is glue, not data of the zone below. NSD keeps one tree for all zones and takes glue's names for existing, with NODATA for NXDOMAIN",
		onlyAbove,
	},
	{
		"a chain without an end",
		"RFC 1034 5.2.2 leaves loops to the client, RFC 6672 2.2 a DNAME into itself. We end at 16 links or the first repeated owner, the others elsewhere or with SERVFAIL",
		endless,
	},
	{
		"DS beside a delegation, in a zone without signatures",
		"RFC 4035 3.1.4.1: a client that sets DO gets the DS with the NS. NSD and Knot send it from signed zones only",
		dsInReferral,
	},
	{
		"ANY below a DNAME",
		"RFC 1034 4.3.2 step 3a: an alias is followed if QTYPE does not match CNAME; ANY does, and BIND stops as we do. NSD and Knot follow",
		anyBelowDNAME,
	},
}
