package main

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"zonecast/internal/zone"
)

// record is one of a response, in the form that is compared: names in lower case (RFC 4343), data in canonical form.
type record struct {
	owner zone.Name
	typ   zone.Type
	ttl   uint32
	data  zone.Rdata
}

func (r record) String() string {
	return fmt.Sprintf("%s %d %s %s", r.owner, r.ttl, r.typ, zone.RdataText(r.typ, r.data))
}

func (r record) compare(o record) int {
	if c := r.owner.Compare(o.owner); c != 0 {
		return c
	}
	if r.typ != o.typ {
		return int(r.typ) - int(o.typ)
	}
	if c := strings.Compare(string(r.data), string(o.data)); c != 0 {
		return c
	}
	return int(int64(r.ttl) - int64(o.ttl))
}

// response is what is compared of an answer. EDNS options are not: each server has its own.
type response struct {
	rcode                         int
	aa, tc, rd, ra, ad, cd, z     bool
	edns, do                      bool
	size                          uint16   // that the server offers
	chain                         []string // owner and type of each set in the answer, as they came
	answer, authority, additional []record // sorted
	octets                        int
}

var errMalformed = errors.New("malformed response")

// parse reads a response to a query strictly: header, the question's own octets, sections, one OPT record at most.
func parse(raw, query []byte, q *query) (*response, error) {
	end := 12 + len(q.name) + 4
	if len(raw) < end || raw[2]&0x80 == 0 || raw[2]&0x78 != 0 || !bytes.Equal(raw[4:6], []byte{0, 1}) || !bytes.Equal(raw[12:end], query[12:end]) {
		return nil, fmt.Errorf("%w: header or question", errMalformed)
	}
	m := new(dns.Msg)
	if err := m.Unpack(raw); err != nil {
		return nil, fmt.Errorf("%w: %w", errMalformed, err)
	}
	r := &response{rcode: m.Rcode, aa: m.Authoritative, tc: m.Truncated, rd: m.RecursionDesired, ra: m.RecursionAvailable,
		ad: m.AuthenticatedData, cd: m.CheckingDisabled, z: m.Zero, octets: len(raw)}
	var err error
	if r.answer, err = records(m.Answer); err != nil {
		return nil, err
	}
	for _, a := range r.answer {
		if step := a.owner.String() + " " + a.typ.String(); len(r.chain) == 0 || r.chain[len(r.chain)-1] != step {
			r.chain = append(r.chain, step)
		}
	}
	if r.authority, err = records(m.Ns); err != nil {
		return nil, err
	}
	opts := slices.DeleteFunc(slices.Clone(m.Extra), func(rr dns.RR) bool { return rr.Header().Rrtype != dns.TypeOPT })
	if len(opts) > 1 {
		return nil, fmt.Errorf("%w: %d OPT records", errMalformed, len(opts))
	}
	if len(opts) == 1 {
		opt := opts[0].(*dns.OPT)
		r.edns, r.do, r.size = true, opt.Do(), opt.UDPSize()
	}
	r.additional, err = records(slices.DeleteFunc(m.Extra, func(rr dns.RR) bool { return rr.Header().Rrtype == dns.TypeOPT }))
	for _, s := range [][]record{r.answer, r.authority, r.additional} {
		slices.SortFunc(s, record.compare)
	}
	return r, err
}

func records(list []dns.RR) (out []record, err error) {
	for _, rr := range list {
		if lp, ok := rr.(*dns.LP); ok { // NSD folds its name too
			lp.Fqdn = dns.CanonicalName(lp.Fqdn)
		}
		r := record{typ: zone.Type(rr.Header().Rrtype), ttl: rr.Header().Ttl}
		if r.owner, err = zone.ParseName(rr.Header().Name); err != nil {
			return nil, fmt.Errorf("%w: %w", errMalformed, err)
		}
		if r.data, err = zone.RdataReceived(rr); err != nil && !errors.Is(err, zone.ErrEmptyRdata) {
			return nil, fmt.Errorf("%w: %w", errMalformed, err)
		}
		out = append(out, r)
	}
	return out, nil
}

// differences lists what is not the same.
func (r *response) differences(o *response) (list []string) {
	differ := func(what string, a, b any) {
		if x, y := fmt.Sprint(a), fmt.Sprint(b); x != y {
			list = append(list, fmt.Sprintf("%s: %s against %s", what, x, y))
		}
	}
	differ("rcode", dns.RcodeToString[r.rcode], dns.RcodeToString[o.rcode])
	differ("AA", r.aa, o.aa)
	differ("TC", r.tc, o.tc)
	differ("RD, RA, AD, CD, Z", []bool{r.rd, r.ra, r.ad, r.cd, r.z}, []bool{o.rd, o.ra, o.ad, o.cd, o.z})
	differ("EDNS, DO, size", []any{r.edns, r.do, r.size}, []any{o.edns, o.do, o.size})
	sets := func(what string, a, b []record) {
		if !slices.Equal(a, b) {
			list = append(list, fmt.Sprintf("%s: only we %s, only they %s", what, without(a, b), without(b, a)))
		}
	}
	sets("answer", r.answer, o.answer)
	sets("authority", r.authority, o.authority)
	sets("additional", r.additional, o.additional)
	if len(list) == 0 {
		differ("order of the answer", r.chain, o.chain)
	}
	return list
}

// without shows what a has beyond b, or some of it.
func without(a, b []record) string {
	rest := slices.DeleteFunc(slices.Clone(a), func(r record) bool { return slices.Contains(b, r) })
	if n := len(rest); n > 4 {
		return fmt.Sprintf("%v and %d more", rest[:4], n-4)
	}
	return fmt.Sprint(rest)
}
