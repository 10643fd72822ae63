package answer

import (
	"fmt"
	"time"

	"github.com/miekg/dns"
)

// Config of an engine. The zero value sends neither option.
type Config struct {
	// NSID tells which host answered, to clients that ask for it (RFC 5001); empty: nobody is told. MaxNSID octets at most.
	NSID string
	// KeepAlive is how long an idle TCP connection stays open, for clients that ask (RFC 7828); 0: nobody is told.
	KeepAlive time.Duration
}

// MaxNSID bounds the identifier, in octets: with it, the longest question and every other option still fit into 512.
const MaxNSID = 128

// Validate refuses what no response has room for.
func (c Config) Validate() error {
	if len(c.NSID) > MaxNSID {
		return fmt.Errorf("nsid: %d octets, at most %d", len(c.NSID), MaxNSID)
	}
	return nil
}

// Engine answers queries one after the other, for one goroutine: all working memory is in it, so that an answer
// allocates nothing.
type Engine struct {
	options options
	question
	message
	resolver
}

// NewEngine makes an engine of a config that is valid.
func NewEngine(c Config) *Engine {
	e := &Engine{options: newOptions(c)}
	e.q, e.m = &e.question, &e.message
	return e
}

// Answer gives the response to a packet, or nil when it gets none. The response is built in buf, which is grown if
// needed; a nil view means that nothing is loaded yet. Nothing of the view is referenced after the return.
func (e *Engine) Answer(view View, facts Facts, query, buf []byte, transport Transport) ([]byte, Outcome) {
	rcode, silent := e.parse(query, e.ahead.foresee(query))
	if silent {
		return nil, Outcome{}
	}
	e.start(buf, query, &e.question)
	e.limit = limit(&e.question, transport) - e.options.choose(&e.question, transport)
	switch {
	case rcode == dns.RcodeRefused:
		e.rcode, e.ede = rcode, edeNotAuthoritative
		if e.class == dns.ClassINET {
			e.ede = edeProhibited // a transfer
		}
	case rcode != dns.RcodeSuccess:
		e.rcode = rcode
	case view == nil:
		e.rcode, e.ede = dns.RcodeServerFailure, edeNotReady
	default:
		e.serial = uint32(facts.Version) //nolint:gosec // RFC 1982: serials wrap
		e.view, e.facts = view, facts
		e.resolve()
		e.release()
	}
	outcome := Outcome{Type: e.typ, Rcode: uint16(e.rcode), Shared: e.name[e.shared:]}
	return e.finish(&e.question, &e.options), outcome
}
