package presenter

import (
	"context"
	"errors"
	"iter"
	"maps"
	"net/http"
	"slices"
	"time"

	"zonecast/internal/load"
	"zonecast/internal/row"
	"zonecast/internal/table"
	"zonecast/internal/zone"
)

const (
	// lookAtOnce is how many names a plan looks up in the loop before news get their turn: some milliseconds.
	lookAtOnce = 10_000
	// maxMoved is how many names may change while a plan is made; beyond, it is begun again.
	maxMoved = 20_000
)

var errSweeping = &refusal{http.StatusServiceUnavailable, errors.New("the presenter still compares all names after its start: ask again in some seconds")}

// termGround is a term that goes on while the plan is made. Its tables are read as they were when the plan began; its
// maps belong to the loop, which is asked a stretch of names at a time. Names that are worked out meanwhile are looked
// at once more in the end, so that everything said is of that last moment.
type termGround struct {
	*term
	view  *table.View // presented
	texts *table.View // zones
	since uint64
}

// version changes with whatever a plan cannot follow.
func (t *term) version() uint64 { return t.edits + t.world.edits }

// noteMoved remembers for a plan that a name was worked out.
func (t *term) noteMoved(n zone.Name) {
	if t.planned == nil {
		return
	}
	if t.planned[n] = true; len(t.planned) > maxMoved {
		t.planned = map[zone.Name]bool{}
		t.edits++
	}
}

// survey begins a plan.
func (t *term) survey(ctx context.Context) (o outset, g *termGround, err error) {
	err = t.look(ctx, func() (err error) {
		if t.sweep != nil {
			return errSweeping
		}
		if o.loaded, _, err = load.Loaded(t.zones); err != nil {
			return err
		}
		o.files, o.links, o.world, o.at = maps.Clone(t.files), maps.Clone(t.links), t.world.clone(), t.now()
		o.asRead = maps.Clone(t.asRead)
		o.faulty = slices.Collect(maps.Keys(t.faults))
		for _, in := range t.inputs {
			o.sources = append(o.sources, sourceState{in.source, in.absent()})
		}
		t.planned = map[zone.Name]bool{}
		g = &termGround{t, t.presented.View(), t.zones.View(), t.version()}
		return nil
	})
	return o, g, err
}

// end forgets the plan.
func (g *termGround) end(ctx context.Context) {
	_ = g.look(context.WithoutCancel(ctx), func() error { g.planned = nil; return nil }) // with the term everything ends
}

func (g *termGround) knownAt(key string) known {
	k := known{human: g.human[key], glass: g.glass.byName[key], rows: make([][]byte, len(g.inputs))}
	for i, in := range g.inputs {
		k.rows[i] = in.rows[key]
	}
	return k
}

func (g *termGround) known(ctx context.Context, keys []string) ([]known, error) {
	list := make([]known, 0, len(keys))
	for part := range slices.Chunk(keys, lookAtOnce) {
		names := make([]zone.Name, len(part))
		for i, key := range part {
			names[i], _ = zone.ParseName(key) // written by Name.String
		}
		err := g.look(ctx, func() error {
			if g.version() != g.since {
				return errOvertaken
			}
			for i, key := range part {
				k := g.knownAt(key)
				k.faults = g.faults[names[i]]
				list = append(list, k)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (g *termGround) moved(ctx context.Context) (out map[string]moved, at time.Time, err error) {
	out = map[string]moved{}
	var view *table.View
	err = g.look(ctx, func() error {
		if g.version() != g.since {
			return errOvertaken
		}
		at = g.now()
		for n := range g.planned {
			key := n.String()
			m := moved{known: g.knownAt(key)}
			m.faults = g.faults[n]
			out[key] = m
		}
		g.planned = map[zone.Name]bool{}
		view = g.presented.View()
		return nil
	})
	if err != nil {
		return nil, at, err
	}
	for key, value := range view.Rows(slices.Collect(maps.Keys(out))) {
		m := out[key]
		m.served = value
		out[key] = m
	}
	return out, at, nil
}

func (g *termGround) served(keys []string) map[string][]byte { return g.view.Rows(keys) }

func (g *termGround) all() iter.Seq2[string, []byte] { return namesOf(g.view.All()) }

func namesOf(rows iter.Seq2[string, []byte]) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for key, value := range rows {
			if key[0] != '@' && !yield(key, value) {
				return
			}
		}
	}
}

func (g *termGround) text(path string, info row.FileInfo) ([]byte, error) {
	f, err := load.File(g.texts, path, info)
	return f.Data, err
}
