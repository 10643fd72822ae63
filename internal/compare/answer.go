package compare

import (
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"zonecast/internal/zone"
)

// Question is what both are asked.
type Question struct {
	Name zone.Name `json:"name"`
	Type zone.Type `json:"type"`
}

func (q Question) String() string { return q.Name.String() + " " + q.Type.String() }

// kind of an answer.
type kind string

const (
	found    kind = "found"    // records at the name
	nodata   kind = "nodata"   // the name exists, the type does not
	nxdomain kind = "nxdomain" // the name does not exist
	referral kind = "referral" // somebody else answers
	refusal  kind = "refusal"  // an error: SERVFAIL, REFUSED and the like
)

// Answer is what a server says of a name.
type Answer struct {
	kind  kind
	rcode int
	set   zone.RRset // found: of the type asked for, or the CNAME; referral: the NS set
	at    zone.Name  // referral: the cut
	order []zone.Rdata
	life  uint32 // nodata, nxdomain: how long resolvers keep it (RFC 2308 5), in seconds; 0 without SOA
}

// Read takes from a message what it says of the question's name. A message that answers another question is an error.
func Read(q Question, m *dns.Msg) (Answer, error) {
	if len(m.Question) != 1 || m.Question[0].Qtype != uint16(q.Type) || !sameName(m.Question[0].Name, q.Name) || !m.Response {
		return Answer{}, fmt.Errorf("the answer is to another question than %s", q)
	}
	a := Answer{rcode: m.Rcode}
	own, err := setAt(q.Name, q.Type, m.Answer)
	if err == nil && len(own.Data) == 0 && q.Type != zone.TypeCNAME {
		own, err = setAt(q.Name, zone.TypeCNAME, m.Answer)
	}
	if err != nil {
		return Answer{}, err
	}
	if len(own.Data) > 0 {
		a.kind, a.set, a.order = found, own, slices.Clone(own.Data)
		a.set.Normalize()
		return a, nil
	}
	switch {
	case m.Rcode == dns.RcodeNameError:
		a.kind = nxdomain
	case m.Rcode != dns.RcodeSuccess:
		a.kind = refusal
		return a, nil
	default:
		a.kind = nodata
	}
	for _, rr := range m.Ns {
		switch rr := rr.(type) {
		case *dns.SOA:
			a.life = min(rr.Hdr.Ttl, rr.Minttl)
		case *dns.NS:
			if a.kind != nodata || m.Authoritative {
				continue
			}
			if a.at, err = zone.ParseName(rr.Hdr.Name); err != nil {
				return Answer{}, err
			}
			a.kind = referral
		}
	}
	if a.kind == referral {
		if a.set, err = setAt(a.at, zone.TypeNS, m.Ns); err != nil {
			return Answer{}, err
		}
		a.set.Normalize()
	}
	return a, nil
}

func sameName(text string, n zone.Name) bool {
	got, err := zone.ParseName(text)
	return err == nil && got == n
}

// setAt collects one set, in the order in which it came.
func setAt(n zone.Name, t zone.Type, rrs []dns.RR) (set zone.RRset, err error) {
	set.Type = t
	for _, rr := range rrs {
		if rr.Header().Rrtype != uint16(t) || !sameName(rr.Header().Name, n) {
			continue
		}
		data, err := zone.RdataReceived(rr)
		if err != nil {
			return set, fmt.Errorf("%s: %w", n, err)
		}
		if len(set.Data) == 0 || rr.Header().Ttl < set.TTL {
			set.TTL = rr.Header().Ttl
		}
		set.Data = append(set.Data, data)
	}
	return set, nil
}

// String is the answer on a line.
func (a Answer) String() string {
	switch a.kind {
	case nodata:
		return "no such type"
	case nxdomain:
		return "no such name"
	case refusal:
		return dns.RcodeToString[a.rcode]
	case referral:
		return fmt.Sprintf("a referral to %s, %s", a.at, texts(a.set.Type, a.set.Data))
	}
	return fmt.Sprintf("%d %s %s", a.set.TTL, a.set.Type, texts(a.set.Type, a.set.Data))
}

// maxShown keeps lines readable: a set of a thousand records is cut.
const maxShown = 8

func texts(t zone.Type, data []zone.Rdata) string {
	var list []string
	for _, d := range data[:min(len(data), maxShown)] {
		list = append(list, zone.RdataText(t, d))
	}
	if more := len(data) - maxShown; more > 0 {
		list = append(list, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(list, ", ")
}
