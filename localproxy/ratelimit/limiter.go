package ratelimit

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"sync/atomic"
	"time"

	"zonecast/internal/zone"
	"zonecast/localproxy/access"
)

// Kind is what a response says. Like responses have the same kind.
type Kind uint8

// The kinds.
const (
	Answer   Kind = iota
	NoData        // the name exists, the type does not
	NotFound      // NXDOMAIN
	Referral
	Fault // all other rcodes: REFUSED, FORMERR and so on; they share one bucket, whatever the name
)

// Verdict is what is to become of a response.
type Verdict uint8

// The verdicts.
const (
	Send Verdict = iota
	Slip         // send it truncated
	Drop
)

// The table is 1 MiB: 131,072 buckets in sets of a cache line. NSD's default is 1,000,000 buckets of 32 octets.
const (
	setSize = 8
	sets    = 1 << 14
)

// A bucket is a word, so that one compare-and-swap changes it: the tag of its key, a count of what was limited, and
// the time at which it is full again, in microseconds. That time wraps after 12 days: a bucket that looks far further
// from full than empty is an old one, and full.
const (
	dueBits  = 40
	slipBits = 4
	dueMask  = 1<<dueBits - 1
	slipMask = 1<<slipBits - 1
	tagShift = dueBits + slipBits
)

// Limiter judges responses. Any number of goroutines may ask it; nothing locks or allocates.
type Limiter struct {
	exempt *access.Gate
	key    keyed
	cost   uint64 // of a response, in microseconds
	full   uint64 // what a bucket holds
	slip   uint64
	table  [][setSize]atomic.Uint64 // a power of two of sets
}

// New makes a limiter; nil when the config has limits switched off.
func New(c Config) (*Limiter, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	if c.ResponsesPerSecond == 0 {
		return nil, nil
	}
	rules, err := access.Parse(c.Exempt)
	if err != nil {
		return nil, fmt.Errorf("exempt: %w", err)
	}
	exempt, err := access.NewGate(rules)
	if err != nil {
		return nil, fmt.Errorf("exempt: %w", err)
	}
	key, err := newKeyed(c.IPv4Prefix, c.IPv6Prefix)
	if err != nil {
		return nil, fmt.Errorf("seed of the rate limits: %w", err)
	}
	cost := uint64(time.Second.Microseconds()) / uint64(c.ResponsesPerSecond)
	return &Limiter{exempt: exempt, key: key, cost: cost, full: cost * uint64(c.ResponsesPerSecond),
		slip: uint64(c.Slip), table: make([][setSize]atomic.Uint64, sets)}, nil
}

// Run keeps the host's own addresses current among the exempt ones, until ctx ends.
func (l *Limiter) Run(ctx context.Context, log *slog.Logger) { l.exempt.Run(ctx, log) }

// retries of a swap that another goroutine's made fail. After that the response goes out uncounted: so many at
// the same instant are as many processors.
const retries = 4

// Judge takes one response into account. now is the time since any fixed moment; name may have any case, and
// is without meaning for a Fault.
func (l *Limiter) Judge(now time.Duration, client netip.Addr, kind Kind, name zone.Name) Verdict {
	if client.IsLoopback() || l.exempt.Set().Has(client) {
		return Send
	}
	if kind == Fault {
		name = ""
	}
	hash := l.key.hash(client, kind, name)
	tag, at := hash>>tagShift, uint64(now.Microseconds())&dueMask
	set := &l.table[hash&uint64(len(l.table)-1)]
	for range retries {
		cell, old := l.find(set, tag, at)
		next, verdict := l.take(old, tag, at)
		if cell.CompareAndSwap(old, next) {
			return verdict
		}
	}
	return Send
}

// find gives the bucket with the tag, or the fullest one, which is the one to lose.
func (l *Limiter) find(set *[setSize]atomic.Uint64, tag, at uint64) (*atomic.Uint64, uint64) {
	for i := range set {
		if c := set[i].Load(); c>>tagShift == tag {
			return &set[i], c
		}
	}
	best, least, content := 0, ^uint64(0), uint64(0)
	for i := range set {
		c := set[i].Load()
		if debt := l.debt(c, at); debt < least {
			best, least, content = i, debt, c
		}
	}
	return &set[best], content
}

// debt is how long a bucket needs to be full again. More than there can be is what a goroutine sees that read the clock
// before another one changed the bucket: taken for an old bucket's, it would fill this one in the middle of a flood.
func (l *Limiter) debt(cell, at uint64) uint64 {
	if debt := (cell - at) & dueMask; cell != 0 && debt <= 2*l.full {
		return debt
	}
	return 0 // an old bucket, or one that was never used
}

// take lets one response out of a bucket, or counts that it was limited.
func (l *Limiter) take(cell, tag, at uint64) (next uint64, v Verdict) {
	debt, limited := l.debt(cell, at), cell>>dueBits&slipMask
	if debt+l.cost <= l.full {
		return tag<<tagShift | limited<<dueBits | (at+debt+l.cost)&dueMask, Send
	}
	v, limited = Drop, limited+1
	if limited >= max(l.slip, 1) {
		if limited = 0; l.slip > 0 {
			v = Slip
		}
	}
	return tag<<tagShift | limited<<dueBits | (at+debt)&dueMask, v
}
