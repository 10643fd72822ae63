package inventory

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// PrefixFeed + name is the key of a feed's row; PrefixList + name + "#0000" keeps a held list's text in chunks.
const (
	PrefixFeed = "@feed/"
	PrefixList = "@list/"
)

// DefaultFeed is the feed of events that name none.
const DefaultFeed = "events"

// Feed is what is known of one feed; its row is JSON. Times are Unix seconds, 0 is never.
type Feed struct {
	Name     string `json:"name"`
	File     string `json:"file,omitempty"`       // the watched file; "": it is pushed over HTTP
	First    int64  `json:"first"`                // when it was first heard of
	LastRead int64  `json:"last_read,omitempty"`  // of a complete list
	Last     int64  `json:"last_event,omitempty"` // that was taken, whatever became of it
	Alive    int64  `json:"alive,omitempty"`      // the as_of of the newest alive
	MaxAge   int64  `json:"max_age,omitempty"`    // seconds; 0: a pushed feed counts as current
	Owned    int    `json:"owned"`                // live entities, when the row was written
	Error    string `json:"error,omitempty"`      // why the file could not be read
}

// AsOf is how current the feed is at a time (P8). A file: its last complete read. A pushed feed cannot tell silence
// from death, so it counts as current, unless it promises a sign of life within MaxAge: then it is as old as its last one,
// and one that never gave any as old as the knowledge of it.
func (f Feed) AsOf(now time.Time) time.Time {
	switch {
	case f.File != "":
		return time.Unix(max(f.LastRead, f.First), 0)
	case f.MaxAge > 0:
		last := max(f.Last, f.LastRead, f.Alive)
		if last == 0 {
			last = f.First
		}
		return time.Unix(min(last, now.Unix()), 0)
	}
	return now
}

// Encode makes the feed's row.
func (f Feed) Encode() []byte {
	b, err := json.Marshal(f)
	if err != nil {
		panic(err) // a plain struct of ours: cannot happen
	}
	return b
}

// DecodeFeed reads what Encode made.
func DecodeFeed(b []byte) (f Feed, err error) {
	if err := json.Unmarshal(b, &f); err != nil {
		return f, fmt.Errorf("feed row: %w", err)
	}
	return f, nil
}

// FeedOf gives the feed's name if key is of a feed's row.
func FeedOf(key string) (string, bool) { return strings.CutPrefix(key, PrefixFeed) }
