package presenter

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"time"

	"zonecast/internal/row"
	"zonecast/internal/table"
	"zonecast/internal/zone"
	"zonecast/presenter/merge"
)

// input is what one source gives, as of its last batch. The rows are kept here too, since a follower belongs to
// the goroutine that waits for its news.
type input struct {
	source string
	table  string
	rows   map[string][]byte
	head   table.Head
	seen   bool // whether the table could be read at all

	held     string   // the check that holds the source as a whole; "": none
	had      int      // names presented of it, when it was held
	sample   []string // a few of them
	unlisted bool     // not in presenter.sources any more: held until released
}

// news is a batch of one input on its way to the loop.
type news struct {
	in      *input
	reset   map[string][]byte // all rows, when everything may have changed
	changes []table.Change
	head    table.Head
}

// follow brings an input's news to the loop.
func (t *term) follow(ctx context.Context, in *input) error {
	f := table.Follow(t.st, in.table)
	defer f.Close()
	for {
		b, err := f.Next(ctx)
		if err != nil {
			return fmt.Errorf("table %s: %w", in.table, err)
		}
		n := news{in: in, changes: b.Changes, head: b.Head}
		if b.Reset {
			n.reset = maps.Collect(f.All())
		}
		select {
		case t.news <- n:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// take makes an input's news the state, and marks the names they concern.
func (t *term) take(n news) {
	in := n.in
	if n.reset != nil {
		t.edits++
	}
	if n.reset != nil && !t.begun {
		in.rows = n.reset
	}
	if n.reset != nil && t.begun {
		for key, value := range n.reset {
			if had, ok := in.rows[key]; !ok || !bytes.Equal(had, value) {
				t.mark(key)
			}
		}
		for key := range in.rows {
			if _, ok := n.reset[key]; !ok {
				t.mark(key)
			}
		}
		if !in.seen { // until now its last claims stood in: they may be gone
			for key := range t.presented.All() {
				t.mark(key)
			}
		}
		in.rows = n.reset
	}
	for _, c := range n.changes {
		if c.Value == nil {
			delete(in.rows, c.Key)
		} else {
			in.rows[c.Key] = c.Value
		}
		t.mark(c.Key)
	}
	if len(n.changes) > 0 && n.head.Taken > 0 {
		t.takenAt(time.UnixMilli(n.head.Taken))
	}
	in.head, in.seen = n.head, true
	t.behind = true
	if t.begun && (n.reset != nil || in.held != "") {
		t.judge(in)
		t.listSources()
	}
}

// takenAt notes when an event of this step was taken, for the measure of how long it was under way.
func (t *term) takenAt(at time.Time) {
	if t.taken.IsZero() || at.Before(t.taken) {
		t.taken = at
	}
}

// mark notes that the name must be worked out again. A key that is no name cannot come from a stage of ours.
func (t *term) mark(key string) {
	if _, ok := row.ZoneOf(key); ok {
		return
	}
	n, err := zone.ParseName(key)
	if err != nil {
		t.log.Warn("a key that is no name", "key", key, "error", err)
		return
	}
	t.dirty[n] = true
}

// resolve works one name out. It only reads.
func (t *term) resolve(n zone.Name, p merge.Place) outcome {
	key := n.String()
	in := merge.Input{Owner: n, Place: p, Now: t.at.Unix(), Last: func() (row.Presented, bool) { return t.lastAt(key) }}
	in.Human = append(humanAt(t.log, key, t.human[key]), t.glass.byName[key]...)
	in.Sources = make([]merge.Source, 0, len(t.inputs))
	for _, i := range t.inputs {
		in.Sources = append(in.Sources, sourceAt(t.log, i.source, key, i.rows[key], i.absent()))
	}
	return conclude(key, merge.Merge(in), in)
}

// humanAt decodes what people wrote at a name; value is nil for nothing.
func humanAt(log *slog.Logger, key string, value []byte) []row.HumanRecord {
	if value == nil {
		return nil
	}
	list, err := row.DecodeHuman(value)
	if err != nil {
		log.Error("a row of table zones cannot be read", "name", key, "error", err)
	}
	return list
}

// sourceAt decodes what a source gives at a name; value is nil for nothing.
func sourceAt(log *slog.Logger, source, key string, value []byte, absent bool) merge.Source {
	s := merge.Source{Name: source, Absent: absent}
	if value == nil {
		return s
	}
	list, err := row.DecodeContributions(value)
	if err != nil {
		log.Error("a generated row cannot be read: its last good state stays", "table", prefixTable+source, "name", key, "error", err)
		s.Absent = true
	}
	s.Contributions = list
	return s
}

// conclude makes a result ready to be written.
func conclude(key string, r merge.Result, in merge.Input) outcome {
	o := outcome{key: key, conflict: r.Conflict, faults: r.Faults, cut: r.Cut, dname: r.DNAME}
	if !r.Present {
		return o
	}
	o.tally = tallyOf(in.Owner, r.Row)
	value, ok := merge.Encode(r.Row, table.MaxValue)
	if ok {
		o.value = value
		return o
	}
	o.faults = append(o.faults, merge.Fault{Check: "too-large", Type: r.Row.Sets[0].Type, Origin: r.Row.Claims[0].Origin,
		Text: fmt.Sprintf("all records at the name are larger than %d octets together", table.MaxValue)})
	if last, ok := in.Last(); ok {
		o.value = last.Encode()
	}
	return o
}

func (t *term) lastAt(key string) (row.Presented, bool) {
	value, ok := t.presented.Get(key)
	if !ok {
		return row.Presented{}, false
	}
	p, err := row.DecodePresented(value)
	if err != nil {
		t.log.Error("a presented row cannot be read", "name", key, "error", err)
		return row.Presented{}, false
	}
	return p, true
}
