package write

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"zonecast/internal/zone"
	"zonecast/presenter/zonefile"
)

// octoTypes are the types that octoDNS's YAML knows and this package writes in its shape.
var octoTypes = strings.Fields("A AAAA CAA CNAME DNAME DS HTTPS LOC MX NAPTR NS OPENPGPKEY PTR SPF SRV SSHFP SVCB TLSA TXT URI")

// OctoDNS tells whether octoDNS knows a type.
func OctoDNS(t zone.Type) bool { return slices.Contains(octoTypes, t.String()) }

// ErrOctoDNS is of a value that stands in no zone of octoDNS's.
var ErrOctoDNS = errors.New("octoDNS has no way to write this value")

var errTimes = fmt.Errorf("a time of the SOA is above %d s", zone.MaxTTL)

// value makes the node of one value: the shape of its type if that says all, and else the generic form of RFC 3597 5.
func value(t zone.Type, d zone.Rdata, opt Options) (node, error) {
	rr, err := zone.RR(zone.Root, t, 0, d)
	if err != nil {
		return node{}, err
	}
	switch rr.(type) {
	case *dns.RFC3597, *dns.APL: // may be empty
	default:
		if d == "" {
			return node{}, zone.ErrEmptyRdata
		}
	}
	if whole, err := zone.RdataOf(dns.Copy(rr)); err != nil || len(whole) > len(d) {
		return node{}, fmt.Errorf("%d octets are too few for %s data", len(d), t) // miekg/dns fills up what is missing
	}
	var n node
	switch rr := rr.(type) {
	case *dns.TXT:
		return text(chunks([]byte(d))), nil
	case *dns.SPF:
		return text(chunks([]byte(d))), nil
	case *dns.SOA:
		return soa(rr)
	case *dns.RFC3597:
	default:
		n = shape(rr, []byte(d))
	}
	switch {
	case n.said() && zonefile.Reads(t, n.yaml(), d):
		return n, nil
	case opt.OctoDNS:
		return node{}, ErrOctoDNS
	}
	return text(fmt.Sprintf(`\# %d %x`, len(d), string(d))), nil
}

// soa leaves the serial out: a release has its own.
func soa(rr *dns.SOA) (node, error) {
	for _, v := range [4]uint32{rr.Expire, rr.Minttl, rr.Refresh, rr.Retry} {
		if v > zone.MaxTTL {
			return node{}, errTimes
		}
	}
	return mapping(field{"expire", number(rr.Expire)}, field{"minimum", number(rr.Minttl)}, field{"mname", text(rr.Ns)},
		field{"refresh", number(rr.Refresh)}, field{"retry", number(rr.Retry)}, field{"rname", text(rr.Mbox)}), nil
}

// shape makes the value as octoDNS has it for the type, with its keys in order; of a type that octoDNS does not know it is the data in
// presentation form. Whether it says all is for the caller to find out.
func shape(rr dns.RR, d []byte) node {
	switch rr := rr.(type) {
	case *dns.A, *dns.AAAA:
		addr, _ := netip.AddrFromSlice(d)
		return text(addr.String())
	case *dns.NS, *dns.CNAME, *dns.DNAME, *dns.PTR:
		return name(d)
	case *dns.MX:
		return mapping(field{"exchange", name(d[2:])}, field{"preference", number(rr.Preference)})
	case *dns.SRV:
		return mapping(field{"port", number(rr.Port)}, field{"priority", number(rr.Priority)}, field{"target", name(d[6:])}, field{"weight", number(rr.Weight)})
	case *dns.CAA:
		tag := 2 + int(d[1])
		return mapping(field{"flags", number(rr.Flag)}, field{"tag", text(string(d[2:tag]))}, field{"value", text(strings.ReplaceAll(string(d[tag:]), ";", `\;`))})
	case *dns.NAPTR:
		flags, rest := charString(d[4:])
		service, rest := charString(rest)
		regexp, rest := charString(rest)
		return mapping(field{"flags", text(escape(flags, true))}, field{"order", number(rr.Order)}, field{"preference", number(rr.Preference)},
			field{"regexp", text(escape(regexp, true))}, field{"replacement", name(rest)}, field{"service", text(escape(service, true))})
	case *dns.DS:
		return mapping(field{"algorithm", number(rr.Algorithm)}, field{"digest", text(strings.ToLower(rr.Digest))}, field{"digest_type", number(rr.DigestType)},
			field{"key_tag", number(rr.KeyTag)})
	case *dns.SSHFP:
		return mapping(field{"algorithm", number(rr.Algorithm)}, field{"fingerprint", text(strings.ToLower(rr.FingerPrint))}, field{"fingerprint_type", number(rr.Type)})
	case *dns.TLSA:
		return mapping(field{"certificate_association_data", text(rr.Certificate)}, field{"certificate_usage", number(rr.Usage)},
			field{"matching_type", number(rr.MatchingType)}, field{"selector", number(rr.Selector)})
	case *dns.LOC:
		return location(rr)
	case *dns.SVCB:
		return service(rr)
	case *dns.HTTPS:
		return service(&rr.SVCB)
	case *dns.OPENPGPKEY:
		return text(rr.PublicKey)
	case *dns.URI:
		return mapping(field{"priority", number(rr.Priority)}, field{"target", text(escape(d[4:], true))}, field{"weight", number(rr.Weight)})
	}
	return text(zone.RdataText(zone.Type(rr.Header().Rrtype), zone.Rdata(d)))
}

// name prints a name that is the rest of some data.
func name(d []byte) node {
	n, _, _ := zone.NameFromWire(d)
	return text(n.String())
}

// charString cuts a character-string (RFC 1035 3.3) off data that were found to hold one.
func charString(d []byte) (octets, rest []byte) {
	end := 1 + int(d[0])
	return d[1:end], d[end:]
}
