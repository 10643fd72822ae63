package format

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"gopkg.in/yaml.v3"

	"zonecast/internal/checkout"
	"zonecast/internal/zone"
	"zonecast/presenter/zonefile"
)

// ErrKept is wrapped by the errors of files that are to stay as they are: those with tags (!include), anchors, aliases or
// YAML directives, whose layout is not ours to choose, and those where a layout would lose something.
var ErrKept = errors.New("kept as it is")

// Broken is the error of a file that cannot be read as a zone file: it stays as it is.
type Broken struct {
	Problems []zone.Problem // errors only, at least one
}

func (b *Broken) Error() string { return b.Problems[0].Error() }

// Format gives the canonical text of a zone file. The path is the one inside the zones folder: it tells the zone, and stands
// in problems. Errors are a *Broken or wrap ErrKept. What is already canonical comes back octet by octet.
func Format(path string, text []byte) ([]byte, error) {
	before, problems := parse(path, text)
	root, err := read(text)
	if err != nil {
		return nil, err
	}
	if problems != nil {
		return nil, &Broken{problems}
	}
	f, err := layOut(text, root)
	if err != nil {
		return nil, err
	}
	out := f.emit()
	if err := same(path, before, f, out); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKept, err)
	}
	return out, nil
}

// parse reads a file as a zone of its own, and gives its errors.
func parse(path string, text []byte) (zonefile.Zone, []zone.Problem) {
	inside := path
	if apex, err := zonefile.ZoneOf(path); err != nil || apex == zone.Root {
		inside = "zone.yaml" // a bad name of the file does not concern its layout
	}
	zones, problems := zonefile.Parse([]checkout.File{{Path: inside, Data: text}}, zonefile.Options{DefaultTTL: 3600})
	problems = slices.DeleteFunc(problems, func(p zone.Problem) bool { return p.Severity != zone.Error })
	for i := range problems {
		problems[i].File = path
	}
	if len(problems) > 0 || len(zones.Zones) != 1 {
		return zonefile.Zone{}, problems
	}
	return zones.Zones[0], nil
}

// read gives the file's root node, or an error that wraps ErrKept where its layout is not ours to choose. It is nil for what
// is no YAML: parse has said so.
func read(text []byte) (root *yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil { // files come from outside, and the library has panicked before
			root, err = nil, nil
		}
	}()
	if bytes.HasPrefix(text, []byte("%")) {
		return nil, fmt.Errorf("%w: it begins with a YAML directive", ErrKept)
	}
	var doc yaml.Node
	if yaml.Unmarshal(text, &doc) != nil || len(doc.Content) != 1 {
		return nil, nil
	}
	return doc.Content[0], special(doc.Content[0])
}

// special finds what only the file's author can lay out.
func special(n *yaml.Node) error {
	switch {
	case n.Kind == yaml.AliasNode:
		return fmt.Errorf("%w: the alias *%s in line %d", ErrKept, n.Value, n.Line)
	case n.Anchor != "":
		return fmt.Errorf("%w: the anchor &%s in line %d", ErrKept, n.Anchor, n.Line)
	case n.Style&yaml.TaggedStyle != 0:
		return fmt.Errorf("%w: the tag %s in line %d", ErrKept, n.Tag, n.Line)
	}
	for _, c := range n.Content {
		if err := special(c); err != nil {
			return err
		}
	}
	return nil
}
