package answer

import "github.com/miekg/dns"

// Refuse gives the response to a client that may not ask: REFUSED with extended error 18 (RFC 5358 4; RFC 8914 4.19),
// and no option that tells of this host. What is no query gets none, and what cannot be read FORMERR, as from Answer.
func (e *Engine) Refuse(query, buf []byte) ([]byte, Outcome) {
	rcode, silent := e.parse(query, nil)
	if silent {
		return nil, Outcome{}
	}
	e.start(buf, query, &e.question)
	e.nsid, e.keepAlive = false, false
	if e.rcode = rcode; rcode == dns.RcodeSuccess || rcode == dns.RcodeRefused {
		e.rcode, e.ede = dns.RcodeRefused, edeProhibited
	}
	e.options.choose(&e.question, UDP)
	return e.finish(&e.question, &e.options), Outcome{Type: e.typ, Rcode: uint16(e.rcode)}
}
