package compare

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/miekg/dns"

	"zonecast/internal/zone"
)

// Asker answers questions.
type Asker interface {
	Ask(ctx context.Context, q Question) (Answer, error)
}

// Server is a server that is asked over the network: UDP first, TCP where the answer is cut off, and again where none comes. Safe for
// concurrent use.
type Server struct {
	Addr    string        // with its port
	Timeout time.Duration // of one try
	Tries   int           // at least 1
	Records int           // of a transfer, at most
}

// NewServer takes an address, to which port 53 is added where it has none.
func NewServer(addr string) Server {
	if _, _, err := net.SplitHostPort(addr); err != nil {
		addr = net.JoinHostPort(strings.Trim(addr, "[]"), "53")
	}
	return Server{Addr: addr, Timeout: 2 * time.Second, Tries: 4, Records: maxRecords}
}

// Ask asks without recursion. Its error is that no answer came, or none to this question.
func (s Server) Ask(ctx context.Context, q Question) (Answer, error) {
	var last error
	for try := 0; try < max(s.Tries, 1) && ctx.Err() == nil; try++ {
		m := new(dns.Msg).SetQuestion(q.Name.String(), uint16(q.Type))
		m.RecursionDesired = false
		m.SetEdns0(1232, false)
		reply, err := s.exchange(ctx, m, "udp")
		if err == nil && reply.Rcode == dns.RcodeFormatError && reply.IsEdns0() == nil { // older than EDNS (RFC 6891 7)
			m.Extra = nil
			reply, err = s.exchange(ctx, m, "udp")
		}
		if err == nil && reply.Truncated {
			reply, err = s.exchange(ctx, m, "tcp")
		}
		if err == nil {
			var a Answer
			if a, err = Read(q, reply); err == nil {
				return a, nil
			}
		}
		last = err
	}
	return Answer{}, fmt.Errorf("%s: %s: %w", s.Addr, q, errors.Join(last, ctx.Err()))
}

func (s Server) exchange(ctx context.Context, m *dns.Msg, network string) (*dns.Msg, error) {
	c := dns.Client{Net: network, Timeout: s.Timeout, UDPSize: 1232}
	reply, _, err := c.ExchangeContext(ctx, m, s.Addr)
	return reply, err
}

// Transfer gives the names and types that the server has in a zone, each once, by an AXFR. It fails where the server allows
// none, and beyond MaxNames.
func (s Server) Transfer(ctx context.Context, apex zone.Name) (list []Question, err error) {
	m := new(dns.Msg).SetAxfr(apex.String())
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", s.Addr)
	if err != nil {
		return nil, fmt.Errorf("transfer of %s: %w", apex, err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	transfer := &dns.Transfer{Conn: &dns.Conn{Conn: conn}, ReadTimeout: 30 * time.Second}
	envelopes, err := transfer.In(m, s.Addr)
	if err != nil {
		return nil, fmt.Errorf("transfer of %s: %w", apex, err)
	}
	defer func() { // the library's goroutine ends when all is read, or the connection is closed
		conn.Close()
		for range envelopes {
		}
	}()
	seen, records := map[Question]bool{}, 0
	for e := range envelopes {
		if e.Error != nil {
			return nil, fmt.Errorf("transfer of %s: %w", apex, s.refused(e.Error))
		}
		if records += len(e.RR); records > s.Records {
			return nil, fmt.Errorf("transfer of %s: more than %d records", apex, s.Records)
		}
		for _, rr := range e.RR {
			n, err := zone.ParseName(rr.Header().Name)
			if err != nil || !n.Under(apex) {
				continue
			}
			if q := (Question{n, zone.Type(rr.Header().Rrtype)}); !seen[q] {
				if len(list) == MaxNames {
					return nil, fmt.Errorf("transfer of %s: more than %d sets", apex, MaxNames)
				}
				seen[q] = true
				list = append(list, q)
			}
		}
	}
	return list, nil
}

// refused says in words that the server answered a transfer with an error: the library has the code in its text alone.
func (s Server) refused(err error) error {
	var code int
	if n, _ := fmt.Sscanf(err.Error(), "dns: bad xfr rcode: %d", &code); n == 0 {
		return err
	}
	name, ok := dns.RcodeToString[code]
	if !ok {
		name = fmt.Sprintf("rcode %d", code)
	}
	return fmt.Errorf("%s refused the transfer (%s): allow this host, or leave out --axfr", s.Addr, name)
}
