package presenter

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"zonecast/internal/row"
	"zonecast/internal/table"
	"zonecast/internal/zone"
	"zonecast/presenter/merge"
)

// keep writes what a name came to into the step's transactions.
func (t *term) keep(n zone.Name, o outcome) {
	t.noteMoved(n)
	key := o.key
	if o.value == nil {
		t.tx.presented.Delete(key)
	} else {
		t.tx.presented.Put(key, o.value)
	}
	switch {
	case o.conflict != nil:
		t.putConflict(key, *o.conflict)
	case t.conflicting[key]:
		t.tx.conflicts.Delete(key)
		delete(t.conflicting, key)
	}
	t.setFaults(n, o.faults)
	t.tallies.put(key, o.tally)
}

func (t *term) putConflict(key string, c row.Conflict) {
	c.Since = t.at.Unix()
	if value, ok := t.tx.conflicts.Get(key); ok {
		var old row.Conflict
		if json.Unmarshal(value, &old) == nil {
			c.Since = old.Since
		}
	}
	value := encode(c)
	if len(value) > table.MaxValue { // a pool of thousands on both sides
		c.Served, c.Lost = merge.Lessen(c.Served), merge.Lessen(c.Lost)
		value = encode(c)
	}
	t.tx.conflicts.Put(key, value)
	t.conflicting[key] = true
}

func encode(v any) []byte {
	value, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain structs of ours: cannot happen
	}
	return value
}

// setHuman takes over the human records at a name; nil for none.
func (t *term) setHuman(key string, value []byte) {
	if value == nil {
		delete(t.human, key)
	} else {
		t.human[key] = value
	}
	t.nextOf(key, t.recordsOf(key), t.now().Unix())
}

// nextOf notes when the next of the records at a name expires.
func (t *term) nextOf(key string, list []row.HumanRecord, now int64) {
	delete(t.expires, key)
	for _, h := range list {
		if at, ok := t.expires[key]; h.Expires > now && (!ok || h.Expires < at) {
			t.expires[key] = h.Expires
		}
	}
}

// nextExpiry is how long nothing expires, an hour at most.
func (t *term) nextExpiry() time.Duration {
	wait := time.Hour
	for _, at := range t.expires {
		wait = min(wait, max(0, time.Unix(at, 0).Sub(t.now())))
	}
	return wait
}

// expiry is when the next record expires, Unix seconds; NaN when none does.
func (t *term) expiry() float64 {
	next := math.Inf(1)
	for _, at := range t.expires {
		next = min(next, float64(at))
	}
	if math.IsInf(next, 1) {
		return math.NaN()
	}
	return next
}

// expire marks the names at which a record has expired.
func (t *term) expire() {
	t.endGlass()
	now := t.at.Unix()
	for key, at := range t.expires {
		if at <= now {
			t.nextOf(key, t.recordsOf(key), now)
			t.mark(key)
		}
	}
}

// wentBack is for a clock that was put back: what expired while it was ahead is in force again, and expires once more.
func (t *term) wentBack(from int64) {
	now := t.at.Unix()
	for key, value := range t.human {
		list, _ := row.DecodeHuman(value)
		for _, h := range list {
			if now < h.Expires && h.Expires <= from {
				t.nextOf(key, t.recordsOf(key), now)
				t.mark(key)
				break
			}
		}
	}
}

// setZone takes over a zone's row; nil for a zone that goes.
func (t *term) setZone(apex string, value []byte) error {
	n, err := zone.ParseName(apex)
	if err != nil {
		return fmt.Errorf("zone row %q: %w", apex, err)
	}
	if value == nil {
		delete(t.world.zones, n)
		return nil
	}
	var z row.HumanZone
	if err := json.Unmarshal(value, &z); err != nil {
		return fmt.Errorf("zone row %q: %w", apex, err)
	}
	t.world.zones[n] = z.Facts
	return nil
}

// repairFacts makes the facts in presented those of the zones.
func (t *term) repairFacts() {
	for key := range t.presented.All() {
		if !strings.HasPrefix(key, "@") {
			continue
		}
		if n, ok := row.ZoneOf(key); ok {
			if _, ok := t.world.zones[n]; ok {
				continue
			}
		}
		t.tx.presented.Delete(key)
	}
	for n, facts := range t.world.zones {
		t.tx.presented.Put(row.ZoneKey(n), encode(facts))
	}
}

// maxHistory bounds how many loads are remembered by their time: some 30 KB.
const maxHistory = 500

// noteLoaded remembers when a commit was loaded, so that the age of what came with it can be told.
func (t *term) noteLoaded(commit string) {
	var list []row.LoadedAt
	if value, ok := t.tx.zones.Get(row.KeyHistory); ok {
		_ = json.Unmarshal(value, &list) // a damaged row begins anew: ages are then not known
	}
	list = slices.DeleteFunc(list, func(l row.LoadedAt) bool { return l.Commit == commit })
	list = append(list, row.LoadedAt{Commit: commit, At: t.at.Unix()})
	t.tx.zones.Put(row.KeyHistory, encode(list[max(0, len(list)-maxHistory):]))
}
