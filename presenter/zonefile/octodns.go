package zonefile

import (
	"fmt"
	"slices"

	"gopkg.in/yaml.v3"

	"zonecast/internal/zone"
)

// DefaultTarget is the provider that this pipeline is in octoDNS's lists of providers, unless Options say otherwise.
const DefaultTarget = "zonecast"

// octodns reads what stands under octodns: in a record. What it says of health checks and to providers has no meaning here. here is
// false for a record that octoDNS keeps from us.
func (r *reader) octodns(n *yaml.Node) (here, good bool) {
	r.lenient = false
	switch {
	case n == nil:
		return true, true
	case n.Kind != yaml.MappingNode:
		return true, r.fail(n, "bad-value", "octodns: must be a mapping, not a "+kind(n), "")
	}
	if l := child(n, "lenient"); l != nil {
		word, ok := r.enum(l, "bad-value", "lenient", "true", "false")
		if !ok {
			return true, false
		}
		r.lenient = word == "true"
	}
	if i := child(n, "ignored"); i != nil && i.Value == "true" {
		r.add(zone.Warning, i, "octodns-ignored", "octoDNS leaves this record alone wherever it stands, so it is not served from here", "remove ignored to serve it, or the record")
		return false, true
	}
	target := r.opt.Target
	if target == "" {
		target = DefaultTarget
	}
	included, inGood := r.providers(n, "included")
	excluded, exGood := r.providers(n, "excluded")
	switch {
	case !inGood || !exGood:
		return true, false
	case included != nil && !slices.Contains(included, target):
		r.add(zone.Warning, child(n, "included"), "octodns-providers", fmt.Sprintf("the record is for other providers than %s: it is not served", target), "write "+target+" into the list to serve it")
		return false, true
	case slices.Contains(excluded, target):
		r.add(zone.Warning, child(n, "excluded"), "octodns-providers", fmt.Sprintf("the record is not for the provider %s: it is not served", target), "take "+target+" out of the list to serve it")
		return false, true
	}
	return true, true
}

// providers reads a list of octoDNS's names of providers; nil for none.
func (r *reader) providers(n *yaml.Node, key string) (names []string, good bool) {
	list := child(n, key)
	if list == nil {
		return nil, true
	}
	if list.Kind != yaml.SequenceNode {
		return nil, r.fail(list, "bad-value", key+" must be a list of providers, not a "+kind(list), "")
	}
	names = []string{}
	for _, item := range list.Content {
		names = append(names, item.Value)
	}
	return names, len(names) > 0 || r.fail(list, "bad-value", key+" is an empty list", "remove it")
}

// steered refuses what sends some clients elsewhere, and every record has something for the others beside. Leniently that something is
// served, to all.
func (r *reader) steered(fields map[string]*yaml.Node) bool {
	const fix = "take it out and leave value or values, or write octodns: {lenient: true} to serve those to everybody"
	good := true
	if n := fields["geo"]; n != nil {
		good = r.soft(n, "geo-record", "geo: answers by the place of whoever asks are not given here", fix)
	}
	if n := fields["dynamic"]; n != nil {
		good = r.soft(n, "dynamic-record", "dynamic: answers by rules, pools and health checks are not given here", fix) && good
	}
	return good
}

// soft adds an error, or a warning where the record is lenient: for what octoDNS would serve, too.
func (r *reader) soft(n *yaml.Node, check, text, fix string) bool {
	if !r.lenient {
		return r.fail(n, check, text, fix)
	}
	r.add(zone.Warning, n, check, text, fix)
	return true
}
