package zonefile

import (
	"gopkg.in/yaml.v3"

	"zonecast/internal/zone"
)

// Exception is an entry of allow: a check that may find something here, and why. `zonecast check` heeds it; loading reads it, so that a
// slip in it is found, and nothing more: it changes nothing that is served.
type Exception struct {
	Check, Reason string
	Owner         zone.Name // of the record; "" for the whole zone, at its SOA
	File          string    // path inside the folder
	Line, Column  int       // of the entry
	First, Last   int       // lines of the record that it stands at
}

// maxAllowed bounds the exceptions at one record.
const maxAllowed = 20

// allow reads the exceptions at the record that is being read; owner is "" if they are the zone's.
func (r *reader) allow(n *yaml.Node, owner zone.Name) bool {
	const shape = "write allow: [{check: CODE, reason: \"…\"}]"
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 || len(n.Content) > maxAllowed {
		return r.fail(n, "bad-allow", "allow must be a list of 1 to 20 exceptions", shape)
	}
	good := true
	for _, item := range n.Content {
		f, ok := r.object(item, "an exception", 0, "check", "reason")
		good = good && ok
		switch check, reason := f["check"], f["reason"]; {
		case !ok:
		case check == nil || check.Kind != yaml.ScalarNode || check.Value == "":
			good = r.fail(item, "bad-allow", "an exception names no check", shape)
		case reason == nil || !oneLine(reason):
			good = r.fail(item, "bad-allow", "an exception needs a reason, of one line", shape)
		default:
			r.exceptions = append(r.exceptions, Exception{Check: check.Value, Reason: reason.Value, Owner: owner, File: r.fileOf(item),
				Line: item.Line, Column: item.Column, First: r.here.at.Line, Last: lastLine(r.here.record)})
		}
	}
	return good
}

func oneLine(n *yaml.Node) bool {
	if n.Kind != yaml.ScalarNode || len(n.Value) == 0 || len(n.Value) > maxReason {
		return false
	}
	for _, c := range n.Value {
		if c < ' ' {
			return false
		}
	}
	return true
}

// lastLine is the last line on which something of n begins.
func lastLine(n *yaml.Node) int {
	last := n.Line
	for _, c := range n.Content {
		last = max(last, lastLine(c))
	}
	return last
}
