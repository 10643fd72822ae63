package inventory

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"gopkg.in/yaml.v3"
)

// parseYAML reads one YAML document into the values that JSON gives, with the lines of the items when it is a list
// or has one under "entities". What would surprise is refused: duplicate keys, aliases (bombs), tags, numbers that are
// not plain decimal (010 is eight), a byte order mark, a second document.
func parseYAML(text []byte) (v any, lines []int, err error) {
	if len(text) > MaxYAML {
		return nil, nil, fmt.Errorf("YAML larger than %d MiB: use NDJSON", MaxYAML>>20)
	}
	if bytes.HasPrefix(text, []byte("\xef\xbb\xbf")) {
		return nil, nil, errors.New("line 1: a byte order mark: save the file without")
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc yaml.Node
	if err := dec.Decode(&doc); err != nil {
		// In blocks the parser gives the line where the block begins, which may be hundreds of lines above the fault.
		if t := err.Error(); strings.HasSuffix(t, "expected '-' indicator") || strings.HasSuffix(t, "expected key") {
			err = fmt.Errorf("%w, in the block that begins about there: look for a line that is indented otherwise than its neighbours", err)
		}
		return nil, nil, err
	}
	if err := dec.Decode(new(yaml.Node)); err != io.EOF {
		return nil, nil, errors.New("more than one YAML document")
	}
	root := doc.Content[0]
	if v, err = yamlValue(root, 0); err != nil {
		return nil, nil, err
	}
	list := root
	for i := 0; root.Kind == yaml.MappingNode && i < len(root.Content); i += 2 {
		if root.Content[i].Value == "entities" {
			list = root.Content[i+1]
		}
	}
	if list.Kind == yaml.SequenceNode {
		for _, item := range list.Content {
			lines = append(lines, item.Line)
		}
	}
	return v, lines, nil
}

func yamlValue(n *yaml.Node, depth int) (any, error) {
	fail := func(format string, args ...any) (any, error) {
		return nil, fmt.Errorf("line %d, column %d: %s", n.Line, n.Column, fmt.Sprintf(format, args...))
	}
	if depth > MaxDepth+4 {
		return fail("%v", errDepth)
	}
	if n.Style&yaml.TaggedStyle != 0 {
		return fail("a YAML tag %.50q: quote the text", n.Tag)
	}
	if n.Anchor != "" || n.Kind == yaml.AliasNode {
		return fail("anchors and aliases are not supported")
	}
	switch n.Kind {
	case yaml.MappingNode:
		m := make(map[string]any, len(n.Content)/2)
		for i := 0; i < len(n.Content); i += 2 {
			key := n.Content[i]
			if key.Kind != yaml.ScalarNode || key.ShortTag() == "!!merge" {
				return fail("a key must be a plain text")
			}
			if _, twice := m[key.Value]; twice {
				return nil, fmt.Errorf("line %d, column %d: duplicate key %.100q", key.Line, key.Column, key.Value)
			}
			v, err := yamlValue(n.Content[i+1], depth+1)
			if err != nil {
				return nil, err
			}
			m[key.Value] = v
		}
		return m, nil
	case yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for _, item := range n.Content {
			v, err := yamlValue(item, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	case yaml.ScalarNode:
		v, err := yamlScalar(n)
		if err != nil {
			return fail("%v", err)
		}
		return v, nil
	}
	return fail("unexpected YAML node")
}

func yamlScalar(n *yaml.Node) (any, error) {
	switch n.ShortTag() {
	case "!!null":
		return nil, nil
	case "!!bool":
		return n.Value == "true" || n.Value == "True" || n.Value == "TRUE", nil
	case "!!int", "!!float":
		p := parser{b: []byte(n.Value)}
		v, err := p.number()
		if err != nil || p.i < len(p.b) {
			return nil, fmt.Errorf("number %.50q is not plain decimal: quote it if it is a text", n.Value)
		}
		return v, nil
	}
	return n.Value, nil // dates stay the text they are
}
