package rules

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/klauspost/compress/zstd"

	"zonecast/internal/inventory"
	"zonecast/internal/load"
	"zonecast/internal/row"
	"zonecast/internal/service"
)

// heldList is Detail of a list that the guard holds; its text lies compressed in the inventory table.
type heldList struct {
	Feed   string           `json:"feed"`
	Format inventory.Format `json:"format"`
	SHA256 string           `json:"sha256"` // of the text
	Chunks int              `json:"chunks"`
	Owned  int              `json:"owned"` // by the feed, when it was held
	Gone   int              `json:"gone"`  // how many a release deletes
	Sample []string         `json:"sample"`
}

const (
	listChunk  = 64 << 10
	listSample = 20
)

// takeList takes a feed's full list: parsed by the caller's goroutine, applied by the loop. The error is a *refusal
// when the list cannot be read: then the feed counts as absent and nothing is deleted (P2).
func (l *lead) takeList(ctx context.Context, feed string, format inventory.Format, text []byte) (inventory.ListAnswer, error) {
	list, err := inventory.ParseList(format, text)
	if err != nil {
		return inventory.ListAnswer{}, &refusal{http.StatusBadRequest, fmt.Errorf("list: %w", err)}
	}
	var a inventory.ListAnswer
	if err := l.do(ctx, &job{run: func(_ context.Context, b *batch) (err error) {
		a, err = b.applyList(feed, format, text, list, false)
		return err
	}}); err != nil {
		return inventory.ListAnswer{}, err // the job may be under way still: a is not ours to read
	}
	return a, nil
}

// applyList brings what the feed owns into line with its list. What would delete too much is held as a whole.
func (b *batch) applyList(feed string, format inventory.Format, text []byte, list inventory.List, released bool) (a inventory.ListAnswer, err error) {
	l := b.l
	if l.feeds[feed] == nil && len(l.feeds) >= l.cfg.Limits.Feeds {
		return a, &refusal{http.StatusConflict, fmt.Errorf("%d feeds: no more are taken", len(l.feeds))}
	}
	present := itemsOf(feed, list, b)
	f := b.heard(feed)
	b.feeds[feed] = true
	var gone []string
	if list.Complete {
		gone = b.gone(feed, present)
	}
	if cause := l.cfg.Guard.Allows(f.Owned, len(gone), len(gone) < f.Owned || b.brings()); cause != nil && !released {
		b.items = nil
		if f.File != "" {
			f.LastRead = b.now.Unix()
		}
		id, err := b.holdList(feed, format, text, gone, f.Owned, cause)
		return inventory.ListAnswer{Status: inventory.HeldBack, Reason: cause.Error(), HeldID: id}, err
	}
	b.dropList(feed, "")
	for _, key := range gone {
		kind, id, _ := inventory.SplitKey(key)
		b.items = append(b.items, &item{feed: feed, listed: true, event: inventory.Event{Op: inventory.Delete, Kind: kind, ID: id}})
	}
	if list.Complete {
		f.LastRead, f.Error = b.now.Unix(), ""
	}
	b.settle()
	a = b.answerList(feed, list, len(gone))
	b.items = nil // settled
	return a, nil
}

// itemsOf turns a list's items into the batch's and gives the keys that are in the list. An entity stands once in
// a list, or else with growing revisions. An item of op delete says that the entity is gone, so it may go without the guard.
func itemsOf(feed string, list inventory.List, b *batch) (present map[string]bool) {
	present = make(map[string]bool, len(list.Items))
	b.items = make([]*item, 0, len(list.Items))
	for _, in := range list.Items {
		it := &item{event: in.Event, feed: feed, listed: true, line: in.Line}
		key := in.Event.Key()
		switch {
		case in.Err != nil:
			it.set(inventory.Verdict{Status: inventory.Refused, Reason: in.Err.Error()})
		case present[key] && in.Event.Op == inventory.Put && !in.Event.Numbered:
			it.set(inventory.Verdict{Status: inventory.Refused, Reason: "twice: " + key + " is in the list already"})
		}
		if in.Event.Op != inventory.Alive && in.Event.ID != "" {
			present[key] = true
		}
		b.items = append(b.items, it)
	}
	return present
}

// gone lists the live entities that a feed owns and that are not present, sorted.
func (b *batch) gone(feed string, present map[string]bool) []string {
	var gone []string
	for key, value := range b.l.inv.All() {
		if _, _, ok := inventory.SplitKey(key); !ok || present[key] {
			continue
		}
		if owner, live, err := inventory.Peek(value); err == nil && live && owner == feed {
			gone = append(gone, key)
		}
	}
	slices.Sort(gone)
	return gone
}

// brings tells whether the batch's items bring anything that the feed will own.
func (b *batch) brings() bool {
	for _, it := range b.items {
		if b.l.check(it); it.checked == nil {
			continue
		}
		e := b.entity(it.event.Key())
		if _, v := inventory.Change(e.row, e.ok, &it.event, it.feed, true, b.now.Unix()); v.Status == inventory.Accepted {
			return true
		}
	}
	return false
}

func (b *batch) answerList(feed string, list inventory.List, gone int) inventory.ListAnswer {
	a := inventory.ListAnswer{Status: inventory.Accepted}
	listed := b.items[:len(list.Items)]
	for _, it := range listed {
		switch it.answer.Status {
		case inventory.Accepted:
			a.Accepted++
		case inventory.Ignored:
			a.Ignored++
			continue
		case inventory.Refused:
			a.Refused++
		case inventory.HeldBack:
			a.Held++
		}
		if it.answer.Status != inventory.Accepted && len(a.Lines) < inventory.MaxLines {
			a.Lines = append(a.Lines, it.answer)
		}
	}
	a.Deleted = gone
	b.listFaults(feed, list.Complete, a)
	return a
}

// listFaults lists refused items of a full list: unlike an event's sender, the writer of a file gets no answer.
func (b *batch) listFaults(feed string, complete bool, a inventory.ListAnswer) {
	subject := feed + " items"
	if a.Refused == 0 {
		b.dropUnit(unitFeed, subject, "")
		return
	}
	h := row.Held{Unit: unitFeed, Subject: subject, Check: "list-items",
		Effect: "these entities stay as they were; the rest of the list is in force"}
	for _, line := range a.Lines {
		if line.Status == inventory.Refused {
			h.Cause = fmt.Sprintf("of the list's items %d refused, the first in line %d: %s", a.Refused, line.Line, service.OneLine(line.Reason))
			break
		}
	}
	if !complete {
		h.Check = "list-incomplete"
		h.Effect = "nothing is deleted while items cannot be identified; the rest of the list is in force"
	}
	b.dropUnit(unitFeed, subject, b.putHeld(h, ""))
}

// holdList keeps a list's text for its release. A newer list takes its place.
func (b *batch) holdList(feed string, format inventory.Format, text []byte, gone []string, owned int, cause error) (string, error) {
	sum := load.Hash(text)
	id := row.HeldID(b.l.name, unitFeed, feed, sum)
	if _, held := b.l.heldBy[id]; held {
		return id, nil
	}
	b.dropList(feed, "")
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return "", err
	}
	defer enc.Close()
	detail := heldList{Feed: feed, Format: format, SHA256: sum, Owned: owned, Gone: len(gone), Sample: gone[:min(len(gone), listSample)]}
	for part := range slices.Chunk(enc.EncodeAll(text, nil), listChunk) {
		b.inv.Put(listKey(feed, detail.Chunks), part)
		detail.Chunks++
	}
	h := row.Held{Unit: unitFeed, Subject: feed, Check: "list-guard", Cause: cause.Error(), CanFree: true,
		Effect: fmt.Sprintf("the feed's last good list stays; a release applies the held one and deletes %d entities", len(gone))}
	for _, key := range gone {
		h.Name("deleted", key)
	}
	if h.Detail, err = json.Marshal(detail); err != nil {
		return "", err
	}
	return b.putHeld(h, sum), nil
}

func listKey(feed string, i int) string {
	return fmt.Sprintf("%s%s#%04d", inventory.PrefixList, feed, i)
}

// dropList forgets a feed's held list.
func (b *batch) dropList(feed, except string) {
	for id, h := range b.l.heldBy {
		if h.Unit != unitFeed || h.Subject != feed || h.Check != "list-guard" || id == except {
			continue
		}
		var d heldList
		_ = json.Unmarshal(h.Detail, &d) // ours
		for i := range d.Chunks {
			b.inv.Delete(listKey(feed, i))
		}
		b.dropHeld(id)
	}
}

// freeList applies a held list.
func (b *batch) freeList(h row.Held) error {
	var d heldList
	if err := json.Unmarshal(h.Detail, &d); err != nil {
		return err
	}
	var packed []byte
	for i := range d.Chunks {
		part, ok := b.inv.Get(listKey(d.Feed, i))
		if !ok {
			return errors.New("the held list is damaged: send it again")
		}
		packed = append(packed, part...)
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(inventory.MaxList+1<<20))
	if err != nil {
		return err
	}
	defer dec.Close()
	text, err := dec.DecodeAll(packed, nil)
	if err != nil || load.Hash(text) != d.SHA256 {
		return errors.New("the held list is damaged: send it again")
	}
	list, err := inventory.ParseList(d.Format, text)
	if err != nil {
		return err
	}
	_, err = b.applyList(d.Feed, d.Format, text, list, true)
	return err
}
