package fleet

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"zonecast/internal/store"
)

// Sender takes reports to where they are kept.
type Sender interface {
	Send(ctx context.Context, r Report) error
	// Lost tells that what was sent last is not kept any more.
	Lost() bool
}

// Pace bounds how often a proxy writes.
type Pace struct {
	Every time.Duration // at most one report in so long
}

const (
	lookEvery   = time.Second      // how often a proxy looks at itself, which costs nothing
	refresh     = 6                // times Every: the longest time without a report
	firstWithin = time.Second      // the first report
	lastPause   = 10 * time.Minute // between tries that fail
	sendTime    = 10 * time.Second
)

// Keep sends a proxy's reports until ctx ends. What goes wrong is logged once, and tried again.
func Keep(ctx context.Context, to Sender, observe func() Report, pace Pace, log *slog.Logger) {
	k := keeping{to: to, pace: pace, log: log}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		k.look(ctx, observe())
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

type keeping struct {
	to   Sender
	pace Pace
	log  *slog.Logger

	last  Report    // as sent
	at    time.Time // when; zero before the first
	due   time.Time // of the next one; zero while nothing is to be said
	tries int       // that failed in a row
	said  string    // the fault that was logged
}

// look sends the report when its time has come. A change is not sent at once but after a delay drawn from Every: all
// proxies see a release in the same moment.
func (k *keeping) look(ctx context.Context, r Report) {
	now := time.Now()
	if k.due.IsZero() {
		switch {
		case k.at.IsZero():
			k.due = now.Add(rand.N(firstWithin))
		case r.differs(k.last) || k.to.Lost():
			k.due = now.Add(rand.N(k.pace.Every))
			if next := k.at.Add(k.pace.Every); k.due.Before(next) {
				k.due = next
			}
		case now.Sub(k.at) >= (refresh-1)*k.pace.Every:
			k.due = now.Add(rand.N(k.pace.Every))
		}
	}
	if k.due.IsZero() || now.Before(k.due) {
		return
	}
	sending, cancel := context.WithTimeout(ctx, sendTime)
	err := k.to.Send(sending, r)
	cancel()
	if err == nil {
		k.last, k.at, k.due, k.tries, k.said = r, time.Now(), time.Time{}, 0, ""
		return
	}
	if ctx.Err() != nil {
		return
	}
	pause := min(k.pace.Every<<min(k.tries, 10), lastPause)
	k.tries++
	k.due = time.Now().Add(pause/2 + rand.N(pause/2+1))
	if text := err.Error(); text != k.said {
		k.said = text
		if errors.Is(err, store.ErrDenied) {
			k.log.Warn("this proxy may not report itself: the fleet's summary goes without it", "err", err)
		} else {
			k.log.Warn("cannot report to the fleet's summary; answers go on", "err", err)
		}
	}
}

// StoreSender keeps reports through a session of the proxy's own.
type StoreSender struct{ slot slot }

// NewStoreSender is for one id.
func NewStoreSender(st store.Store, id string) *StoreSender {
	return &StoreSender{slot{st: st, node: Node(id)}}
}

// Send implements Sender.
func (s *StoreSender) Send(ctx context.Context, r Report) error { return s.slot.write(ctx, r) }

// Lost implements Sender.
func (s *StoreSender) Lost() bool { return !s.slot.current() }
