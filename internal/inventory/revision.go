package inventory

import "bytes"

// Verdict says what an event does to its entity's row.
type Verdict struct {
	Status string
	Reason string // a stable word first: "older", "unchanged", "deleted", "rev-conflict", "owned-by"
}

// The statuses of an event's answer.
const (
	Accepted = "accepted"
	Ignored  = "ignored"
	Refused  = "refused"
	HeldBack = "held"
)

// Change decides about a put or delete that came through a feed, over the entity's row (ok: there is one), at time
// now (Unix seconds). listed says that it comes from a full list. The row returned is the new one when the event was Accepted.
//
// Revisions order events whatever the order of their arrival; older and equal ones are ignored, equal ones with
// other content refused. Events without a revision count as they arrive. A delete leaves a tombstone, for unknown ids too.
// A tombstone of a delete without a revision keeps the entity's last one: repeats of older puts stay ignored, and
// a list that has the entity again, with its old revision, brings it back.
func Change(old Row, ok bool, e *Event, feed string, listed bool, now int64) (Row, Verdict) {
	live := ok && !old.Gone()
	if live && old.Feed != feed {
		return old, Verdict{Refused, "owned-by " + old.Feed + ": that feed put it and alone may change it"}
	}
	if e.Op == Delete {
		return remove(old, ok, e, feed, now)
	}
	next := Row{Rev: e.Rev, Feed: feed, Attrs: e.Raw, Given: old.Given}
	if live {
		next.Born = old.Born
	}
	same := live && bytes.Equal(old.Attrs, e.Raw)
	switch {
	case e.Reborn && !(live && e.Numbered && old.Born == e.Rev+1): // else it repeats the birth of this very life
		if same && (!e.Numbered || old.Rev == e.Rev) {
			return old, Verdict{Ignored, "unchanged"}
		}
		next.Born = e.Rev + 1
	case !ok:
		if !e.Numbered {
			next.Rev = 1
		}
	case !e.Numbered:
		if same {
			return old, Verdict{Ignored, "unchanged"}
		}
		next.Rev = old.Rev + 1
	case e.Rev > old.Rev:
	case e.Rev < old.Rev:
		return old, Verdict{Ignored, "older: revision " + utoa(old.Rev) + " is known"}
	case same:
		return old, Verdict{Ignored, "unchanged"}
	case live || old.Numbered:
		return old, Verdict{Refused, "rev-conflict: revision " + utoa(e.Rev) + " is known with other content"}
	case !listed:
		return old, Verdict{Ignored, "deleted at revision " + utoa(old.Rev)}
	}
	return next, Verdict{Status: Accepted}
}

func remove(old Row, ok bool, e *Event, feed string, now int64) (Row, Verdict) {
	live := ok && !old.Gone()
	next := Row{Rev: e.Rev, Feed: feed, Deleted: max(now, 1), Numbered: e.Numbered, Given: old.Given}
	if !e.Numbered {
		next.Rev = old.Rev
	}
	switch {
	case !ok:
	case !e.Numbered:
		if !live {
			return old, Verdict{Ignored, "unchanged"}
		}
	case e.Rev < old.Rev:
		return old, Verdict{Ignored, "older: revision " + utoa(old.Rev) + " is known"}
	case e.Rev > old.Rev:
	case live:
		return old, Verdict{Refused, "rev-conflict: revision " + utoa(e.Rev) + " is known with other content"}
	case old.Numbered:
		return old, Verdict{Ignored, "unchanged"}
	}
	return next, Verdict{Status: Accepted}
}
