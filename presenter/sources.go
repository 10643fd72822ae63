package presenter

import (
	"fmt"
	"slices"
	"strings"

	"zonecast/internal/row"
)

// Checks of a source as a whole.
const (
	checkEmptied = "source-emptied"  // its table has no row left, or far fewer after it was made anew
	checkRemoved = "source-unlisted" // it is in presenter.sources no more, and has records
	prefixTable  = "generated."      // of a source's table
	freeNames    = 10                // so many names a source may lose at once without a question, or
	freeShare    = 5                 // a fifth of its names: as the guard on lists has it
	maxExamples  = 3                 // names that a cause gives
	howToRelist  = "name it in presenter.sources again, or let its records go"
	howToRefill  = "let the rules service fill it again, look whether it is the right store and source name, or let the records go"
)

// input.held says by which check a source is held: what it gave last stays, as if its table could not be read (P2). A
// table that was made anew, of a rules service that starts empty, with another store or under another name, is not
// "none"; single deletes are, since each came with an event or in a list that passed its guard.

// absent tells whether a source's last claims stand in for its rows.
func (in *input) absent() bool { return !in.seen || in.held != "" }

// judgeSources looks at every source when a term begins: those that are configured, and those that are no more.
func (t *term) judgeSources() {
	for _, in := range t.inputs {
		t.judge(in)
	}
	for name := range t.presented.Head().Inputs {
		source, ok := strings.CutPrefix(name, prefixTable)
		if !ok || slices.ContainsFunc(t.inputs, func(in *input) bool { return in.source == source }) {
			continue
		}
		in := &input{source: source, table: name, rows: map[string][]byte{}, unlisted: true}
		if in.had, in.sample = t.claimed(source); in.had > 0 {
			in.held = checkRemoved
			t.inputs = append(t.inputs, in)
		}
	}
	t.listSources()
}

// judge holds a source that lost what nobody deleted: all of its names, or, when its table was made anew, many of them. It
// lets go by itself what came back.
func (t *term) judge(in *input) {
	if !in.seen || in.unlisted {
		return
	}
	back := in.head.Position().Before(t.presented.Head().Inputs[in.table])
	if in.held == "" {
		if len(in.rows) > 0 && !back {
			return
		}
		in.had, in.sample = t.claimed(in.source)
	}
	few := in.had-len(in.rows) > max(freeNames, in.had/freeShare)
	none := in.had > 0 && len(in.rows) == 0 && (back || in.held != "") // a handful that events deleted may go
	if few || none {
		in.held = checkEmptied
		return
	}
	if in.held != "" {
		in.held = ""
		t.markAll()
	}
}

// claimed counts the names that a source has a part in, as presented, and gives a few.
func (t *term) claimed(source string) (n int, sample []string) {
	for key, value := range t.presented.All() {
		if _, ok := row.ZoneOf(key); ok {
			continue
		}
		p, err := row.DecodePresented(value)
		if err != nil {
			continue // resolve tells of it
		}
		has := func(o row.Origin) bool { return !o.Human() && o.Source == source }
		if slices.ContainsFunc(p.Claims, func(c row.Claim) bool { return has(c.Origin) }) ||
			slices.ContainsFunc(p.Shadowed, func(c row.Claim) bool { return has(c.Origin) }) {
			if n++; len(sample) < maxExamples {
				sample = append(sample, key)
			}
		}
	}
	slices.Sort(sample)
	return n, sample
}

// listSources makes the list of held things say which sources are held.
func (t *term) listSources() {
	stale := t.heldBy(unitSource)
	for _, in := range t.inputs {
		if in.held == "" {
			continue
		}
		h := row.Held{Unit: unitSource, Subject: in.source, Check: in.held, CanFree: true}
		have := fmt.Sprintf("%d of its names, e.g. %s", in.had, strings.Join(in.sample, ", "))
		if in.unlisted {
			h.Cause = fmt.Sprintf("the source is in presenter.sources no more, and %s, are presented: %s", have, howToRelist)
		} else {
			h.Cause = fmt.Sprintf("table %s has %d names, and %s, are presented: %s", in.table, len(in.rows), have, howToRefill)
		}
		h.Effect = fmt.Sprintf("what the source gave last stays as it was; a release takes away what it gives no more: %d of %d names", max(0, in.had-len(in.rows)), in.had)
		id := t.hold(h, in.held)
		if _, was := stale[id]; !was {
			t.log.Warn("source held", "id", id, "source", in.source, "cause", h.Cause)
		}
		delete(stale, id)
	}
	for id := range stale {
		t.tx.held.Delete(id)
	}
}

// freeSource lets a held source's records go.
func (t *term) freeSource(h row.Held) error {
	i := slices.IndexFunc(t.inputs, func(in *input) bool { return in.source == h.Subject && in.held != "" })
	if i < 0 {
		return errUnknown
	}
	in := t.inputs[i]
	if in.held = ""; in.unlisted {
		t.inputs = slices.Delete(t.inputs, i, i+1)
	}
	t.markAll()
	t.edits++
	t.behind = true
	t.tx.held.Delete(h.ID)
	return nil
}

// setInput carries on how far a source is taken into account. Where its table was made anew the position may go back:
// judge has seen it, or a person let it go.
func (t *term) setInput(in *input) {
	if p := in.head.Position(); p.Before(t.presented.Head().Inputs[in.table]) {
		t.tx.presented.RenewInput(in.table, p)
	} else {
		t.tx.presented.SetInput(in.table, p)
	}
}
