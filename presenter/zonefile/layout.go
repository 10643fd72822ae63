package zonefile

import (
	"bytes"
	"maps"
	"path"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"zonecast/internal/checkout"
	"zonecast/internal/row"
	"zonecast/internal/zone"
)

// Layout tells which zones the files of a folder are part of. What another file includes is part of the zones that include it, at any depth,
// and no zone of its own, whatever its name; octoDNS's own configuration is part of none.
type Layout struct {
	files    map[string][]byte
	includes map[string][]string           // the files that a file includes, at first hand, whether they are there or not
	included map[string]map[zone.Name]bool // for files that others include: the zones that they are part of
	config   map[string]bool
}

// LayoutOf reads no more of the files than it needs to see what they include.
func LayoutOf(files []checkout.File) *Layout {
	l := &Layout{files: make(map[string][]byte, len(files)), includes: map[string][]string{}, included: map[string]map[zone.Name]bool{}, config: map[string]bool{}}
	for _, f := range files {
		l.files[f.Path] = f.Data
		if includes(f.Data) {
			l.includes[f.Path] = includesOf(f)
		}
		if octoConfig(f) {
			l.config[f.Path] = true
		}
	}
	for file, targets := range l.includes {
		for _, target := range targets {
			if target != file {
				l.included[target] = nil
			}
		}
	}
	for _, f := range files {
		if _, is := l.included[f.Path]; !is {
			l.reach(f.Path)
		}
	}
	for _, f := range files { // what is left includes each other in a circle: one of them is a zone's, so that somebody is told
		if zones, is := l.included[f.Path]; is && zones == nil {
			delete(l.included, f.Path)
			l.reach(f.Path)
		}
	}
	return l
}

// Links tells whether LayoutOf has to see a file's text, at little cost: it may include others, or be octoDNS's configuration.
func Links(data []byte) bool { return includes(data) || configures(data) }

func includes(data []byte) bool { return bytes.Contains(data, []byte("!include")) }

func configures(data []byte) bool {
	return bytes.Contains(data, []byte("providers:")) && bytes.Contains(data, []byte("class:"))
}

// reach makes what a file includes part of its zone.
func (l *Layout) reach(file string) {
	apex, err := ZoneOf(file)
	for _, target := range l.reached(file) {
		zones := l.included[target]
		if zones == nil {
			zones = map[zone.Name]bool{} // reached, though the file may be no zone's
			l.included[target] = zones
		}
		if err == nil && !l.config[file] {
			zones[apex] = true
		}
	}
}

// reached gives the files that a file includes, at any depth, sorted, also those that are not there.
func (l *Layout) reached(file string) (all []string) {
	if len(l.includes[file]) == 0 {
		return nil
	}
	met := map[string]bool{file: true}
	for todo := []string{file}; len(todo) > 0; todo = todo[1:] {
		for _, target := range l.includes[todo[0]] {
			if !met[target] {
				met[target] = true
				all = append(all, target)
				todo = append(todo, target)
			}
		}
	}
	slices.Sort(all)
	return all
}

// Zones gives the zones that a file is part of, sorted: none for octoDNS's configuration. An error says why its name is no zone's.
func (l *Layout) Zones(path string) ([]zone.Name, error) {
	if zones, is := l.included[path]; is {
		return slices.SortedFunc(maps.Keys(zones), zone.Name.Compare), nil
	}
	if l.config[path] {
		return nil, nil
	}
	apex, err := ZoneOf(path)
	return []zone.Name{apex}, err
}

// Own tells whether a file is read as a zone's, and not where others include it.
func (l *Layout) Own(path string) bool {
	_, included := l.included[path]
	return !included && !l.config[path]
}

// includesOf finds the !include tags of a file that can be read.
func includesOf(f checkout.File) (targets []string) {
	var doc yaml.Node
	if scan(f.Data) != nil || decode(yaml.NewDecoder(bytes.NewReader(f.Data)), &doc) != nil {
		return nil
	}
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		if n.Tag == tagInclude {
			for _, item := range includeItems(n) {
				if target, ok := beside(f.Path, item.Value); ok {
					targets = append(targets, target)
				}
			}
			return
		}
		for _, c := range n.Content {
			walk(c)
		}
	}
	walk(&doc)
	return targets
}

// beside gives the path that an include means: relative to the folder of the file that it stands in, and inside the tree.
func beside(file, target string) (string, bool) {
	if target == "" || path.IsAbs(target) || strings.ContainsAny(target, "\x00\\") {
		return "", false
	}
	p := path.Join(path.Dir(file), target)
	return p, p != ".." && !strings.HasPrefix(p, "../") && !strings.HasPrefix(p, row.GlassFile) // what stands there would count as set by hand
}

// octoConfig recognizes octoDNS's own configuration, which often stands beside the zones: a mapping with zones and with providers that have a class each.
func octoConfig(f checkout.File) bool {
	if strings.Contains(f.Path, "/") || !configures(f.Data) || scan(f.Data) != nil {
		return false
	}
	var doc yaml.Node
	if decode(yaml.NewDecoder(bytes.NewReader(f.Data)), &doc) != nil || len(doc.Content) != 1 {
		return false
	}
	providers := child(doc.Content[0], "providers")
	if providers == nil || providers.Kind != yaml.MappingNode || len(providers.Content) == 0 || child(doc.Content[0], "zones") == nil {
		return false
	}
	for i := 1; i < len(providers.Content); i += 2 {
		if child(providers.Content[i], "class") == nil {
			return false
		}
	}
	return true
}

// child gives the value of a key of a mapping.
func child(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content) && n.Kind == yaml.MappingNode; i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}
