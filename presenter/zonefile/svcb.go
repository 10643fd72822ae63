package zonefile

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"zonecast/internal/zone"
)

var (
	svcParams = []string{"mandatory", "alpn", "no-default-alpn", "port", "ipv4hint", "ech", "ipv6hint"} // RFC 9460 14.3.2, RFC 9848
	svcLists  = []string{"mandatory", "alpn", "ipv4hint", "ipv6hint"}
	svcKey    = regexp.MustCompile(`^key(0|[1-9][0-9]{0,4})$`)
)

// svcb reads a SVCB or HTTPS value (RFC 9460): {svcpriority, targetname, svcparams}.
func svcb(typ string) func(*reader, *yaml.Node) (zone.Rdata, bool) {
	return func(r *reader, n *yaml.Node) (zone.Rdata, bool) {
		f, ok := r.object(n, "a "+typ+" value", 2, "svcpriority", "targetname", "svcparams")
		if !ok {
			return "", false
		}
		priority, ok := r.integer(f["svcpriority"], "svcpriority", 0, 0xffff)
		if !ok {
			return "", false
		}
		target, ok := r.target(f["targetname"], "targetname")
		if !ok {
			return "", false
		}
		text := fmt.Sprintf("%d %s", priority, target)
		if p := f["svcparams"]; p != nil {
			if priority == 0 && len(p.Content) > 0 {
				return "", r.fail(p, "bad-svcparam", "a svcpriority of 0 is an alias and takes no svcparams", "remove them or write svcpriority: 1") // RFC 9460 2.4.2
			}
			params, ok := r.svcParams(p)
			if !ok {
				return "", false
			}
			text += params
		}
		return r.presentation(typ, text, n)
	}
}

func (r *reader) svcParams(n *yaml.Node) (string, bool) {
	if n.Kind != yaml.MappingNode {
		return "", r.fail(n, "bad-value", "svcparams must be a mapping, not a "+kind(n), "")
	}
	var b strings.Builder
	seen := make(map[string]bool)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		switch {
		case k.Kind != yaml.ScalarNode || !slices.Contains(svcParams, k.Value) && !svcKey.MatchString(k.Value):
			return "", r.fail(k, "unknown-key", fmt.Sprintf("svcparams does not know the key %.60q", k.Value), "known keys: "+strings.Join(svcParams, ", ")+", keyNNNNN")
		case seen[k.Value]:
			return "", r.fail(k, "duplicate-key", "svcparams has the key "+k.Value+" twice", "remove one")
		}
		seen[k.Value] = true
		value, ok := r.svcParam(k.Value, v)
		if !ok {
			return "", false
		}
		b.WriteString(" " + k.Value + value)
	}
	return b.String(), true
}

// svcParam gives "=value", or nothing for a key that takes none.
func (r *reader) svcParam(k string, n *yaml.Node) (string, bool) {
	switch {
	case k == "no-default-alpn":
		if n.Kind != yaml.ScalarNode || n.Value != "" && n.ShortTag() != "!!null" {
			return "", r.fail(n, "bad-svcparam", k+" takes no value", "write "+k+":")
		}
		return "", true
	case k == "port":
		v, ok := r.integer(n, k, 0, 0xffff)
		return fmt.Sprintf("=%d", v), ok
	case slices.Contains(svcLists, k):
		if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
			return "", r.fail(n, "bad-svcparam", k+" is a list", "write "+k+": [one, two]")
		}
		var list []string
		for _, c := range n.Content {
			text, ok := r.param(c, k)
			if !ok {
				return "", false
			}
			if strings.Contains(text, ",") {
				return "", r.fail(c, "bad-svcparam", k+" has a comma in an element", "make it two elements")
			}
			list = append(list, text)
		}
		return `="` + strings.Join(list, ",") + `"`, true
	}
	text, ok := r.param(n, k)
	return `="` + text + `"`, ok
}

// param reads a text that cannot end the quoted string it is put into.
func (r *reader) param(n *yaml.Node, k string) (string, bool) {
	text, ok := r.text(n, k)
	if ok && (text == "" || strings.ContainsAny(text, "\"\\; ()")) {
		return "", r.fail(n, "bad-svcparam", fmt.Sprintf("%s: %.60q is empty or has a space, quote, bracket, semicolon or backslash", k, text), "")
	}
	return text, ok
}
