package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"zonecast/ci/nameserver"
	"zonecast/internal/zone"
)

// record is a record of an answer, comparable.
type record struct {
	owner zone.Name
	typ   zone.Type
	ttl   uint32
	data  zone.Rdata
}

func (r record) String() string {
	return fmt.Sprintf("%s %d %s %s", r.owner, r.ttl, r.typ, zone.RdataText(r.typ, r.data))
}

func (r record) compare(o record) int { return strings.Compare(r.String(), o.String()) }

// reply is an answer as content: what is compared. Order does not count, nor does what belongs to EDNS.
type reply struct {
	rcode                         int
	aa, tc, ra                    bool
	answer, authority, additional []record // sorted
}

// wait bounds an answer; a packet may be lost on a busy machine, so a silent server is asked again.
const wait = 2 * time.Second

// ask asks in random case, with EDNS or without.
func ask(c *nameserver.Client, n zone.Name, t zone.Type, edns, tcp bool, r *rand.Rand) (*reply, error) {
	m := &dns.Msg{MsgHdr: dns.MsgHdr{Id: uint16(r.IntN(1 << 16))}, //nolint:gosec // fits
		Question: []dns.Question{{Name: n.String(), Qtype: uint16(t), Qclass: dns.ClassINET}}}
	if edns {
		m.SetEdns0(1232, false)
	}
	query, err := m.Pack()
	if err != nil {
		return nil, err
	}
	for at := 12; query[at] != 0; at += 1 + int(query[at]) {
		for i := at + 1; i <= at+int(query[at]); i++ {
			if 'a' <= query[i] && query[i] <= 'z' && r.IntN(4) == 0 {
				query[i] -= 'a' - 'A'
			}
		}
	}
	var raw []byte
	err = nameserver.ErrSilent
	for try := 0; try < 3 && errors.Is(err, nameserver.ErrSilent); try++ {
		if tcp {
			raw, err = c.TCP(query, wait)
		} else {
			raw, err = c.UDP(query, wait)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", n, t, err)
	}
	return read(raw)
}

func read(raw []byte) (*reply, error) {
	m := new(dns.Msg)
	if err := m.Unpack(raw); err != nil {
		return nil, fmt.Errorf("malformed answer: %w", err)
	}
	r := &reply{rcode: m.Rcode, aa: m.Authoritative, tc: m.Truncated, ra: m.RecursionAvailable}
	for _, part := range []struct {
		to   *[]record
		from []dns.RR
	}{{&r.answer, m.Answer}, {&r.authority, m.Ns}, {&r.additional, m.Extra}} {
		for _, rr := range part.from {
			if rr.Header().Rrtype == dns.TypeOPT {
				continue
			}
			owner, err := zone.ParseName(rr.Header().Name)
			if err != nil {
				return nil, err
			}
			data, err := zone.RdataReceived(rr)
			if err != nil && !errors.Is(err, zone.ErrEmptyRdata) {
				return nil, err
			}
			*part.to = append(*part.to, record{owner, zone.Type(rr.Header().Rrtype), rr.Header().Ttl, data})
		}
		slices.SortFunc(*part.to, record.compare)
	}
	return r, nil
}

// differences lists what is not the same.
func (r *reply) differences(o *reply) (list []string) {
	differ := func(what string, a, b any) {
		if x, y := fmt.Sprint(a), fmt.Sprint(b); x != y {
			list = append(list, fmt.Sprintf("%s: %s here, %s there", what, x, y))
		}
	}
	differ("rcode", dns.RcodeToString[r.rcode], dns.RcodeToString[o.rcode])
	differ("AA, TC, RA", []bool{r.aa, r.tc, r.ra}, []bool{o.aa, o.tc, o.ra})
	differ("answer", r.answer, o.answer)
	differ("authority", r.authority, o.authority)
	differ("additional", r.additional, o.additional)
	return list
}
