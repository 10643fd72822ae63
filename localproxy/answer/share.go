package answer

import "zonecast/internal/zone"

// share notes that all names below n get a response like this one, so that whoever limits them can tell: labels that an
// attacker invents must not make responses different. Of a chain the first owner counts.
func (r *resolver) share(n zone.Name) {
	if at := len(r.q.name) - len(n); r.linked == 0 && r.synths == 0 && at > 0 {
		r.m.shared = at
	}
}

// Truncate gives what is sent instead of the response to the query that was answered last: no records and TC, which
// sends the client to TCP (RFC 1035 4.2.1). It is no longer than the query, but for an OPT record with what the client
// asked for in its own.
func (e *Engine) Truncate(query, buf []byte) []byte {
	flags, rcode := e.message.flags, e.rcode
	e.start(buf, query, &e.question)
	e.message.flags, e.rcode, e.truncated = flags, rcode, true
	return e.finish(&e.question, &e.options)
}
