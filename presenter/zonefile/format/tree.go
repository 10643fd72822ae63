package format

import (
	"fmt"
	"slices"

	"gopkg.in/yaml.v3"
)

// item is an entry of a mapping or an element of a list, with the comments that belong to it.
type item struct {
	key    *yaml.Node // nil in a list
	value  *yaml.Node
	items  []*item  // of a mapping or a list
	above  []string // comments on lines of their own before it; "" is an empty line, at names only
	beside string   // the comment at the end of its first line
	inside []string // comments after its last item, indented like its items

	line, column int // where it begins: the key, or the dash
	last         int // the line on which it ends, as far as nodes tell
	parent       *item
}

// file is a zone file on its way from one layout to another.
type file struct {
	root   *item
	start  bool     // whether a --- is there
	before []string // comments before the ---
	header []string // the comments at the top that belong to no name
	notes  []string // every comment of the text, in order
}

// layOut takes a text apart and brings its items into order.
func layOut(text []byte, root *yaml.Node) (*file, error) {
	s, err := scan(text, root)
	if err != nil {
		return nil, err
	}
	f := &file{root: &item{value: root, line: 1}, notes: s.notes()}
	if !keysAreTexts(root) {
		return nil, fmt.Errorf("%w: a key that is no single text", ErrKept)
	}
	grow(f.root, s)
	f.attach(s)
	simplify(f.root)
	sortNames(f.root)
	return f, nil
}

// grow makes the items below one, in the order of the text.
func grow(it *item, s *scanned) {
	it.last = max(it.line, s.lastLine(it.value))
	add := func(c *item) {
		c.parent = it
		grow(c, s)
		it.items = append(it.items, c)
		it.last = max(it.last, c.last)
	}
	switch n := it.value; n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			k := n.Content[i]
			add(&item{key: k, value: n.Content[i+1], line: k.Line, column: k.Column})
		}
	case yaml.SequenceNode:
		for _, e := range n.Content {
			column := e.Column
			if n.Style&yaml.FlowStyle == 0 {
				column = n.Column
			}
			add(&item{value: e, line: e.Line, column: column})
		}
	}
}

func keysAreTexts(n *yaml.Node) bool {
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && c.Kind != yaml.ScalarNode || !keysAreTexts(c) {
			return false
		}
	}
	return true
}

// walk visits all items below one, in the order of the text: parents first.
func (it *item) walk(visit func(*item)) {
	for _, c := range it.items {
		visit(c)
		c.walk(visit)
	}
}

func (it *item) name() string {
	if it.key == nil {
		return ""
	}
	return it.key.Value
}

// simplify writes a list of one record as that record, and values of one as value.
func simplify(root *item) {
	for _, name := range root.items {
		if name.value.Kind == yaml.SequenceNode && len(name.items) == 1 && name.items[0].value.Kind == yaml.MappingNode && len(name.items[0].items) > 0 {
			only := name.items[0]
			name.value, name.items = only.value, only.items
			name.inside = append(only.inside, name.inside...)
			first := name.items[0]
			first.above = slices.Concat(only.above, note(only.beside), first.above)
		}
		records := []*item{name}
		if name.value.Kind == yaml.SequenceNode {
			records = name.items
		}
		for _, r := range records {
			for _, field := range r.items {
				single(field, r)
			}
		}
	}
}

func single(field, record *item) {
	if field.name() != "values" || field.value.Kind != yaml.SequenceNode || len(field.items) != 1 ||
		slices.ContainsFunc(record.items, func(o *item) bool { return o.name() == "value" }) {
		return
	}
	only := field.items[0]
	key := *field.key
	key.Value = "value"
	field.key, field.value, field.items = &key, only.value, only.items
	field.above = slices.Concat(field.above, only.above)
	if field.beside == "" {
		field.beside = only.beside
	} else {
		field.above = append(field.above, note(only.beside)...)
	}
	field.above = append(field.above, field.inside...)
	field.inside = only.inside
}

func note(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}
