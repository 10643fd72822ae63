package presenter

import (
	"slices"
	"time"

	"zonecast/internal/override"
	"zonecast/internal/row"
	"zonecast/internal/zone"
)

// soon is how long before its end an override counts as expiring.
const soon = 24 * time.Hour

// The states of overrides in the metric. One may be in several.
const (
	tallyForce    = "in_force"
	tallyExpiring = "expiring" // in force, and its end is soon
	tallyExpired  = "expired"
	tallyUseless  = "useless" // in force, and no longer matters
	tallyByHand   = "by_hand"
)

var tallyStates = []string{tallyForce, tallyExpiring, tallyExpired, tallyUseless, tallyByHand}

// tally is what the overrides at a name are.
type tally struct {
	force, expired, useless int
	ends                    []int64 // of those in force, Unix seconds
}

// tallyOf counts the overrides of a name. Most have none, and cost a look at their claims.
func tallyOf(n zone.Name, p row.Presented) (c tally) {
	some := false
	for _, list := range [][]row.Claim{p.Claims, p.Shadowed} {
		for i := range list {
			some = some || override.IsOne(list[i].Origin)
		}
	}
	if !some {
		return c
	}
	for _, o := range override.At(n, p) {
		switch o.State {
		case override.InForce:
			c.force++
			if o.Stale != "" {
				c.useless++
			}
			if o.Expires != 0 {
				c.ends = append(c.ends, o.Expires)
			}
		case override.Expired:
			c.expired++
		}
	}
	return c
}

func (c tally) none() bool { return c.force+c.expired == 0 }

// tallies are those of all names that have overrides, and their sums.
type tallies struct {
	names map[string]tally
	sum   tally
	moved bool // since they were last given to the metrics
}

func (a *tallies) put(key string, c tally) {
	old, had := a.names[key]
	if !had && c.none() {
		return
	}
	a.moved = true
	a.sum.force += c.force - old.force
	a.sum.expired += c.expired - old.expired
	a.sum.useless += c.useless - old.useless
	if c.none() {
		delete(a.names, key)
	} else {
		a.names[key] = c
	}
}

// expiring counts those in force whose end is soon.
func (a *tallies) expiring(now time.Time) (n int) {
	for _, c := range a.names {
		for _, end := range c.ends {
			if left := time.Unix(end, 0).Sub(now); left > 0 && left <= soon {
				n++
			}
		}
	}
	return n
}

// countOverrides brings the metric up to date: when names with overrides changed, and with the clock.
func (t *term) countOverrides() {
	t.tallies.moved = false
	for state, n := range map[string]int{tallyForce: t.tallies.sum.force, tallyExpired: t.tallies.sum.expired, tallyUseless: t.tallies.sum.useless,
		tallyExpiring: t.tallies.expiring(t.at), tallyByHand: len(t.glass.byID)} {
		t.metrics.overrides.WithLabelValues(state).Set(float64(n))
	}
}

// recallTallies counts what is presented already: a comparison at the start works out only what differs.
func (t *term) recallTallies() {
	count := func(key string) {
		n, err := zone.ParseName(key)
		p, ok := t.lastAt(key)
		if err == nil && ok {
			t.tallies.put(key, tallyOf(n, p))
		}
	}
	for key := range t.human {
		if slices.ContainsFunc(t.recordsOf(key), func(h row.HumanRecord) bool { return h.Mode != "" || h.Expires != 0 }) {
			count(key)
		}
	}
	for key := range t.glass.byName {
		count(key)
	}
	t.tallies.moved = true
}
