package publisher

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"zonecast/internal/row"
	"zonecast/internal/table"
)

// unitStore is a held item that concerns everything: the store is not what it was.
const unitStore = "store"

// Checks of unitStore.
const (
	checkBack  = "store-went-back" // the head is older than one that was seen
	checkBlind = "served-unknown"  // what was served is not known, and there is much less to publish now
)

// lookBack compares the head with what this instance remembers. A store that went back (a copy was restored, or a member
// without its disk made up the quorum) has forgotten events and releases alike: nothing is published or signed from it
// before a person says so, since proxies would refuse it, or worse, take it.
func (t *term) lookBack() {
	seen := t.witness.seen()
	if t.mem.Ceiling > t.head.Version+ahead+1 && t.mem.Epoch >= t.head.Epoch {
		// More than one reservation (and the release that may have failed) above the head.
		seen.Epoch, seen.Version = max(seen.Epoch, t.mem.Epoch), max(seen.Version, t.mem.Ceiling-ahead)
	}
	if !seen.after(t.head) {
		return
	}
	t.back, t.floor = &seen, max(t.mem.Ceiling, seen.Version)
	t.log.Error("the head in the store is older than one that was seen: nothing is published", "epoch", t.head.Epoch, "version", t.head.Version,
		"seen_epoch", seen.Epoch, "seen_version", seen.Version)
}

// wentBack says what is wrong and what to do; nil when nothing is.
func (t *term) wentBack() error {
	if t.back == nil {
		return nil
	}
	return fmt.Errorf("%w: the store went back: it has version %d of epoch %d, and version %d of epoch %d was published: an older copy was restored; "+
		"bring the newer one back, or send all events and lists again and run: zonecast releases new-epoch --reason \"…\"",
		errBack, t.head.Version, t.head.Epoch, t.back.Version, t.back.Epoch)
}

// mute tells whether nothing may be signed: the head would be one that proxies have passed already, or the commit would
// close a group of table published that the leader before left half written, and with it the only sign that it is.
func (t *term) mute() bool {
	return t.back != nil || (t.blind != nil && t.pub.Head().Open)
}

// holdStore lists that everything is held, or with an empty check that it no longer is.
func (t *term) holdStore(ctx context.Context, check, cause string) error {
	if t.onHold == nil && check == "" || t.onHold != nil && t.onHold.Check == check {
		return nil
	}
	tx := t.held.Begin()
	if t.onHold != nil {
		tx.Delete(t.onHold.ID)
	}
	var h *row.Held
	if check != "" {
		h = &row.Held{ID: row.HeldID(owner, unitStore, t.cfg.Stream, check), Owner: owner, Unit: unitStore, Subject: t.cfg.Stream, Check: check,
			Cause: cause, Since: time.Now().Unix(), CanFree: true,
			Effect: "nothing is published, proxies go on with what they have; a release raises the epoch and publishes what the store has now"}
		value, err := json.Marshal(h)
		if err != nil {
			return err
		}
		tx.Put(h.ID, value)
		t.log.Error("held", "id", h.ID, "cause", cause)
	}
	// This table alone: a commit of table published would close a group that was left open.
	if err := table.Commit(ctx, tx); err != nil {
		return err
	}
	t.onHold = h
	t.countHeld()
	return nil
}

// countHeld sets the metrics of what is held.
func (t *term) countHeld() {
	count := map[[2]string]int{}
	for _, h := range t.holding {
		count[[2]string{h.item.Unit, h.item.Check}]++
	}
	if t.onHold != nil {
		count[[2]string{unitStore, t.onHold.Check}]++
	}
	t.m.held.Set(count)
}
