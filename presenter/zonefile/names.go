package zonefile

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"zonecast/internal/zone"
)

// owner reads the key of a record: a name relative to the apex.
func (r *reader) owner(n *yaml.Node) (zone.Name, bool) {
	if n.Kind != yaml.ScalarNode {
		return "", r.fail(n, "bad-name", "an owner name must be a text, not a "+kind(n), "")
	}
	text := n.Value
	r.name = text
	if text == "" {
		r.name = r.apex.String()
	}
	if t := trap(n); t != "" && (t != "a number" || !sameNumber(text)) {
		return "", r.fail(n, "quote-name", fmt.Sprintf("the name %.60s without quotes is %s to some readers of YAML", text, t), "put quotes around it: "+quote(text))
	}
	switch {
	case text == "":
		return r.apex, true
	case text == "@":
		return "", r.fail(n, "bad-name", "@ is the zone itself in RFC 1035 files, not here", "write '' for the zone itself")
	case strings.HasSuffix(text, ".") && !strings.HasSuffix(text, `\.`):
		return "", r.fail(n, "absolute-name", "owner names are relative to the zone", "leave out the final dot and the zone's name")
	}
	for _, c := range []byte(text) {
		if c > '~' {
			return "", r.fail(n, "non-ascii", "a name has a character outside ASCII", "write an internationalized name as xn--…")
		}
		if c <= ' ' {
			return "", r.fail(n, "bad-name", "a name has a space or a control character", "")
		}
	}
	name, err := zone.ParseNameIn(text, r.apex)
	if err != nil {
		return "", r.fail(n, nameCheck(err), err.Error(), "")
	}
	r.name = name.String()
	if short, ok := Doubled(name, r.apex); ok {
		return "", r.fail(n, "doubled-suffix", name.String()+" ends in the zone's name twice", "names are relative to the zone: this would be "+short.String())
	}
	return name, true
}

func nameCheck(err error) string {
	switch {
	case errors.Is(err, zone.ErrLabelTooLong):
		return "label-too-long"
	case errors.Is(err, zone.ErrNameTooLong):
		return "name-too-long"
	}
	return "bad-name"
}

// Doubled tells whether a name ends in the apex twice (.se 2009: a generator's missing dots took the whole zone
// down), and what it probably was to be. One label that equals an apex of one label may be a host's name.
func Doubled(name, apex zone.Name) (short zone.Name, doubled bool) {
	if len(name) < 2*len(apex)-1 || !name.Under(apex) {
		return "", false
	}
	head := name[:len(name)-len(apex)] + zone.Root // the relative part, as an absolute name
	if !head.Under(apex) || (head == apex && apex.Labels() == 1) {
		return "", false
	}
	return head, true
}

// sameNumber tells whether a number is the text that it was written as, to every reader: octoDNS makes texts of them.
func sameNumber(text string) bool {
	if decimal.MatchString(text) {
		return text[0] != '-'
	}
	v, err := strconv.ParseFloat(text, 64)
	return err == nil && v >= 0.001 && len(text) < 15 && strconv.FormatFloat(v, 'f', -1, 64) == text
}
