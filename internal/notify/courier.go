package notify

import (
	"context"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"time"
)

// Pauses between tries that fail: doubled from the first to the last, each drawn from its upper half.
const (
	firstPause = time.Second
	lastPause  = time.Minute
)

// courier tells one receiver. Its fields belong to its goroutine; wanted is a mailbox of one letter, the newest.
type courier struct {
	name   string
	to     *sender
	env    envelope
	m      *metrics
	log    *slog.Logger
	wanted chan map[string]Notice
	told   map[string]Notice // by alarm.Key: what the receiver believes to be wrong, and the events it has heard of
	done   chan<- delivery
}

// delivery is what a receiver was told just now.
type delivery struct {
	receiver string
	put      map[string]Notice
	drop     []string
}

// put leaves the newest letter in the mailbox.
func (c *courier) put(wanted map[string]Notice) {
	select {
	case <-c.wanted:
	default:
	}
	c.wanted <- wanted
}

// run works until ctx ends.
func (c *courier) run(ctx context.Context) error {
	var wanted map[string]Notice
	var repeated time.Time // when the receiver was told everything; zero: not in this term
	retry := time.NewTimer(time.Hour)
	defer retry.Stop()
	pause, said := firstPause, ""
	for {
		var due <-chan time.Time
		if said != "" {
			due = retry.C
		}
		select {
		case <-ctx.Done():
			return nil
		case wanted = <-c.wanted:
			if said != "" {
				continue // its pause is not over
			}
		case <-due:
		}
		again := c.to.Format == formatAlertmanager && time.Since(repeated) >= c.env.repeat
		if again {
			repeated = time.Now()
		}
		told, err := c.tell(ctx, wanted, again)
		if ctx.Err() != nil {
			return nil
		}
		if err == nil {
			if said != "" && told {
				c.log.Info("the receiver of notifications is back", "receiver", c.name)
			}
			pause, said = firstPause, ""
			continue
		}
		repeated = time.Time{}
		c.m.failures.WithLabelValues(c.name).Inc()
		if text := err.Error(); text != said {
			c.log.Warn("a notification is not delivered; it is tried again", "receiver", c.name, "err", err)
			said = text
		}
		retry.Reset(pause/2 + rand.N(pause/2))
		pause = min(2*pause, lastPause)
	}
}

// tell sends what is new and what is over, or, again, everything that is wrong; in portions. Told is whether the receiver took any.
func (c *courier) tell(ctx context.Context, wanted map[string]Notice, again bool) (told bool, err error) {
	now := time.Now()
	var keys []string
	letters := map[string]Notice{}
	for _, key := range slices.Sorted(maps.Keys(wanted)) {
		n := wanted[key]
		old, known := c.told[key]
		if known && (!again || n.Status == Event) {
			continue
		}
		if known {
			n.Since = old.Since
		}
		keys, letters[key] = append(keys, key), n
	}
	for _, key := range slices.Sorted(maps.Keys(c.told)) {
		if _, still := wanted[key]; still {
			continue
		}
		n := c.told[key]
		if n.Status == Event { // too old to be wanted: forgotten
			delete(c.told, key)
			c.deliver(ctx, delivery{c.name, nil, []string{key}})
			continue
		}
		n.Status, n.Ended = Resolved, now.Unix()
		keys, letters[key] = append(keys, key), n
	}
	for part := range slices.Chunk(keys, maxNotices) {
		notices := make([]Notice, len(part))
		for i, key := range part {
			notices[i] = letters[key]
		}
		body, err := c.env.encode(c.to.Format, notices, now)
		if err != nil {
			return told, err
		}
		if _, err := c.to.post(ctx, body); err != nil {
			return told, err
		}
		told = true
		c.m.sent.WithLabelValues(c.name).Add(float64(len(part)))
		d := delivery{receiver: c.name, put: map[string]Notice{}}
		for _, key := range part {
			n := letters[key]
			if n.Status == Resolved {
				delete(c.told, key)
				d.drop = append(d.drop, key)
			} else if _, known := c.told[key]; !known {
				c.told[key], d.put[key] = n, n
			}
		}
		c.deliver(ctx, d)
	}
	return told, nil
}

func (c *courier) deliver(ctx context.Context, d delivery) {
	if len(d.put)+len(d.drop) == 0 {
		return
	}
	select {
	case c.done <- d:
	case <-ctx.Done():
	}
}
