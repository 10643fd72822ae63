package zonefile

import (
	"gopkg.in/yaml.v3"

	"zonecast/internal/zone"
)

// Locate reads a file's text once and gives a function that finds where a record stands in it: line and column, both
// from 1. Without a record of that type it is the place of the name; 1, 1 for what stands nowhere (a SOA from the
// defaults).
func Locate(path string, text []byte) func(owner zone.Name, t zone.Type) (line, column int) {
	type entry struct{ key, value *yaml.Node }
	at := map[zone.Name]entry{}
	apex, _ := ZoneOf(path) // loaded, so it names a zone, or is included by one
	root, fault := document(text)
	if fault == nil && root.Kind == yaml.MappingNode {
		r := &reader{builder: &builder{apex: apex}}
		for i := 0; i+1 < len(root.Content); i += 2 {
			if name, ok := r.owner(root.Content[i]); ok {
				at[name] = entry{root.Content[i], root.Content[i+1]}
			}
		}
	}
	return func(owner zone.Name, t zone.Type) (line, column int) {
		e, ok := at[owner]
		switch {
		case !ok && fault == nil && (root.Kind == yaml.SequenceNode || field(root, "type") != ""): // included: records without a name
			e = entry{root, root}
		case !ok:
			return 1, 1
		}
		if e.value.Kind == yaml.SequenceNode {
			for _, item := range e.value.Content {
				if field(item, "type") == t.String() || t == TypeAny && field(item, "type") == "" {
					return item.Line, item.Column
				}
			}
		}
		return e.key.Line, e.key.Column
	}
}
