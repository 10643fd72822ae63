package listen

import (
	"bufio"
	"encoding/binary"
	"io"
	"sync/atomic"
)

// Octets kept of queries that have not been answered yet.
const (
	// smallQuery is what a connection has memory for. Queries have some 50 octets; those that clients pad or sign stay
	// below 1,000.
	smallQuery = 2 << 10
	// largeQueries is what all connections may have beside, for queries up to the 65,535 octets that TCP allows. One
	// for which there is no room is read to its end all the same, and answered from its beginning: as malformed.
	largeQueries = 1 << 20
)

// inbox takes queries out of a stream (RFC 1035 4.2.2: two octets of length, and so many more).
type inbox struct {
	in   *bufio.Reader
	room *atomic.Int64 // for large queries, of all connections
	long []byte        // the current query, if it is large
	skip int           // octets until the next query begins
}

func newInbox(from io.Reader, room *atomic.Int64) inbox {
	return inbox{in: bufio.NewReaderSize(from, 2+smallQuery), room: room}
}

// next waits for a whole query. It is valid until the next call.
func (b *inbox) next() ([]byte, error) {
	b.release()
	if _, err := b.in.Discard(b.skip); err != nil {
		return nil, err
	}
	b.skip = 0
	size, err := b.in.Peek(2)
	if err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint16(size))
	if n > smallQuery && b.reserve(n) {
		_, _ = b.in.Discard(2) // they are there
		_, err := io.ReadFull(b.in, b.long)
		return b.long, err
	}
	message, err := b.in.Peek(2 + min(n, smallQuery))
	if err != nil {
		return nil, err
	}
	b.skip = 2 + n
	return message[2:], nil
}

// ready tells that a query is there whole: next will not wait for it.
func (b *inbox) ready() bool {
	at := b.skip
	if b.in.Buffered() < at+2 {
		return false
	}
	head, err := b.in.Peek(at + 2)
	return err == nil && b.in.Buffered() >= at+2+int(binary.BigEndian.Uint16(head[at:]))
}

func (b *inbox) reserve(n int) bool {
	if b.room.Add(-int64(n)) < 0 {
		b.room.Add(int64(n))
		return false
	}
	b.long = make([]byte, n)
	return true
}

// release gives the room of a large query back. The last call of an inbox.
func (b *inbox) release() {
	b.room.Add(int64(len(b.long)))
	b.long = nil
}
