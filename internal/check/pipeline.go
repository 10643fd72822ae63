package check

// configCodes are those of zonecast.yaml.
var configCodes = []Code{
	e("bad-config", "the config file has a value with which the program would not start", "see docs/config.md", Config),
}

// mergedCodes are those of the merged result.
var mergedCodes = []Code{
	w("below-dname", "a record is not served: a DNAME stands above its name", "remove it, or the DNAME", Merged),
	w("below-zone-cut", "a record is not served: its name is delegated", "move it to the zone below", Merged),
	w("beside-cname", "a record is not served: a CNAME stands alone at its name", "take one of them away", Merged),
	w("cname-loop", "CNAMEs lead in a circle", "let one of them point to a name with records", Merged),
	e("cname-many", "a CNAME or DNAME would have several targets", "let one entity make it, or number the names", Merged),
	w("in-child-zone", "a record is not served: its name belongs to a zone below that is here too", "move it there", Merged),
	w("lower-priority", "a record is not served: another source has its name and type", "say shared: true in both modules, or rename one", Merged),
	w("missing-target", "a record points to a name of ours that does not exist", "add the name, or point elsewhere", Merged),
	w("not-at-apex", "a record is not served: at a zone's apex, or only there, it has no place", "move or remove it", Merged),
	e("outside-zones", "a generated name is in no zone", "add a zone file for it, or mend the name in the module", Merged),
	w("still-pointed-at", "a name that is served would go, and a zone that is not in the folder points to it", "keep the name, or change what points to it first", Merged),
	w("shadows-generated", "a written record takes the place of generated ones without saying so", "write mode: replace or mode: merge under zonecast:", Merged),
}

// loadingCodes are those of files and lists on their way into the tables, and of what waits there.
var loadingCodes = []Code{
	e("evaluation", "a module cannot make records of an entity", "mend the entity or the module", Loading),
	e("feed-absent", "a list's file is gone, has zero bytes, or cannot be read", "bring it back", Loading),
	e("file-gone", "a module's file vanished from the rules folder", "bring it back, or release", Loading),
	e("folder-unreadable", "a watched folder is gone or unreadable", "bring it back", Loading),
	e("list-guard", "a full list deletes too much, or everything", "send the right list, or release", Loading),
	e("list-incomplete", "items of a list have no identity: nothing is deleted then", "mend the list", Loading),
	e("list-items", "items of a list are refused", "mend the list", Loading),
	e("module-guard", "a module suddenly gives nothing, or much less", "mend the file or the entities, or release", Loading),
	e("more-held", "more is held than the list has room for", "mend what is listed: the others follow", Loading),
	e("not-descending", "a push does not come after what is loaded", "push the newer commit, or release", Loading),
	w("override", "a record was set by hand: the code of such entries in the log of decisions", "bring it into a pull request, and drop it", Loading),
	e("plan-drifted", "a load would not do what was approved in its plan", "plan and approve again, or release", Loading),
	e("plan-missing", "a load has no approved plan, and require_plan wants one", "push with --plan FILE, or release", Loading),
	e("source-emptied", "a source's table came back empty, or made anew with far fewer names", "let it fill up again, or release", Loading),
	e("source-unlisted", "a source with records is in presenter.sources no more", "list it again, or release", Loading),
	e("zone-emptied", "a zone lost all its records", "bring them back, or release", Loading),
	e("zone-file-gone", "one of a zone's files vanished", "bring it back, or release", Loading),
	e("zone-gone", "a zone vanished: its files, or all of it from a release", "bring it back, or release", Loading, Gates),
}

// gateCodes are those of releases.
var gateCodes = []Code{
	e("changed", "a release changes more names of a zone than it may", "mend the source, or release", Gates),
	e("changed-share", "a release changes a larger share of a zone than it may", "mend the source, or release", Gates),
	e("created", "a release adds more names to a zone than it may", "mend the source, or release", Gates),
	e("created-share", "a release adds a larger share to a zone than it may", "mend the source, or release", Gates),
	e("deleted", "a release takes more names out of a zone than it may", "mend the source, or release", Gates),
	e("deleted-share", "a release takes a larger share out of a zone than it may", "mend the source, or release", Gates),
	e("deleted-total", "a release takes more names out of all zones together than it may", "mend the source, or release", Gates),
	e("protected", "protected records would go", "mend the source, or release", Gates),
	e("served-unknown", "what was served is not known, and there is much less now", "let inputs fill up again, or release", Gates),
	e("site-check", "the site's own command says no", "mend what it names: it is asked again each minute. Or release", Gates),
	e("soa-missing", "a zone has no SOA", "mend the zone", Gates),
	e("store-went-back", "the store has an older version than was published", "bring the newer store back, or send events and lists again and release", Gates),
	e("zone-unknown", "names arrive without their zone", "mend the zone", Gates),
}

// masterCodes are those of zone files as BIND has them.
var masterCodes = []Code{
	e("bad-record", "a record cannot be read", "mend it at the line that is named", Master),
	e("bad-syntax", "a line is none of a zone file", "mend it at the line that is named", Master),
	e("cname-and-other-data", "a CNAME stands beside other records", "remove one of them", Master),
	w("no-apex-ns", "a zone has no NS records at its apex", "name its servers", Master),
	e("no-soa", "a zone file has no SOA", "give it one: a zone file holds one zone", Master),
	e("outside-zone", "a record is outside its file's zone", "is a final dot too many, or one missing?", Master),
	w("shadowed-by-zone", "a record is not served: another file's zone begins here or above", "move it there", Master),
	w("signed-zone", "signatures and keys are left out: zones are served unsigned", "remove them from the file", Master),
	e("soa-not-apex", "a SOA stands below the zone's own name", "remove it", Master),
	e("too-many-problems", "there are more problems than are listed", "mend those that are listed first", Master),
	w("ttl-mismatch", "an RRset has several TTLs; the smallest is served", "give all records of a name and type the same", Master),
	e("unreadable", "a file cannot be read", "mend its permissions, or its name", Master),
	e("zone-twice", "two files have one zone", "give each zone one file", Master),
}
