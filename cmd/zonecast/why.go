package main

import (
	"fmt"

	"zonecast/internal/release"
	"zonecast/presenter/merge"
)

// reasons says for people what became of a claim that is not served.
var reasons = map[string]string{
	merge.WhyExpired:   "its time is over",
	merge.WhyMask:      "masked",
	merge.WhyOverride:  "replaced",
	merge.WhyConflict:  "a person wrote this record too, without saying by a mode what is to become of this one (a conflict)",
	merge.WhyPriority:  "a source of higher priority has it",
	merge.WhyCNAME:     "a CNAME and other records cannot stand at one name",
	merge.WhyDNAME:     "everything below a DNAME is redirected",
	merge.WhyCut:       "the name is delegated: at or below a zone cut only its NS, DS and glue are served",
	merge.WhyApex:      "this type cannot stand where it does with regard to the zone's apex",
	merge.WhyChildZone: "the name belongs to a zone further down",
	merge.WhyTooLarge:  "with it the RRset would be too large for a message",
}

func whyText(why string) string {
	if text, ok := reasons[why]; ok {
		return text
	}
	return why
}

// backText says what keeps every change from being released while a rollback is in force.
func backText(b *release.Rollback) string {
	return fmt.Sprintf("rolled back to version %d since %s by %s (%s): what changes waits until `zonecast releases resume`", b.To, when(b.Since), b.By, b.Reason)
}
