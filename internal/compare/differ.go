package compare

import (
	"encoding/binary"
	"fmt"
	"slices"

	"zonecast/internal/zone"
)

// Class of a difference.
type Class string

// The classes.
const (
	Missing   Class = "missing"    // there has records, here has none
	Extra     Class = "extra"      // here has records, there has none
	Values    Class = "values"     // both have records, others
	TTL       Class = "ttl"        // the same records, or the same nothing, to be kept for another time
	Order     Class = "order"      // the same records in another order
	SOASerial Class = "soa-serial" // the SOAs differ in their serial alone
	Rcode     Class = "rcode"      // one says that there is no such name, the other no such type; or an error
	OnlyThere Class = "only-there" // a name that there has, by its transfer, and here has not
)

// Classes lists them.
var Classes = []Class{Missing, Extra, Values, TTL, Order, SOASerial, Rcode, OnlyThere}

// Difference is one, with what both say.
type Difference struct {
	Question
	Class Class  `json:"class"`
	Here  string `json:"here"`
	There string `json:"there"`
}

func (d Difference) String() string {
	return fmt.Sprintf("%s %s: here %s; there %s", d.Question, d.Class, d.Here, d.There)
}

// Differ gives what two answers to a question differ in; more than one class only where a set differs in TTL, too.
func Differ(q Question, here, there Answer) (list []Difference) {
	add := func(c Class, a, b string) { list = append(list, Difference{q, c, a, b}) }
	has := func(a Answer) bool { return a.kind == found || a.kind == referral }
	switch {
	case has(here) && has(there):
		sets(here, there, add)
	case has(here) && there.kind != refusal:
		add(Extra, here.String(), there.String())
	case has(there) && here.kind != refusal:
		add(Missing, here.String(), there.String())
	case here.kind != there.kind || here.kind == refusal && here.rcode != there.rcode:
		add(Rcode, here.String(), there.String())
	case here.life != there.life && here.life > 0 && there.life > 0:
		add(TTL, fmt.Sprintf("%s, for %d s", here, here.life), fmt.Sprintf("%s, for %d s", there, there.life))
	}
	return list
}

func sets(here, there Answer, add func(Class, string, string)) {
	a, b := here.set, there.set
	switch {
	case here.kind != there.kind || here.at != there.at || a.Type != b.Type:
		add(Values, here.String(), there.String())
		return
	case !slices.Equal(a.Data, b.Data):
		if a.Type == zone.TypeSOA && len(a.Data) == 1 && len(b.Data) == 1 && withoutSerial(a.Data[0]) == withoutSerial(b.Data[0]) {
			add(SOASerial, here.String(), there.String())
		} else {
			add(Values, only(a, b), only(b, a))
		}
	case !slices.Equal(here.order, there.order):
		add(Order, texts(a.Type, here.order), texts(b.Type, there.order))
	}
	if a.TTL != b.TTL {
		add(TTL, fmt.Sprint(a.TTL), fmt.Sprint(b.TTL))
	}
}

// only shows what a set has beyond another.
func only(a, b zone.RRset) string {
	rest := slices.DeleteFunc(slices.Clone(a.Data), func(d zone.Rdata) bool { return slices.Contains(b.Data, d) })
	if len(rest) == 0 {
		return "nothing more"
	}
	return "alone " + texts(a.Type, rest)
}

// soaNumbers is the size of the five numbers at the end of SOA data (RFC 1035 3.3.13); the serial is the first.
const soaNumbers = 20

func withoutSerial(d zone.Rdata) string {
	if len(d) < soaNumbers {
		return string(d)
	}
	b := []byte(d)
	binary.BigEndian.PutUint32(b[len(b)-soaNumbers:], 0)
	return string(b)
}
