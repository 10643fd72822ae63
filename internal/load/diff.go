package load

import (
	"slices"

	"zonecast/internal/checkout"
	"zonecast/internal/row"
)

// Delta is how a set of files differs from the loaded ones, by content.
type Delta struct {
	Changed []checkout.File // new, or with another text
	Same    []string        // loaded with the same text
	Gone    []string        // loaded, and no more in the set: held until somebody releases it (P2)
}

// Diff compares a set (sorted by path) with what is loaded. All lists come out sorted.
func Diff(infos map[string]row.FileInfo, files []checkout.File) Delta {
	var d Delta
	present := make(map[string]bool, len(files))
	for _, f := range files {
		present[f.Path] = true
		if old, ok := infos[f.Path]; ok && old.Size == len(f.Data) && old.SHA256 == Hash(f.Data) {
			d.Same = append(d.Same, f.Path)
			continue
		}
		d.Changed = append(d.Changed, f)
	}
	for path := range infos {
		if !present[path] {
			d.Gone = append(d.Gone, path)
		}
	}
	slices.Sort(d.Gone)
	return d
}
