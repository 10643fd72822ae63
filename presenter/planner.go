package presenter

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"zonecast/internal/checkout"
	"zonecast/internal/load"
	"zonecast/internal/plan"
	"zonecast/internal/row"
	"zonecast/internal/zone"
	"zonecast/presenter/merge"
	"zonecast/presenter/zonefile"
)

// planner works out what a load would do, by the code that loads and merges, on notes and a world of its own. It stays
// as small as what is asked: only zones whose files differ are parsed, and only names that the change reaches are merged.
type planner struct {
	outset
	ground ground
	cfg    Config
	log    *slog.Logger

	was   *world
	notes *notes
	over  map[string]map[int][]byte // owner name -> what sources would give there, by their index; nil for nothing
	seen  map[string]known
	fresh map[string]moved // what is served at names that changed while the plan was made
	out   map[zone.Name]outcome

	changes []*changed
	also    []zone.Name // whose fingerprints are wanted, whatever becomes of them

	set      checkout.Set
	layout   *zonefile.Layout // of the loaded files, where any differ
	old, new []zonefile.Zone  // of the zones whose files differ
	problems []zone.Problem
	unread   map[zone.Name]bool          // zones of which it is not known what is served
	served   map[zone.Name]row.ZoneFacts // of a snapshot, whose rows have no claims; else nil
}

func newPlanner(o outset, g ground, cfg Config, log *slog.Logger) *planner {
	p := &planner{outset: o, ground: g, cfg: cfg, log: log, was: o.world.clone(), over: map[string]map[int][]byte{},
		seen: map[string]known{}, fresh: map[string]moved{}, out: map[zone.Name]outcome{}}
	p.notes = &notes{world: p.world, human: func(key string) []byte { return p.seen[key].human }, written: map[string][]byte{},
		touched: map[zone.Name]*row.ZoneFacts{}}
	return p
}

// run works out what a question asks for.
func (p *planner) run(ctx context.Context, ask plan.Ask) error {
	if err := p.work(ctx, ask); err != nil {
		return err
	}
	if err := p.catchUp(ctx); err != nil {
		return err
	}
	p.changes = p.changed()
	return p.gatherAbove(ctx)
}

// work merges what the change reaches.
func (p *planner) work(ctx context.Context, ask plan.Ask) error {
	if !ask.Loaded {
		if err := p.load(ctx, ask); err != nil {
			return err
		}
	}
	dirty, err := p.begin(ctx, ask.Generated)
	if err != nil {
		return err
	}
	for len(dirty) > 0 {
		names := slices.Collect(maps.Keys(dirty))
		if err := p.gather(ctx, names); err != nil {
			return err
		}
		dirty = p.world.round(dirty, p.names, p.resolve, p.keep)
	}
	return nil
}

// load decides about the zones whose files differ from the loaded ones.
func (p *planner) load(ctx context.Context, ask plan.Ask) error {
	changed, gone, err := p.diff(ask)
	if err != nil {
		return err
	}
	l := &loading{ledger: p.notes, cfg: p.cfg, log: slog.New(slog.DiscardHandler), at: p.at, set: p.set, infos: maps.Clone(p.files), links: maps.Clone(p.links),
		old: map[zone.Name]map[string][]row.HumanRecord{}}
	files := l.begin(changed, gone)
	if err := p.fill(files); err != nil {
		return err
	}
	l.set.Files = files // of other zones nothing is asked
	before, err := p.textsBefore(l)
	if err != nil {
		return err
	}
	var now, then zonefile.Zones
	var problems []zone.Problem
	var parse errgroup.Group
	parse.Go(func() error { now, problems = zonefile.Parse(files, p.cfg.options(p.set.Prefix, p.at)); return nil })
	parse.Go(func() error { then, _ = zonefile.Parse(before, p.cfg.options("", p.at)); return nil })
	_ = parse.Wait() // neither fails
	p.old, p.new = then.Zones, now.Zones
	owners := p.owners()
	for _, b := range then.Broken { // read by an earlier program, which saw no fault in it
		p.namesUnder(map[zone.Name]bool{b.Apex: true}, owners)
	}
	if err := p.gather(ctx, slices.Collect(maps.Keys(owners))); err != nil {
		return err
	}
	l.readOld(func(yield func(string, []byte) bool) {
		for key, k := range p.seen {
			if k.human != nil && !yield(key, k.human) {
				return
			}
		}
	})
	now.Zones = only(owners, now.Zones)
	l.decide(now, problems, files)
	p.problems = l.problems
	return nil
}

// diff compares the files of a question with the loaded ones, by their hashes.
func (p *planner) diff(ask plan.Ask) (changed []checkout.File, gone []string, err error) {
	p.set = checkout.Set{Commit: ask.Commit, Author: ask.Author, Prefix: ask.Prefix}
	present := make(map[string]bool, len(ask.Files))
	for _, f := range ask.Files {
		present[f.Path] = true
		file := checkout.File{Path: f.Path, Data: f.Data}
		if info, loaded := p.files[f.Path]; loaded && info.SHA256 == f.SHA256 {
			if p.links[f.Path] && file.Data == nil {
				if file.Data, err = p.ground.text(f.Path, info); err != nil {
					return nil, nil, err
				}
			}
			p.set.Files = append(p.set.Files, file)
			continue
		}
		if file.Data == nil {
			file.Data = []byte{} // it is empty, and not left out
		}
		p.set.Files = append(p.set.Files, file)
		if load.Hash(f.Data) != f.SHA256 {
			return nil, nil, &refusal{http.StatusConflict, fmt.Errorf("file %q is loaded with another text: its own is needed, and has to have the hash that is said", f.Path)}
		}
		changed = append(changed, file)
	}
	for path := range p.files {
		if !present[path] {
			gone = append(gone, path)
		}
	}
	slices.Sort(gone)
	return changed, gone, nil
}

// fill reads the texts of files that came without, since they are loaded.
func (p *planner) fill(files []checkout.File) error {
	for i := range files {
		if info, loaded := p.files[files[i].Path]; loaded && files[i].Data == nil && info.Size > 0 {
			data, err := p.ground.text(files[i].Path, info)
			if err != nil {
				return err
			}
			files[i].Data = data
		}
	}
	return nil
}

// textsBefore reads the loaded files of the zones that a load touches.
func (p *planner) textsBefore(l *loading) ([]checkout.File, error) {
	all := make([]checkout.File, 0, len(p.files))
	for path, info := range p.files {
		f := checkout.File{Path: path}
		if p.links[path] {
			data, err := p.ground.text(path, info)
			if err != nil {
				return nil, err
			}
			f.Data = data
		}
		all = append(all, f)
	}
	p.layout = zonefile.LayoutOf(load.Sorted(all))
	all = slices.DeleteFunc(all, func(f checkout.File) bool {
		apexes, err := p.layout.Zones(f.Path)
		return err != nil || !slices.ContainsFunc(apexes, func(apex zone.Name) bool { return l.old[apex] != nil })
	})
	return all, p.fill(all)
}

// begin gives the names that the change concerns at once.
func (p *planner) begin(ctx context.Context, generated []plan.Generated) (map[zone.Name]bool, error) {
	dirty := map[zone.Name]bool{}
	for key := range p.notes.written {
		n, err := zone.ParseName(key)
		if err != nil {
			return nil, err
		}
		dirty[n] = true
	}
	for _, g := range generated {
		i := slices.IndexFunc(p.sources, func(s sourceState) bool { return s.name == g.Source })
		if i < 0 {
			return nil, &refusal{http.StatusBadRequest, fmt.Errorf("source %.80q: it is not in presenter.sources", g.Source)}
		}
		if g.Value != nil {
			if _, err := row.DecodeContributions(g.Value); err != nil {
				return nil, &refusal{http.StatusBadRequest, fmt.Errorf("generated at %s: %w", g.Name, err)}
			}
		}
		key := g.Name.String()
		if p.over[key] == nil {
			p.over[key] = map[int][]byte{}
		}
		p.over[key][i] = g.Value
		dirty[g.Name] = true
	}
	apexes := map[zone.Name]bool{} // that appear or go
	for apex, before := range p.notes.touched {
		if _, after := p.world.zones[apex]; after != (before != nil) {
			apexes[apex] = true
		}
	}
	if len(apexes) > 0 || p.served != nil {
		p.namesUnder(apexes, dirty)
		for _, n := range p.faulty {
			dirty[n] = true
		}
	}
	return dirty, ctx.Err()
}

// fewZones is up to how many zones that appear or go it pays to look for the names they concern.
const fewZones = 8

// namesUnder collects the names that have a row below these, and those that point to a name which ends in one of them
// twice: whether that is a fault depends on the zone.
func (p *planner) namesUnder(apexes map[zone.Name]bool, names map[zone.Name]bool) {
	if len(apexes) > fewZones {
		for n := range p.names() {
			names[n] = true
		}
		return
	}
	var ends []string
	var twice [][]byte
	for apex := range apexes {
		ends = append(ends, apex.String())
		twice = append(twice, append([]byte(apex[:len(apex)-1]), apex...))
	}
	for key, value := range p.ground.all() {
		if !slices.ContainsFunc(ends, func(end string) bool { return strings.HasSuffix(key, end) }) &&
			!slices.ContainsFunc(twice, func(t []byte) bool { return bytes.Contains(value, t) }) {
			continue
		}
		if n, err := zone.ParseName(key); err == nil {
			names[n] = true
		}
	}
}

// names gives every name there is.
func (p *planner) names() iter.Seq[zone.Name] {
	return func(yield func(zone.Name) bool) {
		for key := range p.ground.all() {
			if n, err := zone.ParseName(key); err == nil && !yield(n) {
				return
			}
		}
		for _, n := range p.faulty {
			if !yield(n) {
				return
			}
		}
		for n := range p.out {
			if !yield(n) {
				return
			}
		}
	}
}

// gather learns what is at names, of those that it does not know yet.
func (p *planner) gather(ctx context.Context, names []zone.Name) error {
	var keys []string
	for _, n := range names {
		key := n.String()
		if _, ok := p.seen[key]; !ok {
			keys = append(keys, key)
		}
	}
	list, err := p.ground.known(ctx, keys)
	for i, k := range list {
		p.seen[keys[i]] = k
	}
	return errors.Join(err, ctx.Err())
}

// resolve works one name out as it would be.
func (p *planner) resolve(n zone.Name, place merge.Place) outcome {
	key := n.String()
	k, over := p.seen[key], p.over[key]
	in := merge.Input{Owner: n, Place: place, Now: p.at.Unix(), Last: func() (row.Presented, bool) { return p.last(key) }}
	in.Human = append(humanAt(p.log, key, p.notes.records(key)), k.glass...)
	in.Sources = make([]merge.Source, 0, len(p.sources))
	for i, s := range p.sources {
		value, changes := over[i]
		if !changes && i < len(k.rows) {
			value = k.rows[i]
		}
		in.Sources = append(in.Sources, sourceAt(p.log, s.name, key, value, s.absent))
	}
	return conclude(key, merge.Merge(in), in)
}

// last is what is served at a name now.
func (p *planner) last(key string) (row.Presented, bool) {
	value, ok := p.ground.served([]string{key})[key]
	if m, again := p.fresh[key]; again {
		value, ok = m.served, m.served != nil
	}
	if !ok {
		return row.Presented{}, false
	}
	last, err := row.DecodePresented(value)
	return last, err == nil
}

func (p *planner) keep(n zone.Name, o outcome) { p.out[n] = o }

// catchUp looks once more at the names that changed since the plan began, so that what is said is of one moment.
func (p *planner) catchUp(ctx context.Context) error {
	changed, at, err := p.ground.moved(ctx)
	if err == nil && !at.IsZero() {
		p.at = at
	}
	if err != nil {
		return err
	}
	for key, m := range changed {
		n, err := zone.ParseName(key)
		if err != nil {
			return err
		}
		p.seen[key], p.fresh[key] = m.known, m
		o := p.resolve(n, p.world.place(n))
		if !slices.Equal(p.world.cuts[n], o.cut) || p.world.dnames[n] != o.dname {
			return errOvertaken
		}
		p.out[n] = o
	}
	return nil
}
