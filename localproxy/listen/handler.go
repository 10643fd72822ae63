package listen

import (
	"net/netip"

	"zonecast/localproxy/answer"
)

// Handler gives each goroutine that answers a Session of its own. It is called from many goroutines.
type Handler interface{ Session() Session }

// Session answers one goroutine's packets, so that nothing in it is shared or locked. Between Begin and End (a batch of
// datagrams, one query of a stream) the data answered from stays the same, and stays in memory.
type Session interface {
	Begin()
	// Answer builds the response to one packet in buf, which it may grow; nil sends nothing. It keeps neither slice.
	Answer(query, buf []byte, from Client) []byte
	End()
	// Close is the last call: the session may serve another goroutine afterwards.
	Close()
}

// Foresighted is a Session that wants to see a batch's queries after Begin, before it is asked for the first answer. It
// keeps none of them.
type Foresighted interface{ Ahead(queries [][]byte) }

// Client is who asks, and how.
type Client struct {
	Addr      netip.Addr // unmapped (IPv4 is IPv4) and without a zone
	Transport answer.Transport
}

// Func is a Handler that needs no state: a Session too, the same for all.
type Func func(query, buf []byte, from Client) []byte

// Session gives f itself.
func (f Func) Session() Session { return f }

// Begin does nothing.
func (Func) Begin() {}

// Answer calls f.
func (f Func) Answer(query, buf []byte, from Client) []byte { return f(query, buf, from) }

// End does nothing.
func (Func) End() {}

// Close does nothing.
func (Func) Close() {}
