package compare

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync/atomic"
	"time"
)

// Run is one comparison. Its fields are set before Do.
type Run struct {
	Here, There Asker
	QPS         int            // questions a second to each, at least 1
	Ignore      map[Class]bool // classes that are not reported
	Asked       atomic.Int64   // for whoever watches

	// Report hears of each difference, in the order of the questions. It must not be nil.
	Report func(Difference) error
}

// Summary of a run.
type Summary struct {
	Questions   int           `json:"questions"`
	Differences map[Class]int `json:"differences"`
	Unanswered  int           `json:"unanswered"` // questions to which one of the two gave no answer
	Silent      string        `json:"silent,omitempty"`
}

// Different counts all classes.
func (s Summary) Different() (n int) {
	for _, k := range s.Differences {
		n += k
	}
	return n
}

// ErrSilent says that a server gave no answer again and again.
var ErrSilent = errors.New("gives no answer")

// Bounds: so many questions are on their way at once, and after so many in a row without answer it ends.
const (
	askers    = 8
	maxSilent = 8
)

// Do asks every question of both, and reports in the order of the questions. The summary is true up to an error: the questions', the
// report's, or ErrSilent.
func (r *Run) Do(ctx context.Context, questions iter.Seq2[Question, error]) (Summary, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	asked := make(chan *exchange, askers)
	go func() {
		defer close(asked)
		tick := time.NewTicker(time.Second / time.Duration(max(r.QPS, 1)))
		defer tick.Stop()
		for q, err := range questions {
			if err != nil {
				cancel(err)
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
			e := &exchange{question: q, done: make(chan struct{})}
			asked <- e
			go e.run(ctx, r)
		}
	}()
	t := tally{run: r, sum: Summary{Differences: map[Class]int{}}}
	for e := range asked {
		<-e.done
		if ctx.Err() != nil {
			continue
		}
		if err := t.take(e); err != nil {
			cancel(err)
		}
	}
	return t.sum, context.Cause(ctx)
}

// exchange is one question with both answers, once done is closed.
type exchange struct {
	question    Question
	here, there Answer
	err         error
	done        chan struct{}
}

func (e *exchange) run(ctx context.Context, r *Run) {
	defer close(e.done)
	if e.here, e.err = r.Here.Ask(ctx, e.question); e.err == nil {
		e.there, e.err = r.There.Ask(ctx, e.question)
	}
	r.Asked.Add(1)
}

// tally gathers what comes back.
type tally struct {
	run    *Run
	sum    Summary
	silent int // in a row
}

func (t *tally) take(e *exchange) error {
	t.sum.Questions++
	if e.err != nil {
		t.sum.Unanswered++
		t.sum.Silent = e.err.Error()
		if t.silent++; t.silent == maxSilent {
			return fmt.Errorf("%w: %w", ErrSilent, e.err)
		}
		return nil
	}
	t.silent = 0
	for _, d := range Differ(e.question, e.here, e.there) {
		if t.run.Ignore[d.Class] {
			continue
		}
		t.sum.Differences[d.Class]++
		if err := t.run.Report(d); err != nil {
			return err
		}
	}
	return nil
}
