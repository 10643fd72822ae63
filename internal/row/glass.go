package row

import "strings"

// GlassFile begins the file of a record that was set by hand, over the heads of all gates ("break the glass"), and not
// by a reviewed file; its id follows. No loaded file has such a path.
const GlassFile = "@override/"

// Keys of table zones for records set by hand.
const (
	PrefixGlass = "glass/" // + id: Glass as JSON
	KeyGlass    = "glass"  // all of them as a list of GlassNote, for who only has to know that there are some
)

// Glass is a record that a person set by hand: break-glass, for a few hours.
type Glass struct {
	ID     string      `json:"id"`
	Name   string      `json:"name"` // owner name in presentation form
	Record HumanRecord `json:"record"`
	By     string      `json:"by"`
	From   string      `json:"from"` // the address that the request came from
	At     int64       `json:"at"`   // Unix seconds
}

// GlassNote is what the alarm says of one.
type GlassNote struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Type    string `json:"type"`
	By      string `json:"by"`
	Reason  string `json:"reason"`
	At      int64  `json:"at"`      // Unix seconds
	Expires int64  `json:"expires"` // Unix seconds
}

// Glass tells whether a person set it by hand.
func (o Origin) Glass() bool { return strings.HasPrefix(o.File, GlassFile) }

// Glass tells whether a person set it by hand.
func (h HumanRecord) Glass() bool { return strings.HasPrefix(h.File, GlassFile) }
