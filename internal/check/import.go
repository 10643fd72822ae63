package check

// importCodes are those of zonecast import. What it writes is read again: the codes of zone files come with the places of what was imported.
var importCodes = []Code{
	e("import-bounds", "more records, included files or levels of them than one import reads", "import the zones one by one", Import),
	e("import-kind", "a zone of named.conf has no data in a text file here", "import it where its data are, or with --axfr", Import),
	e("import-line", "a line of tinydns data cannot be read, or is for some clients or some time only", "mend it, or leave it out with --skip", Import),
	e("import-outside", "a record is in no zone that was read: its SOA is missing", "import it with the zone's SOA", Import),
	e("import-signing", "records that only signing makes: zones are not signed here", "leave them out with --skip", Import),
	e("import-soa", "a zone has two SOA records that differ, or was read twice", "import one of the two", Import),
	w("import-ttl", "an RRset has several TTLs (RFC 2181 5.2); the smallest counts", "give its records one", Import),
	e("import-value", "no zone file can say this value", "mend it, or leave it out with --skip", Import),
	e("import-view", "a named.conf has views, or not the one that is asked for", "choose one with --view", Import),
}
