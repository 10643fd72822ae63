package zonefile

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"zonecast/internal/zone"
)

const quoted = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle

var (
	decimal     = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)
	sexagesimal = regexp.MustCompile(`^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$`)
	boolean     = []string{"yes", "no", "on", "off", "true", "false"}
)

// Trap tells whether some reader of YAML takes a text without quotes for something else than this text.
func Trap(text string) bool { return trap(&yaml.Node{Kind: yaml.ScalarNode, Value: text}) != "" }

// trap tells what a plain scalar is to some reader of YAML 1.1 or 1.2, if it is not simply a text; "" if it is.
func trap(n *yaml.Node) string {
	if n.Style&quoted != 0 {
		return ""
	}
	switch {
	case slices.Contains(boolean, strings.ToLower(n.Value)):
		return "a boolean"
	case sexagesimal.MatchString(n.Value):
		return "a number to the base of 60"
	}
	switch n.ShortTag() {
	case "!!str":
		return ""
	case "!!null":
		return "nothing"
	case "!!timestamp":
		return "a date"
	case "!!merge":
		return "a merge key"
	}
	return "a number"
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// text reads a text that no reader of YAML takes for something else.
func (r *reader) text(n *yaml.Node, what string) (string, bool) {
	if n.Kind != yaml.ScalarNode {
		return "", r.fail(n, "bad-value", what+" must be a text, not a "+kind(n), "")
	}
	if t := trap(n); t != "" {
		return "", r.fail(n, "quote-value", fmt.Sprintf("%s: %.60s without quotes is %s", what, n.Value, t), "put quotes around it: "+quote(n.Value))
	}
	if i := strings.IndexFunc(n.Value, func(c rune) bool { return c < ' ' || c > '~' }); i >= 0 {
		return "", r.fail(n, "non-ascii", fmt.Sprintf("%s has a character outside printable ASCII", what), `write its octets as \DDD, an internationalized name as xn--…`)
	}
	return n.Value, true
}

// integer reads a number in plain decimal.
func (r *reader) integer(n *yaml.Node, what string, low, high int64) (int64, bool) {
	check := "bad-number"
	if what == "ttl" {
		check = "bad-ttl"
	}
	fix := fmt.Sprintf("write a whole number from %d to %d", low, high)
	switch {
	case n.Kind != yaml.ScalarNode:
		return 0, r.fail(n, check, what+" must be a number, not a "+kind(n), fix)
	case len(n.Value) > 1 && n.Value[0] == '0' && strings.Trim(n.Value, "0123456789") == "":
		return 0, r.fail(n, check, fmt.Sprintf("%s: %.60s is 8 to the base of some YAML readers, and 10 to others", what, n.Value), "remove the leading zeros")
	case !decimal.MatchString(n.Value):
		return 0, r.fail(n, check, fmt.Sprintf("%s: %.60q is no whole number", what, n.Value), fix)
	}
	v, err := strconv.ParseInt(n.Value, 10, 64)
	if err != nil || v < low || v > high {
		return 0, r.fail(n, check, fmt.Sprintf("%s: %.60s is out of range", what, n.Value), fix)
	}
	return v, true
}

// target reads the name that a record points to. It needs its final dot: without it nobody can tell whether the
// zone's name is to follow.
func (r *reader) target(n *yaml.Node, what string) (zone.Name, bool) {
	text, ok := r.text(n, what)
	if !ok {
		return "", false
	}
	if text == "" {
		return "", r.fail(n, "no-value", what+" is empty", "")
	}
	if !strings.HasSuffix(text, ".") {
		fix := fmt.Sprintf("write %.300s.", text)
		if whole, err := zone.ParseName(text + "."); err != nil || !whole.Under(r.apex) {
			fix += fmt.Sprintf(" or, inside this zone, %.300s.%s", text, r.apex)
		}
		return "", r.fail(n, "missing-dot", fmt.Sprintf("%s: %.300s has no final dot", what, text), fix)
	}
	name, err := zone.ParseName(text)
	if err != nil {
		return "", r.fail(n, nameCheck(err), what+": "+err.Error(), "")
	}
	if short, ok := Doubled(name, r.apex); ok && r.apex != "" {
		return "", r.fail(n, "doubled-suffix", fmt.Sprintf("%s: %s ends in the zone's name twice", what, name), "write "+short.String())
	}
	return name, true
}

// object reads a mapping of known keys, of which the first `required` must be there.
func (r *reader) object(n *yaml.Node, what string, required int, keys ...string) (map[string]*yaml.Node, bool) {
	if n.Kind != yaml.MappingNode {
		return nil, r.fail(n, "bad-value", what+" must be a mapping, not a "+kind(n), "its keys: "+strings.Join(keys, ", "))
	}
	good := true
	fields := make(map[string]*yaml.Node, len(keys))
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		switch {
		case k.Kind != yaml.ScalarNode || !slices.Contains(keys, k.Value):
			good = r.unknown(k, what, keys)
		case fields[k.Value] != nil:
			good = r.fail(k, "duplicate-key", what+" has the key "+k.Value+" twice", "remove one")
		default:
			fields[k.Value] = n.Content[i+1]
		}
	}
	for _, k := range keys[:required] {
		if good && fields[k] == nil {
			good = r.fail(n, "missing-key", what+" needs the key "+k, "")
		}
	}
	return fields, good
}

// elsewhere says where keys belong that are met in the wrong place, and what octoDNS called others in older versions.
var elsewhere = map[string]string{
	"mode": "it belongs under zonecast:", "scope": "it belongs under zonecast:", "expires": "it belongs under zonecast:", "reason": "it belongs under zonecast:",
	"timestamp": "it belongs under zonecast: of the SOA record", "type": "it belongs into the record", "ttl": "it belongs into the record",
	"values": "it belongs into the record", "zonecast": "it belongs into the record", "preference": "it belongs under value:", "exchange": "it belongs under value:",
	"weight": "it belongs under value:", "port": "it belongs under value:", "target": "it belongs under value:", "mname": "it belongs under value:", "rname": "it belongs under value:",
}

func (r *reader) unknown(k *yaml.Node, what string, keys []string) bool {
	known := "known keys: " + strings.Join(keys, ", ")
	if k.Kind != yaml.ScalarNode {
		return r.fail(k, "unknown-key", what+" has a "+kind(k)+" as key", known)
	}
	if k.Value == "serial" {
		return r.fail(k, "serial", "the serial is not written by hand", "remove it: the release's version becomes the serial")
	}
	if where, ok := elsewhere[k.Value]; ok {
		return r.fail(k, "misplaced-key", fmt.Sprintf("%s does not take the key %s", what, k.Value), where)
	}
	return r.fail(k, "unknown-key", fmt.Sprintf("%s does not know the key %.60q", what, k.Value), known)
}

func kind(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "mapping"
	case yaml.SequenceNode:
		return "list"
	case yaml.ScalarNode:
		if n.ShortTag() == "!!null" {
			return "nothing at all"
		}
		return "single value"
	}
	return "node"
}
