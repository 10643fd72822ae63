package notify

import (
	"fmt"
	"time"

	"zonecast/internal/alarm"
	"zonecast/internal/decision"
)

// patience is how long an alarm must last before somebody is told: a takeover is none.
var patience = map[string]time.Duration{
	alarm.SourceStale: 30 * time.Second, alarm.NoLeader: 30 * time.Second, alarm.NotPresenting: 30 * time.Second, alarm.NotReleasing: 30 * time.Second, alarm.ProxiesLag: 5 * time.Minute,
	alarm.ProxiesGone: 5 * time.Minute,
}

// Decided is the name of notices of what people decided: a held thing let go, a rollback, a new epoch.
const Decided = "ZonecastDecision"

// remember is how long a decision is told of to a receiver that cannot be reached.
const remember = 7 * 24 * time.Hour

// watchman knows since when each alarm has been seen.
type watchman struct {
	seen  map[string]time.Time // by key
	since int64                // decisions before it are none of ours, Unix seconds
}

// wanted gives what receivers should know.
func (w *watchman) wanted(alarms []alarm.Alarm, decisions []decision.Entry, known func(key string) bool, now time.Time) map[string]Notice {
	list, seen := map[string]Notice{}, map[string]time.Time{}
	for _, a := range alarms {
		key := a.Key()
		first, ok := w.seen[key]
		if !ok {
			first = now
		}
		seen[key] = first
		if !known(key) && now.Sub(first) < patience[a.Name] {
			continue
		}
		if a.Since == 0 {
			a.Since = first.Unix()
		}
		list[key] = Notice{Status: Firing, Alarm: a}
	}
	w.seen = seen
	for _, d := range decisions {
		if d.At < w.since || now.Unix()-d.At > int64(remember/time.Second) {
			continue
		}
		what := d.What
		if d.Subject != "" {
			what += " of " + d.Unit + " " + d.Subject
		}
		a := alarm.Alarm{Name: Decided, Severity: alarm.Info, Subject: fmt.Sprintf("%s %s %d %s", d.Stage, d.What, d.At, d.ID), Since: d.At,
			Text: fmt.Sprintf("%s by %s (%s): %s", what, d.By, d.From, d.Reason), Do: "nothing: zonecast held log lists what was decided"}
		list[a.Key()] = Notice{Status: Event, Alarm: a}
	}
	return list
}
