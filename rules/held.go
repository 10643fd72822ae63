package rules

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"zonecast/internal/decision"
	"zonecast/internal/inventory"
	"zonecast/internal/row"
	"zonecast/internal/service"
	"zonecast/internal/zone"
)

// The units that this stage holds.
const (
	unitContribution = "contribution"
	unitFeed         = "feed"
	unitModule       = "module"
	unitModuleFile   = "module-file"
	unitProcess      = "process"
	unitPush         = "push"
)

// checkModule stands in for a module's name where an entity as a whole does not fit its kind any more.
const checkModule = "(kinds)"

// checkModuleGuard is the check of all that the guard on modules holds.
const checkModuleGuard = "module-guard"

// maxProblems bounds the problems listed with one held thing: its row must fit a table's.
const maxProblems = 20

func decodeHeld(b []byte) (h row.Held, err error) {
	err = json.Unmarshal(b, &h)
	return h, err
}

// putHeld lists a held thing. One that is listed already keeps its time.
func (b *batch) putHeld(h row.Held, fingerprint string) string {
	h.Owner = b.l.name
	h.ID = row.HeldID(h.Owner, h.Unit, h.Subject, fingerprint)
	h.Since = b.now.Unix()
	if old, ok := b.l.heldBy[h.ID]; ok {
		h.Since = old.Since
	}
	h.Problems = slices.Clone(h.Problems[:min(len(h.Problems), maxProblems)])
	for i := range h.Problems { // they may quote what was sent
		h.Problems[i].Text = service.OneLine(h.Problems[i].Text)
	}
	value, err := json.Marshal(h)
	if err != nil {
		panic(err) // plain structs and a valid Detail: cannot happen
	}
	if !same(b.hld, h.ID, value) {
		b.hld.Put(h.ID, value)
	}
	b.l.heldBy[h.ID] = h
	return h.ID
}

func (b *batch) dropHeld(id string) {
	if _, ok := b.l.heldBy[id]; ok {
		b.hld.Delete(id)
		delete(b.l.heldBy, id)
	}
}

// dropUnit ends everything held of a unit and subject, except one.
func (b *batch) dropUnit(unit, subject, except string) {
	for id, h := range b.l.heldBy {
		if h.Unit == unit && h.Subject == subject && id != except {
			b.dropHeld(id)
		}
	}
}

// hold keeps the list of held contributions: one line for a module and entity whose newest evaluation failed. Past
// the limit they are only counted.
func (b *batch) hold(entity string, old, g inventory.Given, cause error) {
	b.track(entity, old, g)
	switch {
	case g.Held && !old.Held:
		b.l.heldContributions++
	case !g.Held && old.Held:
		b.l.heldContributions--
	}
	if !g.Held {
		if old.Held {
			b.dropHeld(row.HeldID(b.l.name, unitContribution, g.Module+" "+entity, ""))
		}
		return
	}
	if len(b.l.heldBy) >= b.l.cfg.Limits.Held && !old.Held {
		return
	}
	h := row.Held{Unit: unitContribution, Subject: g.Module + " " + entity, Check: "evaluation", Cause: service.OneLine(cause.Error()),
		Effect: "nothing is served of it until the entity or the module is mended"}
	if len(g.Names) > 0 {
		h.Effect = "its last good records stay until the entity or the module is mended"
	}
	var p zone.Problem
	if errors.As(cause, &p) {
		h.Check, h.Problems = p.Check, []zone.Problem{p}
	} else if check, _, ok := strings.Cut(h.Cause, ": "); ok && !strings.Contains(check, " ") {
		h.Check = check
	}
	b.putHeld(h, "")
}

func errNotHeld(id string) error {
	return &refusal{http.StatusNotFound, fmt.Errorf("nothing held has the id %s", id)}
}

// free releases a held thing, with its entry in the log of decisions, and answers after the commit.
func (l *lead) free(ctx context.Context, id string, why service.Why) (row.Held, error) {
	var h row.Held
	if err := l.look(ctx, func() error {
		var ok bool
		if h, ok = l.heldBy[id]; !ok {
			return errNotHeld(id)
		}
		if !h.CanFree {
			return &refusal{http.StatusConflict, fmt.Errorf("%s cannot be released: %s; it must be mended", id, h.Cause)}
		}
		return nil
	}); err != nil {
		return row.Held{}, err // the job may be under way still: h is not ours to read
	}
	if h.Unit == unitPush {
		return h, l.freePush(ctx, h, why)
	}
	if _, ok := stopped(h); ok {
		return h, l.freeModule(ctx, h, why)
	}
	return h, l.do(ctx, &job{run: func(ctx context.Context, b *batch) error {
		if err := b.letGo(h, why); err != nil {
			return err
		}
		switch h.Unit {
		case unitFeed:
			return b.freeList(h)
		case unitModuleFile:
			return b.freeGone(h)
		case unitModule:
			b.freeLosses(h)
			return nil
		}
		return &refusal{http.StatusConflict, fmt.Errorf("%s: no way to release a %s", id, h.Unit)}
	}})
}

// letGo logs a decision with the commit that carries it out, if what it is about is held still.
func (b *batch) letGo(h row.Held, why service.Why) error {
	if _, still := b.l.heldBy[h.ID]; !still {
		return errNotHeld(h.ID)
	}
	b.hld.Also(decision.Op(decision.Of(h, why))) // dropped with the batch, should it come to nothing
	return nil
}
