package rules

import (
	"fmt"
	"runtime"
	"sync"

	"zonecast/internal/inventory"
)

// item is one event on its way: what it asks and what became of it.
type item struct {
	event   inventory.Event
	feed    string
	listed  bool // from a full list
	line    int
	checked *checked // the attributes, against the kind; nil for a delete, or when refused
	answer  inventory.Answer
}

func (it *item) set(v inventory.Verdict) {
	it.answer = inventory.Answer{Line: it.line, Status: v.Status, Reason: v.Reason}
}

// settle works the batch's items off: attributes are checked side by side, revisions decided in order, each
// changed entity is evaluated once (the last state counts), side by side again, and what it gives is written in order.
func (b *batch) settle() {
	b.expect(len(b.items))
	b.l.parallel(len(b.items), func(w *worker, i int) { b.l.check(b.items[i]) })
	for _, it := range b.items {
		b.decide(it)
	}
	b.byEvents = true
	b.evaluate(b.order)
	for _, it := range b.items {
		b.l.metrics.events.WithLabelValues(it.answer.Status).Inc()
		if it.checked != nil && len(it.checked.Unknown) > 0 && it.answer.Status == inventory.Accepted {
			b.l.metrics.unknown.WithLabelValues(it.event.Kind).Add(float64(len(it.checked.Unknown)))
		}
	}
}

// parallel runs do for 0..n-1 on all workers, or on one where that would cost more than it gives.
func (l *lead) parallel(n int, do func(w *worker, i int)) {
	if n < 32 {
		for i := range n {
			do(l.engine.workers[0], i)
		}
		return
	}
	const stretch = 64
	var group sync.WaitGroup
	next := make(chan int, n/stretch+1)
	for i := 0; i < n; i += stretch {
		next <- i
	}
	close(next)
	for _, w := range l.engine.workers {
		group.Go(func() {
			for i := range next {
				for j := i; j < min(i+stretch, n); j++ {
					do(w, j)
				}
			}
		})
	}
	group.Wait()
}

// workers is how many evaluate at once.
func workerCount() int { return max(2, min(8, runtime.GOMAXPROCS(0))) }

func (l *lead) check(it *item) {
	if it.event.Op != inventory.Put || it.answer.Status != "" {
		return
	}
	c, err := l.engine.check(it.event.Kind, it.event.ID, it.event.Attrs)
	if err != nil {
		it.set(inventory.Verdict{Status: inventory.Refused, Reason: "bad-attrs: " + err.Error()})
		return
	}
	it.checked = c
}

// decide takes an item's event into the batch, or says why not.
func (b *batch) decide(it *item) {
	if it.answer.Status != "" {
		return
	}
	l := b.l
	if l.feeds[it.feed] == nil && len(l.feeds) >= l.cfg.Limits.Feeds {
		it.set(inventory.Verdict{Status: inventory.Refused, Reason: fmt.Sprintf("too-many: %d feeds", len(l.feeds))})
		return
	}
	if it.event.Op == inventory.Alive {
		b.alive(it, b.feed(it.feed))
		return
	}
	b.heard(it.feed)
	e := b.entity(it.event.Key())
	next, verdict := inventory.Change(e.row, e.ok, &it.event, it.feed, it.listed, b.now.Unix())
	if verdict.Status == inventory.Accepted && (!e.ok || e.row.Gone()) && !next.Gone() && l.entities >= l.cfg.Limits.Entities {
		verdict = inventory.Verdict{Status: inventory.Refused, Reason: fmt.Sprintf("too-many: %d entities", l.entities)}
	}
	it.set(verdict)
	if verdict.Status == inventory.Accepted {
		b.change(e, next)
		e.item = it
		e.items = append(e.items, it)
	}
}

// alive takes a sign of life. It says how current the sender is, and never more than now: a clock that is ahead must
// not make a feed look fresh after it has fallen silent.
func (b *batch) alive(it *item, f *feedState) {
	asOf := it.event.AsOf
	if asOf.IsZero() || asOf.After(b.now) {
		asOf = b.now
	}
	switch at := asOf.Unix(); {
	case at < f.Alive:
		it.set(inventory.Verdict{Status: inventory.Ignored, Reason: "older: a newer as_of is known"})
	default:
		f.Alive = at
		b.feeds[it.feed] = true
		it.set(inventory.Verdict{Status: inventory.Accepted})
	}
}
