// Package staleness asks local proxies how old their answers are, end to end: by a DNS question for the _timestamp
// record, over the very path that clients use.
//
// In: servers and a zone with `timestamp: on`. Out: a line for each server with performance data as monitoring
// plug-ins give it, or JSON, and an exit code: 0 fresh, 1 warning, 2 critical or no answer, 3 could not ask. The age
// is now less as-of (P8): how current the inputs were, not when the last release came.
package staleness

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"

	"zonecast/localproxy/answer"
)

// Facts are what a server says of its release. Times are Unix seconds.
type Facts struct {
	Epoch    uint64 `json:"epoch"`
	Version  uint64 `json:"version"`
	Released int64  `json:"released"`
	Signed   int64  `json:"signed"`
	AsOf     int64  `json:"as_of"`
}

// ErrAnswer is an answer without usable facts.
var ErrAnswer = errors.New("no usable answer")

// tries is how often a server is asked within the time-out: one lost packet is no outage.
const tries = 2

// Ask gets the facts of one server ("192.0.2.1:53") for a zone.
func Ask(ctx context.Context, server, zone string, timeout time.Duration) (Facts, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	query := new(dns.Msg).SetQuestion(answer.TimestampLabel+"."+dns.Fqdn(zone), dns.TypeTXT)
	query.RecursionDesired = false
	var reply *dns.Msg
	var err error
	for range tries {
		if reply, err = exchange(ctx, "udp", server, query, timeout/tries); err == nil && reply.Truncated {
			reply, err = exchange(ctx, "tcp", server, query, timeout/tries)
		}
		if err == nil || ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		return Facts{}, fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	return read(reply)
}

func exchange(ctx context.Context, network, server string, query *dns.Msg, timeout time.Duration) (*dns.Msg, error) {
	var id [2]byte
	_, _ = rand.Read(id[:]) // never fails (crypto/rand)
	query.Id = binary.BigEndian.Uint16(id[:])
	client := &dns.Client{Net: network, Timeout: timeout}
	reply, _, err := client.ExchangeContext(ctx, query, server)
	return reply, err
}

// read takes the facts out of a reply.
func read(reply *dns.Msg) (f Facts, err error) {
	if reply.Rcode != dns.RcodeSuccess {
		return f, fmt.Errorf("%w: %s%s", ErrAnswer, dns.RcodeToString[reply.Rcode], hint(reply.Rcode))
	}
	for _, rr := range reply.Answer {
		txt, ok := rr.(*dns.TXT)
		if !ok {
			continue
		}
		found := map[string]bool{}
		for _, text := range txt.Txt {
			key, value, _ := strings.Cut(text, "=")
			if err := f.set(key, value, found); err != nil {
				return Facts{}, fmt.Errorf("%w: %q", ErrAnswer, text)
			}
		}
		if found["version"] && found["as-of"] {
			return f, nil
		}
	}
	return Facts{}, fmt.Errorf("%w: no timestamp in it", ErrAnswer)
}

// set reads one string; keys of later programs are skipped.
func (f *Facts) set(key, value string, found map[string]bool) (err error) {
	found[key] = true
	switch key {
	case "epoch":
		f.Epoch, err = strconv.ParseUint(value, 10, 64)
	case "version":
		f.Version, err = strconv.ParseUint(value, 10, 64)
	case "released":
		f.Released, err = strconv.ParseInt(value, 10, 64)
	case "signed":
		f.Signed, err = strconv.ParseInt(value, 10, 64)
	case "as-of":
		f.AsOf, err = strconv.ParseInt(value, 10, 64)
	}
	return err
}

func hint(rcode int) string {
	switch rcode {
	case dns.RcodeRefused:
		return ": the server does not serve this zone"
	case dns.RcodeNameError:
		return ": the zone has no `timestamp: on`"
	case dns.RcodeServerFailure:
		return ": the server has no release yet"
	}
	return ""
}

// address completes a server's address with the port; zoned and bracketed IPv6 addresses are understood.
func address(server string) (string, error) {
	const defaultPort = "53"
	bare := strings.TrimSuffix(strings.TrimPrefix(server, "["), "]")
	if _, err := netip.ParseAddr(bare); err == nil {
		return net.JoinHostPort(bare, defaultPort), nil
	}
	host, port, err := net.SplitHostPort(server)
	if err != nil {
		if strings.ContainsAny(server, ":[] ") || server == "" {
			return "", fmt.Errorf("server %q: want ADDR or ADDR:PORT", server)
		}
		return net.JoinHostPort(server, defaultPort), nil
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || host == "" {
		return "", fmt.Errorf("server %q: want ADDR or ADDR:PORT", server)
	}
	return net.JoinHostPort(host, port), nil
}
