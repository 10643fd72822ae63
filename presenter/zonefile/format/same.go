package format

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"zonecast/presenter/zonefile"
)

// same reads what was made again, and tells what of the file would be lost or changed: a record, something that our
// reader does not look at (octodns:), or a comment.
func same(path string, before zonefile.Zone, f *file, out []byte) error {
	after, problems := parse(path, out)
	if problems != nil {
		return fmt.Errorf("its layout would not be read again: %w", problems[0])
	}
	if !reflect.DeepEqual(withoutPlaces(before), withoutPlaces(after)) {
		return errors.New("its records would not be the same")
	}
	root, err := read(out)
	if err != nil || root == nil {
		return errors.New("its layout would not be read again")
	}
	s, err := scan(out, root)
	if err != nil {
		return err
	}
	if !slices.Equal(s.notes(), f.notes) {
		return errors.New("a comment would be lost")
	}
	if meaning(root) != meaning(f.root.value) {
		return errors.New("its YAML would not be the same")
	}
	return nil
}

func withoutPlaces(z zonefile.Zone) zonefile.Zone {
	z.Records = slices.Clone(z.Records)
	for i := range z.Records {
		z.Records[i].Line, z.Records[i].Column = 0, 0
	}
	z.Exceptions = slices.Clone(z.Exceptions)
	for i, x := range z.Exceptions {
		z.Exceptions[i] = zonefile.Exception{Check: x.Check, Reason: x.Reason, Owner: x.Owner, File: x.File}
	}
	slices.SortFunc(z.Exceptions, func(a, b zonefile.Exception) int { // records may have changed places
		return cmp.Or(a.Owner.Compare(b.Owner), cmp.Compare(a.Check, b.Check), cmp.Compare(a.Reason, b.Reason))
	})
	return z
}

// meaning is a text that is equal for files which say the same to every reader: order of keys, of records and of values
// does not count, nor whether a single one stands in a list.
func meaning(root *yaml.Node) string {
	return mapping(root, func(k, at *yaml.Node) string {
		if at.Kind != yaml.SequenceNode {
			at = &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{at}}
		}
		return deep(k) + "=" + list(at, true, record)
	})
}

func record(n *yaml.Node) string {
	both := 0
	for i := 0; i < len(n.Content) && n.Kind == yaml.MappingNode; i += 2 {
		if k := n.Content[i].Value; k == "value" || k == "values" {
			both++
		}
	}
	return mapping(n, func(k, v *yaml.Node) string {
		switch {
		case k.Value == "value" && both == 1:
			return "values=" + list(&yaml.Node{Content: []*yaml.Node{v}}, true, deep)
		case k.Value == "values" && v.Kind == yaml.SequenceNode:
			return "values=" + list(v, true, deep)
		}
		return deep(k) + "=" + deep(v)
	})
}

func deep(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return mapping(n, func(k, v *yaml.Node) string { return deep(k) + "=" + deep(v) })
	case yaml.SequenceNode:
		return list(n, false, deep)
	}
	return fmt.Sprintf("%s %q", n.ShortTag(), n.Value)
}

// mapping renders the entries in an order of their own.
func mapping(n *yaml.Node, entry func(k, v *yaml.Node) string) string {
	if n.Kind != yaml.MappingNode {
		return deep(n)
	}
	var parts []string
	for i := 0; i+1 < len(n.Content); i += 2 {
		parts = append(parts, entry(n.Content[i], n.Content[i+1]))
	}
	slices.Sort(parts)
	return "{" + strings.Join(parts, ",") + "}"
}

func list(n *yaml.Node, sorted bool, each func(*yaml.Node) string) string {
	var parts []string
	for _, c := range n.Content {
		parts = append(parts, each(c))
	}
	if sorted {
		slices.Sort(parts)
	}
	return "[" + strings.Join(parts, ",") + "]"
}
