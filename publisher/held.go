package publisher

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"zonecast/internal/decision"
	"zonecast/internal/policy"
	"zonecast/internal/row"
	"zonecast/internal/service"
	"zonecast/internal/table"
	"zonecast/internal/zone"
)

// Errors that handlers turn into answers.
var (
	errNotLeader = errors.New("the term ended before anything was done")
	errNotFound  = errors.New("no such held item")
	errConflict  = errors.New("not possible now")
	errBack      = fmt.Errorf("%w: nothing is published", errConflict)
	errEmpty     = errors.New("no zones: nothing to publish yet")
	errLogFull   = errors.New("the release log is full: no base could be made to shorten it")
)

// readHolding reads table held.publisher as a new leader finds it: zones, and the item that concerns everything.
func readHolding(w *table.Writer) (held map[zone.Name]holding, all *row.Held, err error) {
	held = map[zone.Name]holding{}
	for key, value := range w.All() {
		var h holding
		if err := json.Unmarshal(value, &h.item); err != nil {
			return nil, nil, fmt.Errorf("table %s, %s: %w", tableHeld, key, err)
		}
		if h.item.Unit == unitStore {
			all = &h.item
			continue
		}
		if err := json.Unmarshal(h.item.Detail, &h.sum); err != nil {
			return nil, nil, fmt.Errorf("table %s, %s: %w", tableHeld, key, err)
		}
		apex, err := zone.ParseName(h.item.Subject)
		if err != nil {
			return nil, nil, fmt.Errorf("table %s, %s: %w", tableHeld, key, err)
		}
		held[apex] = h
	}
	return held, all, nil
}

// noteHeld puts what the gates found into a transaction of table held.publisher; nil when nothing changes.
func (t *term) noteHeld(p plan) *table.Tx {
	if len(p.hold) == 0 && len(p.drop) == 0 {
		return nil
	}
	tx := t.held.Begin()
	for _, id := range p.drop {
		tx.Delete(id)
		for apex, h := range t.holding {
			if h.item.ID == id {
				delete(t.holding, apex)
			}
		}
	}
	for apex, h := range p.hold {
		value, err := json.Marshal(h.item)
		if err != nil {
			t.log.Error("a held item cannot be written", "zone", apex.String(), "error", err)
			continue
		}
		tx.Put(h.item.ID, value)
		t.holding[apex] = h
		if slices.Contains(h.sum.Checks, policy.Check) {
			t.policyAt = time.Now().Add(policyAgain)
		}
		t.log.Warn("held", "id", h.item.ID, "zone", h.item.Subject, "cause", h.item.Cause)
	}
	t.countHeld()
	if !tx.Changed() {
		return nil
	}
	return tx
}

// letGo answers a release by hand: the unit passes with what was shown, in the release that is due next.
func (t *term) letGo(id string, in request) (check func() error, err error) {
	if t.onHold != nil && t.onHold.ID == id {
		return t.orderEpoch(in)
	}
	if err := t.wentBack(); err != nil {
		return nil, err
	}
	if t.state.Frozen != nil {
		return nil, fmt.Errorf("%w: rolled back to %d; resume first", errConflict, t.state.Frozen.To)
	}
	for apex, h := range t.holding {
		if h.item.ID != id {
			continue
		}
		if !h.item.CanFree {
			return nil, fmt.Errorf("%w: %s must be mended: %s", errConflict, h.item.Subject, h.item.Cause)
		}
		u := t.c.unit(apex)
		sum := h.sum
		u.free = &sum
		e := decision.Of(h.item, service.Why{Reason: in.Reason, By: in.By, From: in.from})
		u.freed = &e
		t.log.Warn("held item released by hand", "id", id, "zone", h.item.Subject, "by", in.By, "from", in.from, "reason", in.Reason, "cause", h.item.Cause)
		return func() error { return t.letGone(id, apex) }, nil
	}
	return nil, fmt.Errorf("%w: %s", errNotFound, id)
}

// letGone checks, after the release, that the item went: it may have grown beyond what was shown meanwhile.
func (t *term) letGone(id string, apex zone.Name) error {
	if h, still := t.holding[apex]; still {
		if h.item.ID == id {
			return fmt.Errorf("%w: still held: %s", errConflict, h.item.Cause)
		}
		return fmt.Errorf("%w: it has grown beyond what was shown and is held anew as %s: %s", errConflict, h.item.ID, h.item.Cause)
	}
	return nil
}

// guardBlind stops the whole release while it is not known what was served, when it would be much smaller than that
// was: table presented may be half filled after the same loss (P2).
func (t *term) guardBlind(ctx context.Context, p plan, now time.Time) (stopped bool, err error) {
	if t.blind == nil || (t.order != nil && t.order.epoch) { // or asked for by hand
		return false, nil
	}
	names, zones := 0, len(t.c.zones)
	for _, n := range t.c.names {
		names += n
	}
	for _, u := range p.pass {
		names += u.count[created] - u.count[deleted]
		if _, ok := t.c.zones[u.apex]; !ok {
			zones++
		}
	}
	limit := t.blind.Names - min(t.blind.Names, uint64(max(float64(t.cfg.Gates.DeletedFree), t.cfg.Gates.DeletedShare*float64(t.blind.Names))))
	if zones >= t.blind.Zones && uint64(names) >= limit {
		return false, nil
	}
	for _, u := range t.c.units { // those that a gate stopped too: nothing was committed
		t.c.touched[u] = true
	}
	why := fmt.Errorf("nothing is released: what was served is not known here, it had %d names in %d zones, and presented has %d in %d; "+
		"bring the base file or the table back, or raise the epoch (zonecast releases new-epoch --reason)", t.blind.Names, t.blind.Zones, names, zones)
	if t.blindSaid.IsZero() || now.Sub(t.blindSaid) > time.Minute {
		t.log.Error(why.Error())
		t.blindSaid = now
	}
	t.ready(why)
	return true, t.holdStore(ctx, checkBlind, why.Error())
}
