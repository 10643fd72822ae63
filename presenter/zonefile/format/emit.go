package format

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// emit writes the file in its canonical layout.
func (f *file) emit() []byte {
	var out []string
	out = append(out, f.before...)
	if f.start {
		out = append(out, "---")
	}
	out = append(out, f.header...)
	if len(f.root.items) == 0 {
		out = append(out, empty(f.root.value))
	} else {
		if len(f.header) > 0 {
			out = append(out, "")
		}
		first := f.root.items[0]
		first.above = trimFront(first.above)
		out = lines(out, f.root, 0)
	}
	return []byte(strings.Join(out, "\n") + "\n")
}

// lines writes what stands in a mapping or a list.
func lines(out []string, it *item, indent int) []string {
	pad := strings.Repeat(" ", indent)
	for _, c := range it.items {
		out = comments(out, c.above, pad)
		if c.key != nil {
			out = entry(out, c, indent)
			continue
		}
		if len(c.items) == 0 {
			out = append(out, pad+"- "+leaf(c))
			continue
		}
		below := lines(nil, c, indent+2)
		for strings.HasPrefix(strings.TrimLeft(below[0], " "), "#") { // comments above the first key stand above the dash
			out = append(out, pad+strings.TrimLeft(below[0], " "))
			below = below[1:]
		}
		out = append(out, pad+"- "+below[0][indent+2:])
		out = append(out, below[1:]...)
	}
	return comments(out, it.inside, pad)
}

func entry(out []string, c *item, indent int) []string {
	head := strings.Repeat(" ", indent) + scalar(c.key) + ":"
	if len(c.items) > 0 {
		return lines(append(out, head+tail(c.beside)), c, indent+2)
	}
	return append(out, strings.TrimRight(head+" "+leaf(c), " "))
}

func comments(out, list []string, pad string) []string {
	for _, c := range list {
		if c != "" {
			c = pad + c
		}
		out = append(out, c)
	}
	return out
}

// leaf is a value of one line with the comment beside it.
func leaf(c *item) string {
	if c.value.Kind != yaml.ScalarNode {
		return empty(c.value) + tail(c.beside)
	}
	return strings.TrimLeft(scalar(c.value)+tail(c.beside), " ")
}

func empty(n *yaml.Node) string {
	if n.Kind == yaml.MappingNode {
		return "{}"
	}
	return "[]"
}

func tail(comment string) string {
	if comment == "" {
		return ""
	}
	return "  " + comment
}
