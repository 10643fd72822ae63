package answer

import (
	"sync"

	"github.com/miekg/dns"
)

// scratch is one answer's working memory.
type scratch struct {
	question
	message
	resolver
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// Answer gives the response to a packet, or nil when it gets none. The response is built in buf, which is grown if
// needed; a nil view means that nothing is loaded yet. Nothing of the view is referenced after the return.
func Answer(view View, facts Facts, query, buf []byte, transport Transport) ([]byte, Outcome) {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	s.question = question{}
	s.message = message{ede: edeNone, serial: uint32(facts.Version)} //nolint:gosec // RFC 1982: serials wrap

	rcode, silent := s.parse(query)
	if silent {
		return nil, Outcome{}
	}
	s.start(buf, query, &s.question)
	s.limit = limit(&s.question, transport)
	switch {
	case rcode == dns.RcodeRefused:
		s.rcode, s.ede = rcode, edeNotAuthoritative
		if s.class == dns.ClassINET {
			s.ede = edeProhibited // a transfer
		}
	case rcode != dns.RcodeSuccess:
		s.rcode = rcode
	case view == nil:
		s.rcode, s.ede = dns.RcodeServerFailure, edeNotReady
	default:
		s.resolver = resolver{view: view, facts: facts, q: &s.question, m: &s.message, made: s.made[:0]}
		s.resolve()
	}
	outcome := Outcome{Type: s.typ, Rcode: uint16(s.rcode)}
	response := s.finish(&s.question)
	s.message, s.resolver = message{}, resolver{made: s.made} // holds on to no view
	return response, outcome
}

// limit gives the octets for everything but the OPT record.
func limit(q *question, transport Transport) int {
	size := minUDP
	switch {
	case transport == TCP:
		size = MaxMessage
	case q.edns:
		size = min(max(q.size, minUDP), MaxUDP) // RFC 6891 6.2.3: less than 512 means 512
	}
	if q.edns {
		size -= optSize + edeSize
	}
	return size
}
