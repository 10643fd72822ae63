package zonefile

import (
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"zonecast/internal/row"
)

const (
	tagInclude = "!include"
	maxDepth   = 8         // of includes within each other
	maxMerged  = 1_000_000 // keys and items that the merge keys and includes of one file bring together
)

// tree puts what a file's aliases, merge keys and includes stand for in their places. Nodes are shared, not copied: so an
// alias costs nothing here, and what all of them together would make is counted and bounded before anything reads it.
type tree struct {
	*shared
	files map[string][]byte
	state map[*yaml.Node]bool // false: being resolved; true: done
	open  []string            // the files being resolved
	items int                 // that merge keys and includes put somewhere
}

// shared is what all zones of a folder have of it in common: a file that many of them include is read once.
type shared struct {
	from  map[*yaml.Node]string // the file of nodes that were included
	roots map[string]*yaml.Node // included files, resolved
}

// misplaced is a fault of an included file, or of the file that is read.
type misplaced struct {
	*fault
	path string
}

func (t *tree) faultAt(n *yaml.Node, check, text, fix string) *misplaced {
	return &misplaced{&fault{n.Line, n.Column, check, text, fix}, t.fileOf(n)}
}

func (t *tree) fileOf(n *yaml.Node) string {
	if file, included := t.from[n]; included {
		return file
	}
	return t.open[0]
}

// resolve gives the node that stands in the place of n.
func (t *tree) resolve(n *yaml.Node) (*yaml.Node, *misplaced) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Style&yaml.TaggedStyle != 0 {
		if n.Tag == tagInclude {
			return t.include(n)
		}
		return nil, t.faultAt(n, "yaml-tag", "the tag "+n.Tag, "remove it, or put quotes around a text that begins with !")
	}
	if len(n.Content) == 0 {
		return n, nil
	}
	if done, met := t.state[n]; met {
		if !done {
			return nil, t.faultAt(n, "yaml-alias", "the anchor &"+n.Anchor+" holds an alias to itself", "write the content out")
		}
		return n, nil
	}
	t.state[n] = false
	for i, c := range n.Content {
		r, fault := t.resolve(c)
		if fault != nil {
			return nil, fault
		}
		n.Content[i] = r
	}
	t.state[n] = true
	if n.Kind == yaml.MappingNode {
		return n, t.merge(n)
	}
	return n, nil
}

// merge puts the keys that << brings behind the mapping's own, which win; of several mappings the first wins (YAML 1.1).
func (t *tree) merge(n *yaml.Node) *misplaced {
	at := 0
	for at < len(n.Content) && (n.Content[at].Kind != yaml.ScalarNode || n.Content[at].Value != "<<" || n.Content[at].Style&quoted != 0) {
		at += 2
	}
	if at >= len(n.Content) {
		return nil
	}
	k, v := n.Content[at], n.Content[at+1]
	n.Content = slices.Delete(n.Content, at, at+2)
	sources := []*yaml.Node{v}
	if v.Kind == yaml.SequenceNode {
		sources = v.Content
	}
	m := newMapping(n)
	for _, s := range sources {
		if s.Kind != yaml.MappingNode {
			return t.faultAt(k, "yaml-alias", "the merge key << takes a mapping or a list of them, not a "+kind(s), "write the content out")
		}
		if fault := t.count(k, len(s.Content)); fault != nil {
			return fault
		}
		for i := 0; i+1 < len(s.Content); i += 2 {
			m.put(s.Content[i], s.Content[i+1], false)
		}
	}
	return nil
}

// count bounds what merge keys and includes put together (P9).
func (t *tree) count(n *yaml.Node, items int) *misplaced {
	if t.items += items; t.items > maxMerged {
		return t.faultAt(n, "too-big", fmt.Sprintf("more than %d items by merge keys and includes", maxMerged), "write the content out")
	}
	return nil
}

// mapping finds the keys of a mapping that grows.
type mapping struct {
	*yaml.Node
	at map[string]int
}

func newMapping(n *yaml.Node) mapping {
	m := mapping{n, make(map[string]int)}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Kind == yaml.ScalarNode {
			m.at[n.Content[i].Value] = i
		}
	}
	return m
}

// put adds a key; where there is one already it stays, or its value is replaced.
func (m mapping) put(k, v *yaml.Node, replace bool) {
	i, met := m.at[k.Value]
	switch {
	case k.Kind != yaml.ScalarNode || !met:
		m.at[k.Value] = len(m.Content)
		m.Content = append(m.Content, k, v)
	case replace:
		m.Content[i], m.Content[i+1] = k, v
	}
}

// includeItems are the scalars that name files.
func includeItems(n *yaml.Node) []*yaml.Node {
	if n.Kind == yaml.SequenceNode {
		return n.Content
	}
	return []*yaml.Node{n}
}

// include gives the content of a file; of several in a list, the keys or items of all: later keys win.
func (t *tree) include(n *yaml.Node) (*yaml.Node, *misplaced) {
	if n.Kind == yaml.ScalarNode {
		return t.file(n)
	}
	if n.Kind != yaml.SequenceNode {
		return nil, t.faultAt(n, "include-type", "!include takes a file or a list of them, not a "+kind(n), "")
	}
	if len(n.Content) == 0 {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Line: n.Line, Column: n.Column}, nil
	}
	all := &yaml.Node{Line: n.Line, Column: n.Column}
	t.from[all] = t.fileOf(n)
	m := newMapping(all)
	for _, item := range n.Content {
		root, fault := t.file(item)
		switch {
		case fault != nil:
			return nil, fault
		case root.Kind != yaml.MappingNode && root.Kind != yaml.SequenceNode:
			return nil, t.faultAt(item, "include-type", fmt.Sprintf("%s is a %s; several files together must be mappings or lists", item.Value, kind(root)), "include it alone")
		case all.Kind != 0 && all.Kind != root.Kind:
			return nil, t.faultAt(item, "include-type", fmt.Sprintf("%s is a %s, and the files before it are not", item.Value, kind(root)), "include lists with lists, mappings with mappings")
		}
		all.Kind = root.Kind
		if fault := t.count(item, len(root.Content)); fault != nil {
			return nil, fault
		}
		if root.Kind == yaml.SequenceNode {
			all.Content = append(all.Content, root.Content...)
			continue
		}
		for i := 0; i+1 < len(root.Content); i += 2 {
			m.put(root.Content[i], root.Content[i+1], true)
		}
	}
	return all, nil
}

// file gives the content of one included file.
func (t *tree) file(n *yaml.Node) (*yaml.Node, *misplaced) {
	if n.Kind != yaml.ScalarNode {
		return nil, t.faultAt(n, "include-type", "!include takes the names of files, not a "+kind(n), "")
	}
	path, inside := beside(t.fileOf(n), n.Value)
	data, there := t.files[path]
	switch {
	case !inside && strings.HasPrefix(path, row.GlassFile):
		return nil, t.faultAt(n, "include-outside", fmt.Sprintf("the include of %.200q leads to the folder that stands for records set by hand", n.Value), "name the folder otherwise")
	case !inside:
		return nil, t.faultAt(n, "include-outside", fmt.Sprintf("the include of %.200q leads out of the folder", n.Value), "bring the file into the folder: what is reviewed is what is loaded")
	case !there:
		return nil, t.faultAt(n, "include-missing", fmt.Sprintf("there is no %.200s in the folder", path), "an include is relative to the file that it stands in, and ends in .yaml")
	case slices.Contains(t.open, path):
		return nil, t.faultAt(n, "include-loop", path+" includes itself", "take one !include out")
	case len(t.open) > maxDepth:
		return nil, t.faultAt(n, "include-loop", fmt.Sprintf("more than %d includes within each other", maxDepth), "include it further up")
	}
	if root, read := t.roots[path]; read {
		return root, nil
	}
	root, fault := document(data)
	if fault != nil {
		return nil, &misplaced{fault, path}
	}
	t.belongs(root, path)
	t.open = append(t.open, path)
	root, wrong := t.resolve(root)
	t.open = t.open[:len(t.open)-1]
	if wrong != nil {
		return nil, wrong // the next zone that includes it is told, too
	}
	t.roots[path] = root
	return root, nil
}

// belongs notes the file of included nodes.
func (t *tree) belongs(n *yaml.Node, path string) {
	t.from[n] = path
	for _, c := range n.Content {
		t.belongs(c, path)
	}
}

// size counts the nodes that a reader meets, to above maxTokens.
func size(n *yaml.Node, known map[*yaml.Node]int) int {
	if len(n.Content) == 0 {
		return 1
	}
	total, met := known[n]
	if met {
		return total
	}
	for _, c := range n.Content {
		total = min(total+size(c, known), maxTokens+1)
	}
	known[n] = total + 1
	return total + 1
}
