package listen

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"time"
)

// Octets of answers that a connection holds.
const (
	fullOutbox = 16 << 10 // they leave, though more queries are there; one answer more may go in before that
	keptOutbox = 2 << 10  // a larger outbox is not kept for the next answers
)

// serve answers queries as they come, pipelined ones too, in their order (RFC 7766 6.2.1.1 allows another; but no
// answer here waits for anything, so none would overtake). Answers that are ready together leave together.
//
// Time is the server's: the idle time counts from one complete query to the next, so octets that trickle in win none,
// and a client has one write time-out to take all that is ready for it.
func (s *tcpServer) serve(st *stream) Ending {
	end := time.Now().Add(s.limits.TotalTimeout)
	in := newInbox(st.conn, &s.large)
	defer in.release()
	var outbox []byte
	for left := s.limits.QueriesPerConn; left > 0; {
		deadline, late := time.Now().Add(s.limits.IdleTimeout), Idle
		if end.Before(deadline) {
			deadline, late = end, TooOld
		}
		_ = st.conn.SetReadDeadline(deadline) // fails when the connection is closed, as the read will
		query, err := in.next()
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return ByClient // its half that we read is closed, and all it asked is answered
		}
		if err != nil {
			if late == TooOld {
				part(st.conn)
			}
			return late
		}
		st.asked.Store(time.Now().UnixNano())
		answered, ok := s.answer(st, &in, query, &outbox, left)
		left -= answered
		if !s.flush(st, outbox) {
			return Unread
		}
		if !ok {
			return NoQuery // whoever sends that is not worth a connection
		}
		if outbox = outbox[:0]; cap(outbox) > keptOutbox {
			outbox = nil
		}
	}
	part(st.conn)
	return Enough
}

// answer puts the answers to a query, and to those that are there whole behind it, into the outbox; at most left. ok
// is false when one of them is no query.
func (s *tcpServer) answer(st *stream, in *inbox, query []byte, outbox *[]byte, left int) (answered int, ok bool) {
	w := <-s.workers // never held for longer than answers take
	defer func() { s.workers <- w }()
	w.session.Begin()
	defer w.session.End()
	for {
		response := w.session.Answer(query, w.buf[:0], st.from)
		if response == nil {
			return answered, false
		}
		*outbox = binary.BigEndian.AppendUint16(*outbox, uint16(len(response))) //nolint:gosec // at most answer.MaxMessage
		*outbox = append(*outbox, response...)
		answered++
		if answered == left || len(*outbox) >= fullOutbox || !in.ready() {
			return answered, true
		}
		query, _ = in.next() // it is there
	}
}

// flush sends what is ready. A client that does not take it in time is cut off, and what it did not take is not kept.
func (s *tcpServer) flush(st *stream, outbox []byte) bool {
	if len(outbox) == 0 {
		return true
	}
	_ = st.conn.SetWriteDeadline(time.Now().Add(s.limits.WriteTimeout))
	if _, err := st.conn.Write(outbox); err != nil {
		_ = st.conn.SetLinger(0)
		return false
	}
	return true
}

// Bounds of a farewell.
const (
	partTime   = time.Second
	partOctets = 64 << 10
)

// part closes our half first. A connection that is closed with queries unread is reset by the kernel, and a reset may
// destroy answers on their way (RFC 7766 6.2.4 has the client ask again what was not answered).
func part(conn socket) {
	if conn.CloseWrite() != nil || conn.SetReadDeadline(time.Now().Add(partTime)) != nil {
		return
	}
	_, _ = io.CopyN(io.Discard, conn, partOctets)
}
