package answer

import "github.com/miekg/dns"

// Refuse gives the response to a client that may not ask: REFUSED with extended error 18 (RFC 5358 4; RFC 8914 4.19).
// What is no query gets none, and what cannot be read FORMERR, as from Answer.
func Refuse(query, buf []byte, transport Transport) ([]byte, Outcome) {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	s.question = question{}
	s.message = message{ede: edeNone}
	rcode, silent := s.parse(query)
	if silent {
		return nil, Outcome{}
	}
	s.start(buf, query, &s.question)
	s.limit = limit(&s.question, transport)
	if s.rcode = rcode; rcode == dns.RcodeSuccess || rcode == dns.RcodeRefused {
		s.rcode, s.ede = dns.RcodeRefused, edeProhibited
	}
	return s.finish(&s.question), Outcome{Type: s.typ, Rcode: uint16(s.rcode)}
}
