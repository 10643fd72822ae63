package rules

import (
	"slices"
	"time"

	"zonecast/internal/inventory"
)

func sortTombs(tombs []tomb) {
	slices.SortFunc(tombs, func(a, b tomb) int { return int(a.deleted - b.deleted) })
}

// configureFeeds brings the feeds into line with the configuration: watched files are feeds from the start, so that
// one that was never read looks stale, and a max_age may have changed.
func (l *lead) configureFeeds() {
	for _, f := range l.feeds {
		f.File = "" // a feed that had a file and has none any more counts as pushed
		f.MaxAge = 0
	}
	for name, c := range l.cfg.Feeds {
		if l.feeds[name] == nil {
			l.feeds[name] = &feedState{Feed: inventory.Feed{Name: name, First: l.begun.Unix()}}
		}
		l.feeds[name].MaxAge = int64(c.MaxAge / time.Second)
	}
	for _, w := range l.watched {
		if l.feeds[w.feed] == nil {
			l.feeds[w.feed] = &feedState{Feed: inventory.Feed{Name: w.feed, First: l.begun.Unix()}}
		}
		l.feeds[w.feed].File = w.path
	}
	for _, f := range l.feeds {
		f.dirty = true
	}
}

// feed gives a feed's state, making it when it is new.
func (b *batch) feed(name string) *feedState {
	f := b.l.feeds[name]
	if f == nil {
		f = &feedState{Feed: inventory.Feed{Name: name, First: b.now.Unix()}}
		b.l.feeds[name] = f
		b.feeds[name] = true
	}
	f.dirty = true
	return f
}

// heard notes that a feed sent something. Its row is written at once where its age counts (max_age), since an
// acknowledged sign of life must not be lost; else with the next beat.
func (b *batch) heard(name string) *feedState {
	f := b.feed(name)
	f.Last = b.now.Unix()
	if f.MaxAge > 0 {
		b.feeds[name] = true
	}
	return f
}

func (b *batch) writeFeeds() {
	for name := range b.feeds {
		f := b.l.feeds[name]
		if value := f.Encode(); !same(b.inv, inventory.PrefixFeed+name, value) {
			b.inv.Put(inventory.PrefixFeed+name, value)
		}
		f.dirty = false
	}
}

// asOf is how current the source is: as its oldest feed, or now when it has none.
func (l *lead) asOf(now time.Time) time.Time {
	oldest := now
	for _, f := range l.feeds {
		if t := f.AsOf(now); t.Before(oldest) {
			oldest = t
		}
	}
	return oldest
}

// feedRowsEvery bounds how often rows of feeds are written for the sake of their counts alone.
const feedRowsEvery = 10 * time.Second

// forgetMost bounds what one beat forgets.
const forgetMost = 1000

// forget drops tombstones that are old enough, or too many, and lets feeds' rows catch up.
func (b *batch) forget() {
	l := b.l
	for n := 0; len(l.tombs) > 0 && n < forgetMost; n++ {
		t := l.tombs[0]
		if len(l.tombs) <= l.cfg.Limits.Tombstones && b.now.Unix()-t.deleted < inventory.TombstoneAge {
			break
		}
		l.tombs = l.tombs[1:]
		if e := b.entity(t.key); e.ok && e.row.Deleted == t.deleted {
			b.inv.Delete(t.key)
			delete(b.entities, t.key)
		}
	}
	if b.now.Sub(l.feedRows) < feedRowsEvery {
		return
	}
	l.feedRows = b.now
	for name, f := range l.feeds {
		if f.dirty {
			b.feeds[name] = true
		}
	}
}
