package format

import (
	"cmp"
	"slices"

	"gopkg.in/yaml.v3"

	"zonecast/internal/zone"
	"zonecast/presenter/zonefile"
	"zonecast/presenter/zonefile/write"
)

func byKey(a, b *item) int { return write.Natural(a.name(), b.name()) }

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
	t, _ := zone.ParseType(r.field("type")) // without one there are no values
	for _, field := range r.items {
		sortKeys(field)
		if field.name() == "values" && field.value.Kind == yaml.SequenceNode {
			sortValues(field.items, t)
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

// sortValues orders the values of a record canonically (RFC 4034 6.3), as package write does.
func sortValues(values []*item, t zone.Type) {
	data := make(map[*item]zone.Rdata, len(values))
	for _, v := range values {
		data[v], _ = zonefile.Data(t, v.value)
	}
	slices.SortStableFunc(values, func(a, b *item) int { return cmp.Compare(data[a], data[b]) })
}
