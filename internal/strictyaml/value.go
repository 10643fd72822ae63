package strictyaml

import (
	"encoding/json"
	"strings"

	"gopkg.in/yaml.v3"
)

// Any reads a YAML value as a JSON decoder would give it.
func (s *File) Any(n *yaml.Node) any {
	switch n.Kind {
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, c := range n.Content {
			list[i] = s.Any(c)
		}
		return list
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			m[n.Content[i].Value] = s.Any(n.Content[i+1])
		}
		return m
	}
	v, _ := s.Scalar(n)
	return v
}

// Scalar reads a YAML scalar as a JSON decoder would give it.
func (s *File) Scalar(n *yaml.Node) (any, bool) {
	if n.Kind != yaml.ScalarNode {
		s.Fail("wrong-type", n, "a single value is wanted here", "")
		return nil, false
	}
	switch n.Tag {
	case "!!null":
		return nil, true
	case "!!bool":
		return strings.EqualFold(n.Value, "true"), true
	case "!!int", "!!float":
		return json.Number(n.Value), true
	}
	return n.Value, true // also what YAML takes for a date
}
