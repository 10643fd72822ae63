package ruleset

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"

	"gopkg.in/yaml.v3"
)

// language is the version of the rules language; raised when the same module would give other records.
const language = 1

// hash is a digest of what the module means: everything but about, tests, comments, quotes and the order of keys.
func (m *Module) hash(root *yaml.Node, ttl uint32) string {
	var rules any
	top := map[string]any{}
	usesVars := false
	for i := 0; i+1 < len(root.Content); i += 2 {
		switch key := root.Content[i].Value; key {
		case "about", "tests":
		default:
			usesVars = usesVars || mentions(root.Content[i+1], "vars")
			top[key] = meaning(root.Content[i+1])
		}
	}
	rules = top
	vars := m.vars
	if !usesVars && m.outside == nil {
		vars = nil
	}
	parts := []any{language, rules, m.kind, vars, ttl}
	if m.outside != nil {
		parts = append(parts, m.outside.version)
	}
	text, err := json.Marshal(parts) // maps are written in order of their keys
	if err != nil {
		panic("ruleset: " + err.Error()) // texts, numbers and booleans always encode
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

func meaning(n *yaml.Node) any {
	switch n.Kind {
	case yaml.MappingNode:
		m := make(map[string]any, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			m[n.Content[i].Value] = meaning(n.Content[i+1])
		}
		return m
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, c := range n.Content {
			list[i] = meaning(c)
		}
		return list
	}
	return n.Value
}

func mentions(n *yaml.Node, word string) bool {
	if n.Kind == yaml.ScalarNode && strings.Contains(n.Value, word) {
		return true
	}
	for _, c := range n.Content {
		if mentions(c, word) {
			return true
		}
	}
	return false
}
