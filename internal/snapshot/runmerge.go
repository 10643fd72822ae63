package snapshot

import "bytes"

// cursor is where the merge stands in one run.
type cursor struct {
	run  *run
	key  []byte // of the entry at hand
	next int    // index in run.at of the entry after it
	turn int    // of runs with equal keys, the one filled first goes first
}

func (c *cursor) before(o *cursor) bool {
	order := bytes.Compare(c.key, o.key)
	return order < 0 || order == 0 && c.turn < o.turn
}

func (c *cursor) payload() []byte { return c.run.payload(c.run.at[c.next-1]) }

// advance tells whether there is another entry.
func (c *cursor) advance() bool {
	if c.next == len(c.run.at) {
		return false
	}
	c.key = c.run.key(c.run.at[c.next])
	c.next++
	return true
}

// merge gives all entries in order of their keys, until give fails. Keys and payloads are the runs' own.
func (r *runs) merge(give func(key, payload []byte) error) error {
	r.flush()
	r.sorting.Wait()
	heap := make([]*cursor, 0, len(r.done))
	for i, run := range r.done {
		c := &cursor{run: run, turn: i}
		c.advance()
		heap = append(heap, c)
	}
	for i := len(heap)/2 - 1; i >= 0; i-- {
		siftDown(heap, i)
	}
	for len(heap) > 0 {
		top := heap[0]
		if err := give(top.key, top.payload()); err != nil {
			return err
		}
		if !top.advance() {
			heap[0] = heap[len(heap)-1]
			heap = heap[:len(heap)-1]
		}
		if len(heap) > 0 {
			siftDown(heap, 0)
		}
	}
	return nil
}

// siftDown lets the cursor at i sink to its place in a binary heap.
func siftDown(heap []*cursor, i int) {
	c := heap[i]
	for {
		child := 2*i + 1
		if child >= len(heap) {
			break
		}
		if child+1 < len(heap) && heap[child+1].before(heap[child]) {
			child++
		}
		if !heap[child].before(c) {
			break
		}
		heap[i] = heap[child]
		i = child
	}
	heap[i] = c
}
