package format

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Natural compares as octoDNS does with enforce_order, for every mapping of a zone file: runs of digits are numbers, the rest is
// text by code point. So web2 stands before web10, and ” before all.
func Natural(a, b string) int {
	full := cmp.Compare(a, b) // 01 and 1 are equal as numbers
	for a != "" || b != "" {
		x, restA := run(a, false)
		y, restB := run(b, false)
		if c := cmp.Compare(x, y); c != 0 {
			return c
		}
		m, restA := run(restA, true)
		n, restB := run(restB, true)
		if c := compareDigits(m, n); c != 0 {
			return c
		}
		a, b = restA, restB
	}
	return full
}

// run cuts a run of digits, or of anything else, off the front.
func run(s string, digits bool) (run, rest string) {
	for i := range len(s) {
		if (s[i] >= '0' && s[i] <= '9') != digits {
			return s[:i], s[i:]
		}
	}
	return s, ""
}

// compareDigits compares numbers of any length; none at all comes first.
func compareDigits(a, b string) int {
	if a == "" || b == "" {
		return cmp.Compare(len(a), len(b))
	}
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}

func byKey(a, b *item) int { return Natural(a.name(), b.name()) }

// sortNames orders a file: names, the records at a name by type, keys, and values.
func sortNames(root *item) {
	slices.SortStableFunc(root.items, byKey)
	for _, name := range root.items {
		if name.value.Kind != yaml.SequenceNode {
			sortRecord(name)
			continue
		}
		slices.SortStableFunc(name.items, func(a, b *item) int { return cmp.Compare(a.field("type"), b.field("type")) })
		for _, r := range name.items {
			sortRecord(r)
		}
	}
}

func sortRecord(r *item) {
	for _, field := range r.items {
		sortKeys(field)
		if field.name() == "values" && field.value.Kind == yaml.SequenceNode {
			slices.SortStableFunc(field.items, compareValues)
		}
	}
	slices.SortStableFunc(r.items, byKey)
}

// sortKeys orders the keys of all mappings below an item. Lists keep their order: in an alpn it counts.
func sortKeys(it *item) {
	for _, c := range it.items {
		sortKeys(c)
	}
	if it.value.Kind == yaml.MappingNode {
		slices.SortStableFunc(it.items, byKey)
	}
}

// field is a scalar below a mapping, "" for none.
func (it *item) field(key string) string {
	for _, c := range it.items {
		if c.name() == key && c.key != nil {
			return c.value.Value
		}
	}
	return ""
}

// leading are the fields that order values which are mappings, before all others.
var leading = []string{"order", "priority", "svcpriority", "preference", "weight", "port", "key_tag", "algorithm"}

// compareValues orders the values of a record: addresses as such, mappings by what resolvers look at first.
func compareValues(a, b *item) int {
	for _, k := range leading {
		if c := Natural(a.field(k), b.field(k)); c != 0 {
			return c
		}
	}
	x, errX := netip.ParseAddr(a.value.Value)
	y, errY := netip.ParseAddr(b.value.Value)
	if errX == nil && errY == nil {
		return x.Compare(y)
	}
	return Natural(text(a), text(b))
}

// text is all that stands in a value, for comparison.
func text(it *item) string {
	parts := []string{it.value.Value}
	for _, c := range it.items {
		parts = append(parts, c.name(), text(c))
	}
	return strings.Join(parts, "\n")
}
