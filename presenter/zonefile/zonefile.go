package zonefile

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"zonecast/internal/checkout"
	"zonecast/internal/row"
	"zonecast/internal/zone"
)

// Options of Parse.
type Options struct {
	Prefix     string    // put before file paths in problems: "zones/"
	DefaultTTL uint32    // of records without a ttl, seconds
	DefaultSOA SOA       // of zones without a SOA record, and of what a SOA record leaves out
	Target     string    // what this pipeline is among octoDNS's providers; "" is DefaultTarget
	Now        time.Time // for the warning about overrides that have expired; zero for none

	ExpiresWithin time.Duration // overrides that expire so soon after Now are warned about; 0 for none

	Memo *Memo // of files that were read before; nil: every file is read
}

// Zones is what files declare.
type Zones struct {
	Zones  []Zone   // without errors, sorted by apex
	Broken []Broken // with errors, sorted by apex: their last good state is to stay (P3)
}

// Zone is one zone without errors.
type Zone struct {
	Apex    zone.Name
	Files   []string // paths inside the folder: its own, sorted, and what they include
	Facts   row.ZoneFacts
	Records []Record // sorted by owner and type; the SOA is always there
	Written int      // records that stand in the files: a SOA from the defaults does not count

	Exceptions []Exception // of checks, in the files' order
}

// Record is one record of a zone with its place.
type Record struct {
	Owner        zone.Name
	Human        row.HumanRecord // without a commit
	Line, Column int             // in Human.File, from 1; 0 for a SOA from the defaults
}

// Broken is a zone, or a file that names none, with errors.
type Broken struct {
	Apex     zone.Name // "" when the file's name is no zone name
	Files    []string
	Problems []zone.Problem
	Empty    bool // every error is a file of zero bytes

	Exceptions []Exception
}

// Parse reads the files of a folder. A zone's files are <zone>.yaml and everything in the folder <zone>, with what they include (see Layout). Errors in
// one zone do not touch the others; a zone with an error is in Broken and not in Zones. Problems are sorted by place.
func Parse(files []checkout.File, opt Options) (Zones, []zone.Problem) {
	var out Zones
	var all []zone.Problem
	layout, shared := LayoutOf(files), &shared{from: map[*yaml.Node]string{}, roots: map[string]*yaml.Node{}}
	for _, g := range group(files, layout) {
		b := &builder{opt: opt, apex: g.apex, seen: make(map[key]int), facts: row.ZoneFacts{Timestamp: true}, layout: layout, shared: shared,
			blockwise: blockwise, blockSize: blockSize}
		z, problems := b.zone(g)
		all = append(all, problems...)
		if !slices.ContainsFunc(problems, isError) {
			out.Zones = append(out.Zones, z)
			continue
		}
		broken := Broken{Apex: g.apex, Files: g.paths(layout), Problems: problems, Empty: true, Exceptions: z.Exceptions}
		for _, p := range problems {
			broken.Empty = broken.Empty && (!isError(p) || p.Check == "empty-file")
		}
		out.Broken = append(out.Broken, broken)
	}
	slices.SortFunc(all, zone.Problem.ComparePlace)
	return out, all
}

func isError(p zone.Problem) bool { return p.Severity == zone.Error }

type fileGroup struct {
	apex  zone.Name
	err   error // why the name is no zone's
	files []checkout.File
}

var errGlass = errors.New("no file stands in this folder: it is the name of records set by hand")

// ZoneOf tells which zone a file of the folder belongs to, by its path.
func ZoneOf(path string) (zone.Name, error) {
	first, _, folder := strings.Cut(path, "/")
	if folder && first+"/" == row.GlassFile {
		return "", errGlass
	}
	if !folder {
		if name, yaml := strings.CutSuffix(first, ".yaml"); yaml {
			first = name
		} else {
			first = strings.TrimSuffix(first, ".yml")
		}
	}
	return zone.ParseName(strings.TrimSuffix(first, ".") + ".")
}

// paths are those of the zone's files, and after them of what they include.
func (g *fileGroup) paths(layout *Layout) (paths []string) {
	met := make(map[string]bool, len(g.files))
	for _, f := range g.files {
		paths = append(paths, f.Path)
		met[f.Path] = true
	}
	for _, f := range g.files {
		for _, p := range layout.reached(f.Path) {
			if _, there := layout.files[p]; there && !met[p] {
				met[p] = true
				paths = append(paths, p)
			}
		}
	}
	return paths
}

func group(files []checkout.File, layout *Layout) []*fileGroup {
	byApex := make(map[zone.Name]*fileGroup)
	var groups []*fileGroup
	for _, f := range files {
		if !layout.Own(f.Path) {
			continue
		}
		apex, err := ZoneOf(f.Path)
		g := byApex[apex]
		if g == nil || err != nil {
			g = &fileGroup{apex: apex, err: err}
			groups = append(groups, g)
			if err == nil {
				byApex[apex] = g
			}
		}
		g.files = append(g.files, f)
	}
	for _, g := range groups {
		slices.SortFunc(g.files, func(a, b checkout.File) int { return cmp.Compare(a.Path, b.Path) })
	}
	slices.SortStableFunc(groups, func(a, b *fileGroup) int { return a.apex.Compare(b.apex) })
	return groups
}

// zone reads one zone.
func (b *builder) zone(g *fileGroup) (Zone, []zone.Problem) {
	z := Zone{Apex: g.apex}
	if g.err != nil || g.apex == zone.Root {
		b.problems = append(b.problems, zone.Problem{Check: "zone-name", Severity: zone.Error, File: b.opt.Prefix + g.files[0].Path,
			Line: 1, Column: 1, Text: "the file's name is no zone's name", Fix: "name it <zone>.yaml, for example example.com.yaml"})
		return z, b.problems
	}
	z.Files = g.paths(b.layout)
	b.ahead(g.files)
	for _, f := range g.files {
		b.file(f)
	}
	b.finish(g.files[0].Path)
	z.Facts, z.Records, z.Written, z.Exceptions = b.facts, b.records, b.written, b.exceptions
	slices.SortFunc(z.Records, func(a, b Record) int {
		return cmp.Or(a.Owner.Compare(b.Owner), cmp.Compare(a.Human.Set.Type, b.Human.Set.Type))
	})
	slices.SortFunc(b.problems, zone.Problem.ComparePlace)
	return z, b.problems
}
