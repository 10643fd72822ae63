package ruleset

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"zonecast/internal/expression"
	"zonecast/internal/strictyaml"
)

// Base is the type of an attribute, or of a list's elements.
type Base string

// The types of attributes.
const (
	String Base = "string" // any one-line text
	Label  Base = "label"  // one DNS label: 1-63 letters, digits, hyphens, underscores
	Name   Base = "name"   // labels with dots between them, with or without the final dot
	IPv4   Base = "ipv4"
	IPv6   Base = "ipv6"
	Int    Base = "int"  // 64 bits, signed
	Port   Base = "port" // 0-65535
	Bool   Base = "bool"
	Enum   Base = "enum"
	List   Base = "list"
	object Base = "fields" // a list's element with fields of its own
)

var scalarBases = []string{string(String), string(Label), string(Name), string(IPv4), string(IPv6), string(Int), string(Port), string(Bool)}

// Limits on kinds and on what an entity may carry (P9).
const (
	maxKinds = 1000
	maxAttrs = 256
	MaxList  = expression.MaxList // elements of a list attribute
	MaxValue = 4 << 10            // octets of a text attribute
)

// Type is an attribute's type.
type Type struct {
	Base   Base     `json:"base"`
	Enum   []string `json:"enum,omitempty"`   // of an enum: the allowed words
	Elem   *Type    `json:"elem,omitempty"`   // of a list: its elements' type
	Fields []Attr   `json:"fields,omitempty"` // of a list's elements with fields
}

// Attr is one attribute of a kind, or one field of a list's elements.
type Attr struct {
	Name     string `json:"name"`
	Type     Type   `json:"type"`
	Optional bool   `json:"optional,omitempty"`
	Default  any    `json:"default,omitempty"` // string, int or bool; nil means none
}

// Kind types the attributes of its entities. Attrs are sorted by name.
type Kind struct {
	Name  string `json:"name"`
	Attrs []Attr `json:"attrs"`
	index map[string]int
}

func (t Type) String() string {
	switch t.Base {
	case Enum:
		return "one of " + strings.Join(t.Enum, ", ")
	case List:
		return "list of " + t.Elem.String()
	case object:
		return "mappings"
	}
	return string(t.Base)
}

// dotted tells whether a value may bring dots into a name.
func (t Type) dotted() bool { return t.Base == Name }

func (k *Kind) attr(name string) (Attr, bool) {
	i, ok := k.index[name]
	if !ok {
		return Attr{}, false
	}
	return k.Attrs[i], true
}

// reservedAttrs have a meaning in expressions or in events.
var reservedAttrs = []string{"id", "kind", "rev", "it", "vars", "n", "has", "reverse", "hash", "in", "not", "and", "or", "let", "if", "else", "true",
	"false", "nil", "matches", "contains", "startsWith", "endsWith"}

// readKinds reads kinds.yaml.
func (s *source) readKinds(data []byte) map[string]*Kind {
	root := s.Parse(data)
	if root == nil {
		return nil
	}
	top := s.Mapping(root, "kinds.yaml", "kinds")
	list, ok := top["kinds"]
	if !ok {
		s.Fail("missing-key", root, "kinds.yaml has no key kinds", "start the file with kinds:")
		return nil
	}
	kinds := map[string]*Kind{}
	if list.Kind != yaml.MappingNode || len(list.Content) == 0 || len(list.Content) > 2*maxKinds {
		s.Fail("bad-kind", list, "kinds must be a mapping of 1 to 1000 kinds to their attributes", "")
		return nil
	}
	for i := 0; i+1 < len(list.Content); i += 2 {
		key := list.Content[i]
		if !moduleName.MatchString(key.Value) {
			s.Fail("bad-kind", key, fmt.Sprintf("%q is no name for a kind", key.Value), "use lower-case letters, digits, hyphen and underscore")
			continue
		}
		k := &Kind{Name: key.Value, Attrs: s.attrs(list.Content[i+1], "kind "+key.Value, false)}
		k.seal()
		kinds[k.Name] = k
	}
	if !s.OK() {
		return nil
	}
	return kinds
}

func (k *Kind) seal() {
	slices.SortFunc(k.Attrs, func(a, b Attr) int { return strings.Compare(a.Name, b.Name) })
	k.index = make(map[string]int, len(k.Attrs))
	for i, a := range k.Attrs {
		k.index[a.Name] = i
	}
}

func (s *source) attrs(n *yaml.Node, what string, fields bool) []Attr {
	if n.Kind != yaml.MappingNode || len(n.Content) > 2*maxAttrs || len(n.Content) == 0 {
		s.Fail("bad-kind", n, what+" must be a mapping of 1 to 256 attributes to types", "")
		return nil
	}
	var attrs []Attr
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if !identifier.MatchString(key.Value) || len(key.Value) > 64 {
			s.Fail("bad-attribute-name", key, fmt.Sprintf("%q is no name for an attribute", key.Value), "start with a letter; use letters, digits and underscore")
			continue
		}
		if !fields && (slices.Contains(reservedAttrs, key.Value) || slices.Contains(functionNames(), key.Value)) {
			s.Fail("bad-attribute-name", key, fmt.Sprintf("%q has a meaning of its own in expressions", key.Value), "choose another name")
			continue
		}
		attrs = append(attrs, s.attr(key.Value, n.Content[i+1], fields))
	}
	return attrs
}

// attributeKeys are those of an attribute that is not the name of a type.
var attributeKeys = []string{"type", "enum", "list", "optional", "default"}

func (s *source) attr(name string, n *yaml.Node, field bool) Attr {
	a := Attr{Name: name}
	if n.Kind == yaml.ScalarNode {
		a.Type = s.scalarType(n)
		return a
	}
	spec := s.Mapping(n, "attribute "+name, attributeKeys...)
	given := 0
	if t := spec["type"]; t != nil {
		given++
		a.Type = s.scalarType(t)
	}
	if e := spec["enum"]; e != nil {
		given++
		a.Type = s.enumType(e)
	}
	if l := spec["list"]; l != nil {
		given++
		a.Type = s.listType(name, l, field)
	}
	if given != 1 && spec != nil {
		s.Fail("bad-kind", n, "attribute "+name+" needs exactly one of type, enum and list", "")
	}
	if o := spec["optional"]; o != nil {
		a.Optional = s.Boolean(o, "optional")
	}
	if d := spec["default"]; d != nil && given == 1 {
		a.Default = s.defaultOf(a, d)
	}
	return a
}

func (s *source) scalarType(n *yaml.Node) Type {
	if n.Kind != yaml.ScalarNode || !slices.Contains(scalarBases, n.Value) {
		s.Fail("unknown-type", n, fmt.Sprintf("unknown attribute type %q", n.Value), strictyaml.Nearest(n.Value, append(slices.Clone(scalarBases), "{enum: […]}", "{list: …}")))
		return Type{Base: String}
	}
	return Type{Base: Base(n.Value)}
}

func (s *source) enumType(n *yaml.Node) Type {
	t := Type{Base: Enum}
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 || len(n.Content) > maxAttrs {
		s.Fail("bad-kind", n, "enum must be a list of 1 to 256 words", "write enum: [up, down]")
		return t
	}
	for _, word := range n.Content {
		text, ok := s.Text(word, "an enum's word")
		if ok && slices.Contains(t.Enum, text) {
			s.Fail("bad-kind", word, fmt.Sprintf("%q stands twice in the enum", text), "")
		}
		if ok && word.Tag != "!!str" {
			s.Fail("bad-kind", word, fmt.Sprintf("%s is not text", word.Value), "put it in quotes")
		}
		t.Enum = append(t.Enum, text)
	}
	return t
}

// listType reads what stands under list: a type's name, {enum: […]}, or the fields of each element.
func (s *source) listType(name string, n *yaml.Node, field bool) Type {
	var elem Type
	switch {
	case field:
		s.Fail("bad-kind", n, "a list inside a list's fields is not supported", "make it a list of its own")
	case n.Kind == yaml.ScalarNode:
		elem = s.scalarType(n)
	case n.Kind == yaml.MappingNode && len(n.Content) == 2 && n.Content[0].Value == "enum" && n.Content[1].Kind == yaml.SequenceNode:
		elem = s.enumType(n.Content[1])
	default:
		elem = Type{Base: object, Fields: s.attrs(n, "list "+name, true)}
		slices.SortFunc(elem.Fields, func(a, b Attr) int { return strings.Compare(a.Name, b.Name) })
	}
	return Type{Base: List, Elem: &elem}
}

func (s *source) defaultOf(a Attr, n *yaml.Node) any {
	if a.Type.Base == List {
		s.Fail("bad-default", n, "a list cannot have a default", "use optional: true; an absent list is skipped")
		return nil
	}
	raw, ok := s.Scalar(n)
	if !ok {
		return nil
	}
	v, err := a.Type.scalar(raw)
	if err != nil {
		s.Fail("bad-default", n, "default of "+strconv.Quote(a.Name)+": "+err.Error(), "")
	}
	return v
}
