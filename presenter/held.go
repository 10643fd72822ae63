package presenter

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"zonecast/internal/row"
	"zonecast/internal/zone"
	"zonecast/presenter/merge"
)

// The units that this stage holds.
const (
	unitRRset  = "rrset"     // a generated RRset that is wrong in itself
	unitFile   = "zone-file" // a zone's files, which are broken or lost records
	unitZone   = "zone"      // a zone whose files vanished
	unitSource = "source"    // all that a source gives
	unitFolder = "folder"    // the watched folder, when it cannot be read
	unitPush   = "push"      // a push that does not descend from what is loaded
)

// overflow is the id of the item that counts what the list has no room for.
var overflow = row.HeldID(owner, unitRRset, "*", "")

// recallHeld reads which held RRsets are listed.
func (t *term) recallHeld() error {
	for id, value := range t.held.All() {
		var h row.Held
		if err := json.Unmarshal(value, &h); err != nil {
			return fmt.Errorf("held %s: %w", id, err)
		}
		if h.Unit == unitRRset && id != overflow {
			t.listed[id] = true
		}
	}
	return nil
}

// forgetFaults takes all held RRsets off the list: a full comparison finds those that still are.
func (t *term) forgetFaults() {
	for id := range t.listed {
		t.tx.held.Delete(id)
	}
	t.tx.held.Delete(overflow)
	clear(t.listed)
}

func (t *term) heldRRset(n zone.Name, f merge.Fault) row.Held {
	subject := n.String() + " " + f.Type.String()
	effect := "the RRset as it was before is served, if there was one"
	if f.Check == "outside-zones" {
		effect = "it is not served, since no zone would hold it"
	}
	h := row.Held{Owner: owner, Unit: unitRRset, Subject: subject, Check: f.Check, Cause: f.Text, Effect: effect, Since: t.at.Unix()}
	who := fmt.Sprintf("source %s, module %s, entity %s", f.Origin.Source, f.Origin.Module, f.Origin.Entity)
	h.Problems = []zone.Problem{{Check: f.Check, Severity: zone.Error, Name: subject, Text: f.Text + " (" + who + ")"}}
	h.ID = row.HeldID(owner, unitRRset, subject, f.Check+"\x00"+f.Text+"\x00"+who)
	return h
}

// setFaults makes list the faults at a name.
func (t *term) setFaults(n zone.Name, list []merge.Fault) {
	old := t.faults[n]
	if len(old)+len(list) == 0 {
		return
	}
	for _, f := range old {
		if id := t.heldRRset(n, f).ID; t.listed[id] {
			t.tx.held.Delete(id)
			delete(t.listed, id)
		} else {
			t.unlisted--
		}
	}
	delete(t.faults, n)
	if len(list) > 0 {
		t.faults[n] = list
	}
	for _, f := range list {
		if len(t.listed) >= t.cfg.Held {
			t.unlisted++
			continue
		}
		t.list(t.heldRRset(n, f))
	}
	t.countOverflow()
}

// list puts an RRset on the list; one that is on it already keeps its time.
func (t *term) list(h row.Held) {
	if value, ok := t.held.Get(h.ID); ok {
		var old row.Held
		if json.Unmarshal(value, &old) == nil {
			h.Since = old.Since
		}
	}
	t.tx.held.Put(h.ID, encode(h))
	t.listed[h.ID] = true
}

func (t *term) countOverflow() {
	if t.unlisted == 0 {
		t.tx.held.Delete(overflow)
		return
	}
	h := row.Held{ID: overflow, Owner: owner, Unit: unitRRset, Subject: fmt.Sprintf("%d more", t.unlisted), Check: "more-held",
		Cause: "more RRsets are held than are listed", Effect: "each as it was before is served, if there was one", Since: t.at.Unix()}
	if value, ok := t.held.Get(overflow); ok {
		var old row.Held
		if json.Unmarshal(value, &old) == nil {
			h.Since = old.Since
		}
	}
	t.tx.held.Put(overflow, encode(h))
}

// refill lists what was only counted once there is room.
func (t *term) refill() {
	if t.unlisted == 0 || len(t.listed) >= t.cfg.Held {
		return
	}
	for _, n := range slices.SortedFunc(maps.Keys(t.faults), zone.Name.Compare) {
		for _, f := range t.faults[n] {
			if h := t.heldRRset(n, f); !t.listed[h.ID] && len(t.listed) < t.cfg.Held && t.unlisted > 0 {
				t.list(h)
				t.unlisted--
			}
		}
	}
	t.countOverflow()
}

// hold puts something of the loader's on the list, and gives its id.
func (t *term) hold(h row.Held, fingerprint string) string {
	h.Owner, h.ID, h.Since = owner, row.HeldID(owner, h.Unit, h.Subject, fingerprint), t.at.Unix()
	if value, ok := t.held.Get(h.ID); ok {
		var old row.Held
		if json.Unmarshal(value, &old) == nil {
			h.Since = old.Since
		}
	}
	t.tx.held.Put(h.ID, encode(h))
	return h.ID
}

// heldBy gives the held items of these units; of all, when none is named.
func (t *term) heldBy(units ...string) map[string]row.Held {
	items := make(map[string]row.Held)
	for id, value := range t.held.All() {
		var h row.Held
		if json.Unmarshal(value, &h) == nil && (len(units) == 0 || slices.Contains(units, h.Unit)) {
			items[id] = h
		}
	}
	return items
}
