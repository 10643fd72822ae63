// Package follow keeps a proxy's release current: it waits for the stream's signed head, fetches what is missing,
// verifies, persists, swaps (P4, P6).
//
// In: a Source (the store, or HTTP alone). Out: releases in a live.Slot, and the files of lastgood. A head is accepted
// when one of the keys signed it, this program can read it, it is of the configured stream and newer than the one in
// force; its content when every link of the hash chain from what is in force (or from a base that the head vouches
// for) holds, and the result passes the sentinels: zones there, each with its SOA. Everything else is refused, counted
// by reason and logged once, and the old release goes on being served.
//
// When the floor below fails (store, network, publisher, disk), it tries again with growing, jittered pauses and
// nothing else happens (P5). Expired heads alarm; they are never taken out of service.
package follow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"zonecast/internal/release"
)

// ErrGone is a log entry that the source does not have: trimmed, most likely.
var ErrGone = errors.New("not in the log")

// Source is where releases come from.
type Source interface {
	// Head waits until the stream has a signed head other than seen (nil: any) and returns it. have is the head in
	// force, the zero value if there is none.
	Head(ctx context.Context, seen []byte, have release.Head) ([]byte, error)
	// Entry gives a version's encoded entry, or ErrGone.
	Entry(ctx context.Context, version uint64) ([]byte, error)
	// FetchBase writes the base's octets from offset on. What was written before an error counts.
	FetchBase(ctx context.Context, b release.Base, offset int64, w io.Writer) error
}

// Reason says why something was refused; the values are few, for metrics.
type Reason string

// The reasons.
const (
	ReasonSignature Reason = "signature"
	ReasonFormat    Reason = "format"
	ReasonReader    Reason = "reader"   // the head wants a newer program
	ReasonStream    Reason = "stream"   // the head is of another stream
	ReasonRollback  Reason = "rollback" // older than what is in force
	ReasonChain     Reason = "chain"
	ReasonEntry     Reason = "entry"
	ReasonBase      Reason = "base" // hash, size or counts are not what was announced, or the file is corrupt
	ReasonEmpty     Reason = "empty"
	ReasonSentinel  Reason = "sentinel" // a zone without its SOA
)

// Reasons lists all of them.
var Reasons = []Reason{ReasonSignature, ReasonFormat, ReasonReader, ReasonStream, ReasonRollback, ReasonChain, ReasonEntry,
	ReasonBase, ReasonEmpty, ReasonSentinel}

// Refusal is a head or its content that is not accepted.
type Refusal struct {
	Reason Reason
	Err    error
	head   bool // the head itself: only another head can mend it
}

func (r *Refusal) Error() string { return fmt.Sprintf("refused (%s): %v", r.Reason, r.Err) }

// Unwrap gives the cause.
func (r *Refusal) Unwrap() error { return r.Err }

func refuse(reason Reason, format string, args ...any) error {
	return &Refusal{Reason: reason, Err: fmt.Errorf(format, args...)}
}

// Pauses between tries: doubled from the first to the last, each drawn from its upper half, so that a thousand
// hosts do not come back at the same moment.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 30 * time.Second
)

type backoff struct{ tries int }

func (b *backoff) reset() { b.tries = 0 }

// wait pauses; false when ctx ended.
func (b *backoff) wait(ctx context.Context) bool {
	pause := min(firstPause<<min(b.tries, 20), lastPause)
	b.tries++
	return sleep(ctx, pause/2+rand.N(pause/2))
}

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
