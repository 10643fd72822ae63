package strictyaml

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Mapping gives the values of a mapping by key; keys that are not allowed are problems. It is nil if n is no mapping.
func (s *File) Mapping(n *yaml.Node, what string, allowed ...string) map[string]*yaml.Node {
	if n.Kind != yaml.MappingNode {
		s.Fail("wrong-type", n, what+" must be a mapping of keys to values", "")
		return nil
	}
	fields := make(map[string]*yaml.Node, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if len(allowed) > 0 && !slices.Contains(allowed, key.Value) {
			s.Fail("unknown-key", key, fmt.Sprintf("unknown key %q in %s", key.Value, what), Nearest(key.Value, allowed))
			continue
		}
		fields[key.Value] = value
	}
	return fields
}

// Text reads a scalar with something in it. A template that lost its quotes arrives as a mapping.
func (s *File) Text(n *yaml.Node, what string) (string, bool) {
	switch {
	case n.Kind == yaml.MappingNode:
		s.Fail("unquoted-template", n, what+" is a YAML mapping, not text", "put text that starts with { in single quotes")
	case n.Kind != yaml.ScalarNode:
		s.Fail("wrong-type", n, what+" must be text", "")
	case strings.TrimSpace(n.Value) == "" || n.Tag == "!!null":
		s.Fail("empty-text", n, what+" is empty", "write something or leave the key out")
	case len(n.Value) > MaxText:
		s.Fail("yaml-too-large", n, what+" is longer than 8 KiB", "")
	default:
		return n.Value, true
	}
	return "", false
}

// Boolean reads true or false.
func (s *File) Boolean(n *yaml.Node, what string) bool {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" {
		s.Fail("wrong-type", n, what+" must be true or false", "")
		return false
	}
	return strings.EqualFold(n.Value, "true")
}

// TTL reads whole seconds.
func (s *File) TTL(n *yaml.Node) uint32 {
	v, err := strconv.ParseUint(n.Value, 10, 31)
	if n.Kind != yaml.ScalarNode || n.Tag != "!!int" || err != nil {
		s.Fail("bad-ttl", n, "ttl must be a whole number of seconds from 0 to 2147483647", "")
	}
	return uint32(v)
}

// Nearest suggests the allowed word that a misspelt one probably meant, else lists them.
func Nearest(word string, allowed []string) string {
	best, distance := "", 3
	for _, a := range allowed {
		if d := editDistance(strings.ToLower(word), strings.ToLower(a)); d < distance || d == distance && a < best {
			best, distance = a, d
		}
	}
	if best != "" && distance < len(word) {
		return fmt.Sprintf("did you mean %q?", best)
	}
	if len(allowed) == 0 || len(allowed) > 24 {
		return ""
	}
	sorted := slices.Sorted(slices.Values(allowed))
	return "known: " + strings.Join(sorted, ", ")
}

// editDistance is Levenshtein's, over octets; words here are short.
func editDistance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
