// Package strictyaml reads a reviewed file as strict YAML: what YAML allows and people do not mean (tags, anchors, words that are
// booleans for some readers, a comment that ate the end of a value) is a problem with its place, and so is what is said twice or misspelt.
// Rules and policies are read by it; what their keys mean is theirs.
package strictyaml

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"zonecast/internal/zone"
)

// Limits on one reviewed file (P9).
const (
	MaxFile  = 1 << 20 // octets
	MaxNodes = 50_000  // YAML nodes
	MaxDepth = 16      // nesting of YAML nodes
	MaxText  = 8 << 10 // octets of one scalar, tests excepted
)

// File is one YAML file being read: its lines, for exact places, and the problems found in it.
type File struct {
	Path     string         // as shown to people
	Problems []zone.Problem // found so far, all errors
	Subject  string         // what the problems are about: a module's name, once known

	lines []string
	nodes int
}

// Add notes a problem at a place; line and column count from 1.
func (s *File) Add(check string, line, column int, text, fix string) {
	s.Problems = append(s.Problems, zone.Problem{
		Check: check, Severity: zone.Error, File: s.Path, Line: line, Column: column, Name: s.Subject, Text: text, Fix: fix,
	})
}

// Fail notes a problem at a node.
func (s *File) Fail(check string, n *yaml.Node, text, fix string) {
	s.Add(check, n.Line, n.Column, text, fix)
}

// failAt places a fault at an offset, in characters, into the text of a scalar.
func (s *File) FailAt(check string, n *yaml.Node, offset int, text, fix string) {
	line, column := s.Place(n, offset)
	s.Add(check, line, column, text, fix)
}

// OK tells whether nothing was found.
func (s *File) OK() bool { return len(s.Problems) == 0 }

// Parse reads the one document of a file as strict YAML and gives its root mapping, or nil with the problems noted.
func (s *File) Parse(data []byte) *yaml.Node {
	switch {
	case len(data) > MaxFile:
		s.Add("file-too-large", 0, 0, "the file is larger than 1 MiB", "split it")
		return nil
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		s.Add("yaml-bom", 1, 1, "the file starts with a byte order mark", "save it as UTF-8 without BOM")
		return nil
	case !utf8.Valid(data):
		s.Add("yaml-syntax", 1, 1, "the file is not UTF-8", "save it as UTF-8")
		return nil
	}
	s.lines = strings.Split(string(data), "\n")
	for i, line := range s.lines {
		indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
		if at := strings.IndexByte(indent, '\t'); at >= 0 && strings.TrimSpace(line) != "" {
			s.Add("yaml-tab", i+1, at+1, "a tab in the indentation", "indent with spaces")
			return nil
		}
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	if err := decoder.Decode(&doc); errors.Is(err, io.EOF) {
		s.Add("file-empty", 1, 1, "the file is empty", "remove the file if it is no longer wanted")
		return nil
	} else if err != nil {
		s.syntax(err)
		return nil
	}
	if err := decoder.Decode(&more); err == nil {
		s.Fail("yaml-documents", &more, "a second document in the file", "one file, one document: remove the --- line")
		return nil
	} else if !errors.Is(err, io.EOF) {
		s.syntax(err)
		return nil
	}
	root := doc.Content[0]
	if !s.strict(root, 0) {
		return nil
	}
	return root
}

var (
	yamlLine = regexp.MustCompile(`^yaml: line (\d+): (.*)`)
	flowText = regexp.MustCompile(`:\s+(\{[\w.()]+\})`) // a template that lost its quotes: name: {hostname}.example.
)

// syntax notes an error of the YAML parser. A template without quotes is what people meet most, so it is looked for.
func (s *File) syntax(err error) {
	text, line := strings.TrimPrefix(err.Error(), "yaml: "), 1
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		line, _ = strconv.Atoi(m[1])
		text = m[2]
	}
	for i := max(0, line-2); i < min(line+1, len(s.lines)); i++ { // the parser may name the line before or after
		if m := flowText.FindStringSubmatchIndex(s.lines[i]); m != nil {
			s.Add("unquoted-template", i+1, utf8.RuneCountInString(s.lines[i][:m[2]])+1,
				"text that starts with { is a YAML mapping unless it is quoted", "write '"+s.lines[i][m[2]:m[3]]+"…' in single quotes")
			return
		}
	}
	column := 1
	if line <= len(s.lines) {
		column = len(s.lines[line-1]) - len(strings.TrimLeft(s.lines[line-1], " ")) + 1
	}
	s.Add("yaml-syntax", line, column, text, "")
}

var (
	yamlWord   = regexp.MustCompile(`^(?i:y|n|yes|no|on|off)$`)
	yamlNumber = regexp.MustCompile(`^[-+]?(0[0-9_]+|0[xob][0-9a-fA-F_]+|[0-9]+(_[0-9]+)+|[0-9]+(:[0-5]?[0-9])+)$`)
)

// strict walks the tree and refuses what YAML allows and people do not mean.
func (s *File) strict(n *yaml.Node, depth int) bool {
	if s.nodes++; s.nodes > MaxNodes || depth > MaxDepth {
		s.Fail("yaml-too-large", n, "too many or too deeply nested YAML nodes", "split the file")
		return false
	}
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		s.Fail("yaml-alias", n, "YAML anchors and aliases are not allowed", "write the value out where it is needed")
		return false
	}
	if n.Style&yaml.TaggedStyle != 0 {
		s.Fail("yaml-tag", n, "a word that starts with ! is a YAML tag, not text: "+n.Tag, "put the text in single quotes")
		return false
	}
	plain := n.Kind == yaml.ScalarNode && n.Style == 0
	if plain && yamlWord.MatchString(n.Value) {
		s.Fail("yaml-word", n, strconv.Quote(n.Value)+" is a boolean for some YAML readers and text for others", "put it in quotes, or write true or false")
		return false
	}
	if plain && yamlNumber.MatchString(n.Value) {
		s.Fail("yaml-number", n, strconv.Quote(n.Value)+" is another number for some YAML readers", "write a decimal number without leading zero, or put it in quotes")
		return false
	}
	if n.Kind == yaml.MappingNode && !s.keys(n) {
		return false
	}
	good := true
	for _, child := range n.Content {
		good = s.strict(child, depth+1) && good
	}
	return good
}

func (s *File) keys(n *yaml.Node) bool {
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode {
			s.Fail("unquoted-template", key, "a mapping is used as a key", "put text that starts with { in single quotes")
			return false
		}
		if line, dup := seen[key.Value]; dup {
			s.Fail("yaml-duplicate-key", key, "key "+strconv.Quote(key.Value)+" stands twice", "the first one is in line "+strconv.Itoa(line))
			return false
		}
		seen[key.Value] = key.Line
	}
	return true
}
