package presenter

import (
	"bytes"
	"context"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"time"

	"zonecast/internal/checkout"
	"zonecast/internal/load"
	"zonecast/internal/plan"
	"zonecast/internal/row"
	"zonecast/internal/zone"
	"zonecast/presenter/merge"
	"zonecast/presenter/zonefile"
)

// folders is the ground of a plan without a store: what loading some files, and nothing before, would have presented.
type folders struct {
	cfg       Config
	texts     map[string][]byte
	human     map[string][]byte
	generated Generated
	rows      map[string][]byte // as in table presented
	faults    map[string][]merge.Fault
	unread    map[zone.Name]bool // zones that both sides have alike: nothing is known of them but that they are there
}

// newFolders merges what is before a change, as far as the change can reach.
func newFolders(cfg Config, before, after Inputs, whole bool, now time.Time) (*folders, outset) {
	g := &folders{cfg: cfg, texts: map[string][]byte{}, human: map[string][]byte{}, generated: before.Generated,
		rows: map[string][]byte{}, faults: map[string][]merge.Fault{}, unread: map[zone.Name]bool{}}
	o := outset{loaded: row.Load{Commit: before.Zones.Commit, Prefix: before.Zones.Prefix, Head: before.Zones.Head},
		files: map[string]row.FileInfo{}, links: map[string]bool{}, world: newWorld(), asRead: map[zone.Name]bool{}, sources: sourcesOf(cfg), at: now}
	reached := reachedZones(before.Zones.Files, after.Zones.Files)
	var files []checkout.File
	layout := zonefile.LayoutOf(before.Zones.Files)
	for _, f := range before.Zones.Files {
		apexes, err := layout.Zones(f.Path)
		switch {
		case err != nil:
			continue
		case whole || slices.ContainsFunc(apexes, reached):
			files = append(files, f)
		case layout.Own(f.Path):
			g.unread[apexes[0]] = true
			o.world.zones[apexes[0]] = row.ZoneFacts{}
		}
		if zonefile.Links(f.Data) {
			o.links[f.Path] = true
		}
		g.texts[f.Path] = f.Data
		o.files[f.Path] = row.FileInfo{Commit: before.Zones.Commit, SHA256: load.Hash(f.Data), Size: len(f.Data)}
	}
	zones, _ := zonefile.Parse(files, cfg.options(before.Zones.Prefix, now))
	for _, b := range zones.Broken { // would not have been loaded
		for _, path := range b.Files {
			delete(o.files, path)
		}
	}
	dirty := map[zone.Name]bool{}
	records := map[string][]row.HumanRecord{}
	for _, z := range zones.Zones {
		o.world.zones[z.Apex], o.asRead[z.Apex] = z.Facts, true
		for _, r := range z.Records {
			key := r.Owner.String()
			r.Human.Commit, r.Human.Author = before.Zones.Commit, before.Zones.Author
			records[key] = append(records[key], r.Human)
			dirty[r.Owner] = true
		}
	}
	for key, list := range records {
		sortHuman(list)
		g.human[key] = row.EncodeHuman(list)
	}
	for _, s := range cfg.Sources {
		for n := range before.Generated[s] {
			dirty[n] = true
		}
	}
	all := slices.Collect(maps.Keys(dirty))
	o.world.settle(dirty, func() iter.Seq[zone.Name] { return slices.Values(all) }, func(n zone.Name, place merge.Place) outcome {
		key := n.String()
		in := merge.Input{Owner: n, Place: place, Now: now.Unix(), Human: humanAt(slog.Default(), key, g.human[key]),
			Last: func() (row.Presented, bool) { return row.Presented{}, false }}
		for _, s := range cfg.Sources {
			in.Sources = append(in.Sources, merge.Source{Name: s, Contributions: before.Generated[s][n]})
		}
		return conclude(key, merge.Merge(in), in)
	}, func(n zone.Name, out outcome) {
		delete(g.rows, out.key)
		delete(g.faults, out.key)
		if out.value != nil {
			g.rows[out.key] = out.value
		}
		if len(out.faults) > 0 {
			g.faults[out.key] = out.faults
		}
	})
	for key := range g.faults {
		n, _ := zone.ParseName(key)
		o.faulty = append(o.faulty, n)
	}
	return g, o
}

// reachedZones tells which zones the difference of two folders can reach: those whose files differ, and those above and
// below them, which may have records at the same names.
func reachedZones(before, after []checkout.File) func(apex zone.Name) bool {
	texts := make(map[string][]byte, len(before))
	for _, f := range before {
		texts[f.Path] = f.Data
	}
	differ := map[zone.Name]bool{}
	was, is := zonefile.LayoutOf(before), zonefile.LayoutOf(after)
	note := func(path string) {
		for _, layout := range []*zonefile.Layout{was, is} {
			apexes, err := layout.Zones(path)
			for _, apex := range apexes {
				differ[apex] = differ[apex] || err == nil
			}
		}
		if apex, err := zonefile.ZoneOf(path); err == nil {
			differ[apex] = true // it may have been that zone's own, or become it
		}
	}
	for _, f := range after {
		text, ok := texts[f.Path]
		if delete(texts, f.Path); !ok || !bytes.Equal(text, f.Data) {
			note(f.Path)
		}
	}
	for path := range texts {
		note(path)
	}
	return func(apex zone.Name) bool {
		for d := range differ {
			if apex.Under(d) || d.Under(apex) {
				return true
			}
		}
		return false
	}
}

// sizes counts the names with records of the zones that have changes.
func (g *folders) sizes(changes []plan.Change) map[string]int {
	touched := map[zone.Name]bool{}
	for i := range changes {
		touched[changes[i].Zone] = true
	}
	counts := map[zone.Name]int{}
	for _, value := range g.rows {
		if apex, sets, err := row.DecodePresentedSets(value); err == nil && len(sets) > 0 && touched[apex] {
			counts[apex]++
		}
	}
	names := make(map[string]int, len(counts))
	for apex, n := range counts {
		names[apex.String()] = n
	}
	return names
}

func (g *folders) known(_ context.Context, keys []string) ([]known, error) {
	list := make([]known, len(keys))
	for i, key := range keys {
		list[i] = known{human: g.human[key], rows: make([][]byte, len(g.cfg.Sources)), faults: g.faults[key]}
		n, err := zone.ParseName(key)
		if err != nil {
			return nil, err
		}
		for j, s := range g.cfg.Sources {
			if contributions, ok := g.generated[s][n]; ok {
				list[i].rows[j] = row.EncodeContributions(contributions)
			}
		}
	}
	return list, nil
}

func (g *folders) served(keys []string) map[string][]byte {
	rows := make(map[string][]byte, len(keys))
	for _, key := range keys {
		if value, ok := g.rows[key]; ok {
			rows[key] = value
		}
	}
	return rows
}

func (g *folders) all() iter.Seq2[string, []byte] { return maps.All(g.rows) }

func (g *folders) text(path string, _ row.FileInfo) ([]byte, error) { return g.texts[path], nil }

func (g *folders) moved(context.Context) (map[string]moved, time.Time, error) {
	return nil, time.Time{}, nil
}
