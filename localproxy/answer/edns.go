package answer

import (
	"encoding/binary"
	"time"

	"github.com/miekg/dns"
)

const (
	optSize    = 11 // an OPT record without options
	optionSize = 4  // an option's code and length

	edeNone             = -1
	edeNotReady         = int(dns.ExtendedErrorCodeNotReady)
	edeProhibited       = int(dns.ExtendedErrorCodeProhibited)
	edeNotAuthoritative = int(dns.ExtendedErrorCodeNotAuthoritative)
)

// options are those an OPT record of ours may carry, in wire form.
type options struct {
	nsid      []byte
	keepAlive []byte
	chosen    [2][]byte // for the query at hand
}

func newOptions(c Config) (o options) {
	if c.NSID != "" {
		o.nsid = option(dns.EDNS0NSID, []byte(c.NSID[:min(len(c.NSID), MaxNSID)]))
	}
	if tenths := min(c.KeepAlive/(100*time.Millisecond), 1<<16-1); tenths > 0 { // RFC 7828 3.1
		o.keepAlive = option(dns.EDNS0TCPKEEPALIVE, binary.BigEndian.AppendUint16(nil, uint16(tenths)))
	}
	return o
}

func option(code uint16, data []byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, code)
	b = binary.BigEndian.AppendUint16(b, uint16(len(data))) //nolint:gosec // MaxNSID
	return append(b, data...)
}

// choose picks what a query asked for, and gives its size.
func (o *options) choose(q *question, transport Transport) (size int) {
	o.chosen = [2][]byte{}
	if q.nsid {
		o.chosen[0] = o.nsid
	}
	if q.keepAlive && transport == TCP { // RFC 7828 3.2.1: ignored over UDP
		o.chosen[1] = o.keepAlive
	}
	return len(o.chosen[0]) + len(o.chosen[1])
}

// limit gives the octets that header, question and records may take beside the OPT record without options.
func limit(q *question, transport Transport) int {
	size := minUDP
	switch {
	case transport == TCP:
		size = MaxMessage
	case q.edns:
		size = min(max(q.size, minUDP), MaxUDP) // RFC 6891 6.2.3: less than 512 means 512
	}
	if q.edns {
		size -= optSize
	}
	return size
}

// opt appends the OPT record.
func (m *message) opt(q *question, o *options) {
	do := byte(0)
	if q.do {
		do = doBit >> 8 // RFC 3225 3: copied, and no other flag is
	}
	at := len(m.buf)
	m.buf = append(m.buf, 0, 0, byte(typeOPT), MaxUDP>>8, MaxUDP&0xff,
		byte(m.rcode>>4), 0, do, 0, 0, 0) // extended rcode; version 0 is what we speak
	if q.nsid || q.keepAlive || m.ede != edeNone {
		m.buf = append(append(m.buf, o.chosen[0]...), o.chosen[1]...)
		if m.ede != edeNone {
			m.buf = append(m.buf, 0, dns.EDNS0EDE, 0, 2, byte(m.ede>>8), byte(m.ede)) // RFC 8914 2, without text
		}
		binary.BigEndian.PutUint16(m.buf[at+optSize-2:], uint16(len(m.buf)-at-optSize)) //nolint:gosec // MaxNSID
	}
	m.counts[sectionAdditional]++
}

// readOptions checks the lengths of EDNS options (RFC 6891 6.1.2) and notes those that are acted on.
func (q *question) readOptions(b []byte) bool {
	for len(b) > 0 {
		if len(b) < optionSize {
			return false
		}
		size := optionSize + int(binary.BigEndian.Uint16(b[2:]))
		if size > len(b) {
			return false
		}
		switch binary.BigEndian.Uint16(b) {
		case dns.EDNS0NSID:
			q.nsid = true
		case dns.EDNS0TCPKEEPALIVE:
			q.keepAlive = true
		}
		b = b[size:]
	}
	return true
}
