package write

import (
	"bufio"
	"strings"

	"gopkg.in/yaml.v3"
)

// node is a scalar, a mapping or a list.
type node struct {
	text   string
	number bool // printed as it is; no text at all is nothing (null)
	fields []field
	list   []node
}

type field struct {
	key string // needs no quotes
	node
}

// emitter prints nodes in block style.
type emitter struct{ w *bufio.Writer }

// put keeps an error in w, which gives it to err and to Flush.
func (e *emitter) put(text string) { _, _ = e.w.WriteString(text) }

func (e *emitter) err() error {
	_, err := e.w.Write(nil)
	return err
}

// mapping prints fields at an indentation; begun says that the first stands behind what has been printed.
func (e *emitter) mapping(fields []field, indent int, begun bool) {
	for i, f := range fields {
		if i > 0 || !begun {
			e.put(strings.Repeat(" ", indent))
		}
		e.put(f.key + ":")
		switch {
		case f.fields != nil:
			e.put("\n")
			e.mapping(f.fields, indent+2, false)
		case f.list != nil:
			e.put("\n")
			for _, item := range f.list {
				e.put(strings.Repeat(" ", indent+2) + "- ")
				if item.fields != nil {
					e.mapping(item.fields, indent+4, true)
				} else {
					e.put(item.scalar() + "\n")
				}
			}
		case f.number && f.text == "":
			e.put("\n")
		default:
			e.put(" " + f.scalar() + "\n")
		}
	}
}

func (n node) scalar() string {
	if n.number {
		return n.text
	}
	return Quote(n.text)
}

// said tells whether there is anything in the node.
func (n node) said() bool { return n.text != "" || n.fields != nil || n.list != nil }

// yaml is the node as a reader meets it.
func (n node) yaml() *yaml.Node {
	y := &yaml.Node{Kind: yaml.ScalarNode, Value: n.text}
	switch {
	case n.fields != nil:
		y.Kind = yaml.MappingNode
		for _, f := range n.fields {
			y.Content = append(y.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: f.key}, f.yaml())
		}
	case n.list != nil:
		y.Kind = yaml.SequenceNode
		for _, item := range n.list {
			y.Content = append(y.Content, item.yaml())
		}
	case !n.number:
		y.Style = yaml.SingleQuotedStyle
	}
	return y
}
