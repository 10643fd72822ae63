package zone

import (
	"errors"
	"fmt"
	"strings"

	"github.com/miekg/dns"
)

// Rdata is one record's data in wire form: names in it uncompressed and lower-case where RFC 4034 6.2 says
// so, so that equal records have equal octets. It prints with RdataText.
type Rdata string

// Errors of rdata parsing.
var (
	ErrEmptyRdata = errors.New("empty record data")
	ErrMultiline  = errors.New("record data must be one line")
)

// ParseRdata reads rdata in presentation form (RFC 1035 5.1, RFC 3597 5). Relative names are relative to
// origin, or refused when origin is "". Directives and line breaks are refused.
func ParseRdata(t Type, text string, origin Name) (Rdata, error) {
	if d, ok := parseAddress(t, text); ok {
		return d, nil
	}
	if strings.ContainsAny(text, "\n\r") {
		return "", ErrMultiline
	}
	if strings.TrimSpace(text) == "" {
		return "", ErrEmptyRdata
	}
	if err := CheckEscapes(text); err != nil {
		return "", rdataError(t, text, err)
	}
	parser := dns.NewZoneParser(strings.NewReader(". 0 IN "+t.String()+" "+text+"\n"), origin.String(), "")
	parser.SetIncludeAllowed(false)
	rr, ok := parser.Next()
	if err := parser.Err(); err != nil {
		return "", rdataError(t, text, err)
	}
	if !ok || rr == nil || dns.Type(rr.Header().Rrtype) != dns.Type(t) {
		return "", rdataError(t, text, errors.New("not a record"))
	}
	return RdataRead(rr, text)
}

func rdataError(t Type, text string, err error) error {
	var parse *dns.ParseError
	if errors.As(err, &parse) {
		msg := strings.TrimPrefix(parse.Error(), "dns: ")
		if cut := strings.Index(msg, " at line:"); cut > 0 {
			msg = msg[:cut]
		}
		if said := fmt.Sprintf("bad %s %s: ", t, t); strings.HasPrefix(msg, said) { // an address that is none: all of it was said
			return fmt.Errorf("bad %s data %.200q", t, text)
		}
		return fmt.Errorf("bad %s data %.200q: %s", t, text, msg)
	}
	return fmt.Errorf("bad %s data %.200q: %w", t, text, err)
}

// RdataOf gives the canonical rdata of a parsed record. It lower-cases the names inside rr.
func RdataOf(rr dns.RR) (Rdata, error) {
	lowerNames(rr)
	size := dns.Len(rr)
	buf := make([]byte, size+16)
	end, err := dns.PackRR(rr, buf, 0, nil, false)
	if err != nil {
		return "", fmt.Errorf("bad %s data: %w", Type(rr.Header().Rrtype), err)
	}
	_, off, err := dns.UnpackDomainName(buf, 0)
	if err != nil || off+10 > end {
		return "", ErrEmptyRdata
	}
	if off+10 == end && !emptyAllowed(rr.Header().Rrtype) {
		return "", ErrEmptyRdata
	}
	return Rdata(buf[off+10 : end]), nil
}

// emptyAllowed tells of which types data may be nothing: of unknown ones too, where "\# 0" says so (RFC 3597 5).
func emptyAllowed(t uint16) bool {
	_, known := dns.TypeToRR[t]
	return !known || t == dns.TypeAPL || t == dns.TypeNULL
}

// lowerNames folds the names that RFC 4034 6.2 (as amended by RFC 6840 5.1) lists, and SVCB's target. It tells whether
// the type has any.
func lowerNames(rr dns.RR) (some bool) {
	fold := func(names ...*string) {
		some = true
		for _, n := range names {
			*n = lowerASCII(dns.Fqdn(*n))
		}
	}
	switch r := rr.(type) {
	case *dns.NS:
		fold(&r.Ns)
	case *dns.CNAME:
		fold(&r.Target)
	case *dns.DNAME:
		fold(&r.Target)
	case *dns.PTR:
		fold(&r.Ptr)
	case *dns.MX:
		fold(&r.Mx)
	case *dns.SRV:
		fold(&r.Target)
	case *dns.SOA:
		fold(&r.Ns, &r.Mbox)
	case *dns.NAPTR:
		fold(&r.Replacement)
	case *dns.RP:
		fold(&r.Mbox, &r.Txt)
	case *dns.AFSDB:
		fold(&r.Hostname)
	case *dns.KX:
		fold(&r.Exchanger)
	case *dns.SVCB:
		fold(&r.Target)
	case *dns.HTTPS:
		fold(&r.Target)
	}
	return some
}

// lowerASCII folds A to Z and leaves every other octet alone: dns.CanonicalName would read octets above ASCII, which a
// zone file may have unescaped, as UTF-8 and replace those that are none.
func lowerASCII(text string) string {
	folded := []byte(text)
	for i, c := range folded {
		if 'A' <= c && c <= 'Z' {
			folded[i] = c + 'a' - 'A'
		}
	}
	return string(folded)
}

// RR gives the record as miekg/dns has it, for printing, export and tests.
func RR(owner Name, t Type, ttl uint32, data Rdata) (dns.RR, error) {
	header := dns.RR_Header{Name: owner.String(), Rrtype: uint16(t), Class: dns.ClassINET, Ttl: ttl, Rdlength: uint16(len(data))}
	rr, end, err := dns.UnpackRRWithHeader(header, []byte(data), 0)
	if err != nil {
		return nil, fmt.Errorf("bad %s data: %w", t, err)
	}
	if end != len(data) {
		return nil, fmt.Errorf("bad %s data: %d octets too many", t, len(data)-end)
	}
	escape(rr)
	return rr, nil
}

// Target gives the name that NS, CNAME, DNAME, PTR, MX, SRV, SVCB or HTTPS rdata points to.
func Target(t Type, data Rdata) (Name, bool) {
	skip := 0
	switch uint16(t) {
	case dns.TypeNS, dns.TypeCNAME, dns.TypeDNAME, dns.TypePTR:
	case dns.TypeMX, dns.TypeSVCB, dns.TypeHTTPS:
		skip = 2
	case dns.TypeSRV:
		skip = 6
	default:
		return "", false
	}
	if len(data) < skip {
		return "", false
	}
	n, _, err := NameFromWire([]byte(data[skip:]))
	return n, err == nil
}

// Lines prints the set as zone-file lines: owner, TTL, type and data, without the class.
func (s RRset) Lines(owner Name) []string {
	lines := make([]string, len(s.Data))
	for i, d := range s.Data {
		lines[i] = fmt.Sprintf("%s %d %s %s", owner, s.TTL, s.Type, RdataText(s.Type, d))
	}
	return lines
}
