package export

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"zonecast/internal/zone"
)

// Kind is a thing that a format cannot say.
type Kind string

// The kinds. What each means for who asks the other server stands in docs/moving.md.
const (
	Rotation      Kind = "rotation"            // the order of records is the other server's
	Wildcard      Kind = "wildcard"            // there is no such thing, or it matches other names too
	PastEmpty     Kind = "wildcard-past-empty" // an empty non-terminal does not stop a wildcard above it
	EmptyName     Kind = "empty-name"          // an empty non-terminal is NXDOMAIN there
	Delegation    Kind = "delegation"          // what is below a zone cut is left to recursion
	Alias         Kind = "alias"               // a CNAME is given without what it leads to, or not at all
	DNAME         Kind = "dname"               // no CNAME is made of it
	DSOfCut       Kind = "ds"                  // asked for, a referral comes
	GlueV6        Kind = "glue-aaaa"           // referrals come without it
	ManyAddresses Kind = "many-addresses"      // eight of them are given, at random
	Large         Kind = "large"               // fits no datagram of 512 octets: over TCP only, by another program
	NoServers     Kind = "no-servers"          // a zone without NS records is not served at all
	OtherType     Kind = "other-type"          // anything but addresses
	NoWord        Kind = "no-word"             // data or a type that the format cannot write
	Settings      Kind = "zone-settings"       // SOA, serial and time stamp of a zone
	NoHostname    Kind = "no-hostname"         // a name that hosts files cannot have
)

// meaning is for the person who reads the summary.
var meaning = map[Kind]string{
	Rotation:      "RRsets that rotate here: there the records come in that server's own order",
	Wildcard:      "wildcards that mean something else there",
	PastEmpty:     "empty non-terminals below a wildcard: it answers for names below them there",
	EmptyName:     "empty non-terminals: NXDOMAIN there",
	Delegation:    "delegations: left to recursion, without NS and glue",
	Alias:         "aliases (CNAME): given alone there, or not at all",
	DNAME:         "DNAME records: names below them are NXDOMAIN there",
	DSOfCut:       "DS sets of delegations: a referral is given for them there",
	GlueV6:        "AAAA sets below delegations: referrals come without them there",
	ManyAddresses: "A sets with more than 8 addresses: 8 of them, drawn at random, are given there",
	Large:         "RRsets that fit no 512 octets: they need TCP there (axfrdns)",
	NoServers:     "zones without NS records at their apex: not served there at all",
	OtherType:     "RRsets that are not addresses",
	NoWord:        "RRsets whose type or data cannot be written there",
	Settings:      "zones whose SOA, fixed serial or time stamp setting is not carried over",
	NoHostname:    "names that are no host names",
}

// Loss is how often a kind was met, and where first.
type Loss struct {
	Kind    Kind      `json:"kind"`
	Count   int       `json:"count"`
	Example zone.Name `json:"example"`
}

// Losses counts by kind. The zero value is ready.
type Losses struct{ of map[Kind]Loss }

func (l *Losses) add(k Kind, owner zone.Name) {
	if l.of == nil {
		l.of = map[Kind]Loss{}
	}
	x, ok := l.of[k]
	if !ok {
		x = Loss{Kind: k, Example: owner}
	}
	x.Count++
	l.of[k] = x
}

// Join adds the counts of another part.
func (l *Losses) Join(o Losses) {
	for _, x := range o.List() {
		if l.of == nil {
			l.of = map[Kind]Loss{}
		}
		sum, ok := l.of[x.Kind]
		if !ok {
			sum = Loss{Kind: x.Kind, Example: x.Example}
		}
		sum.Count += x.Count
		l.of[x.Kind] = sum
	}
}

// List gives them in order of kind.
func (l *Losses) List() []Loss {
	list := make([]Loss, 0, len(l.of))
	for _, k := range slices.Sorted(maps.Keys(l.of)) {
		list = append(list, l.of[k])
	}
	return list
}

// Print writes a line for each kind.
func (l *Losses) Print(w io.Writer) {
	for _, x := range l.List() {
		fmt.Fprintf(w, "not carried over (%d): %s, such as %s [%s]\n", x.Count, meaning[x.Kind], x.Example, x.Kind)
	}
}
