package zonefile

import (
	"fmt"
	"strings"

	"github.com/miekg/dns"
	"gopkg.in/yaml.v3"

	"zonecast/internal/zone"
)

// unserved are the types that no zone file brings: those that only signing makes, which would be wrong as soon as anything
// beside them changes, and those of messages (RFC 6895 3.1).
func unserved(t zone.Type) (why string, is bool) {
	switch uint16(t) {
	case dns.TypeRRSIG, dns.TypeSIG, dns.TypeNSEC, dns.TypeNXT, dns.TypeNSEC3, dns.TypeNSEC3PARAM, dns.TypeDNSKEY, dns.TypeKEY,
		dns.TypeCDS, dns.TypeCDNSKEY, dns.TypeZONEMD:
		return "belongs to a signed zone, and zones are not signed here", true
	case dns.TypeNone, dns.TypeOPT, dns.TypeReserved, dns.TypeNULL:
		return "is no type of data", true
	}
	return "is no type of data", t >= 128 && t <= 255
}

// typeNamed reads a record's type; check says what is wrong with it.
func typeNamed(text string) (t zone.Type, check, wrong, fix string) {
	t, ok := zone.ParseType(text)
	switch {
	case !ok && strings.Contains(text, "/"), text == "ALIAS", text == "URLFWD":
		return 0, "provider-type", fmt.Sprintf("%.60s is no type of the DNS: a provider answers something else in its place", text), providerFix(text)
	case !ok:
		return 0, "bad-type", fmt.Sprintf("type %.60q is none of the DNS", text), "write a type as A or MX, or as TYPE65280 (RFC 3597)"
	case t.String() != text:
		return 0, "bad-type", fmt.Sprintf("type %.60s is written %s", text, t), "write " + t.String()
	}
	if why, is := unserved(t); is {
		return 0, "bad-type", fmt.Sprintf("type %s %s", t, why), "remove the record"
	}
	return t, "", "", ""
}

func providerFix(text string) string {
	switch text {
	case "ALIAS":
		return "write the addresses that it stands for; below the zone itself a CNAME; or HTTPS with svcpriority 0"
	case "URLFWD":
		return "write the address of a web server that redirects"
	}
	return "remove it, or write records of the DNS"
}

// specOf gives how values of a type are read: types without a shape of their own in presentation form.
func specOf(t zone.Type) spec {
	s, ok := types[t.String()]
	if !ok {
		s.build = func(r *reader, n *yaml.Node) (zone.Rdata, bool) { return r.rdata(t, n) }
		return s
	}
	if t == zone.TypeTXT || t == zone.Type(dns.TypeSPF) || t == zone.TypeSOA {
		return s
	}
	shape := s.build
	s.build = func(r *reader, n *yaml.Node) (zone.Rdata, bool) {
		if n.Kind == yaml.ScalarNode && strings.HasPrefix(n.Value, `\#`) {
			return r.rdata(t, n)
		}
		return shape(r, n)
	}
	return s
}

// rdata reads data as RFC 1035 files have them, or in the generic form of RFC 3597 5.
func (r *reader) rdata(t zone.Type, n *yaml.Node) (zone.Rdata, bool) {
	text, ok := r.text(n, "the value")
	if !ok {
		return "", false
	}
	return r.presentation(t.String(), text, n)
}

// Reads tells whether a value of a type is read without any problem, as these data. Zones that it may stand in are not regarded.
func Reads(t zone.Type, value *yaml.Node, data zone.Rdata) bool {
	got, ok := Data(t, value)
	return ok && got == data
}

// Data reads one value of a type; it is false with any problem. Zones that it may stand in are not regarded.
func Data(t zone.Type, value *yaml.Node) (zone.Rdata, bool) {
	r := &reader{builder: &builder{}}
	got, ok := specOf(t).build(r, value)
	return got, ok && len(r.problems) == 0
}
