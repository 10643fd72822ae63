package zonefile

import (
	"gopkg.in/yaml.v3"

	"zonecast/internal/zone"
)

// Locate finds where a record stands in a file's text: line and column, both from 1. Without a record of that type
// it is the place of the name; 1, 1 for what stands nowhere (a SOA from the defaults).
func Locate(text []byte, apex, owner zone.Name, t zone.Type) (line, column int) {
	line, column = 1, 1
	root, fault := document(text)
	if fault != nil || root.Kind != yaml.MappingNode {
		return line, column
	}
	r := &reader{builder: &builder{apex: apex}}
	for i := 0; i+1 < len(root.Content); i += 2 {
		k, n := root.Content[i], root.Content[i+1]
		if name, ok := r.owner(k); !ok || name != owner {
			continue
		}
		line, column = k.Line, k.Column
		for _, item := range n.Content {
			if n.Kind == yaml.SequenceNode && (field(item, "type") == t.String() || t == TypeAny && field(item, "type") == "") {
				return item.Line, item.Column
			}
		}
	}
	return line, column
}
