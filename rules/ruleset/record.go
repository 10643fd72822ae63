package ruleset

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/miekg/dns"
	"gopkg.in/yaml.v3"

	"zonecast/internal/strictyaml"
	"zonecast/internal/zone"
)

// recordTypes are what a module may make. SOA comes from the zone.
var recordTypes = []string{"A", "AAAA", "CAA", "CNAME", "DNAME", "DS", "HTTPS", "LOC", "MX", "NAPTR", "NS", "PTR", "SPF", "SRV", "SSHFP", "SVCB", "TLSA", "TXT"}

// namedTypes have data that ends in a name, so its final dot matters.
var namedTypes = []uint16{dns.TypeCNAME, dns.TypeDNAME, dns.TypeNS, dns.TypePTR, dns.TypeMX, dns.TypeSRV}

// record reads one entry under records.
func (s *source) record(n *yaml.Node, sc scope, ttl uint32) *record {
	f := s.Mapping(n, "a record", recordKeys...)
	if f == nil {
		return nil
	}
	r := &record{line: n.Line, column: n.Column, ttl: ttl}
	if t := f["ttl"]; t != nil {
		r.ttl = s.TTL(t)
	}
	r.typ = s.recordType(n, f["type"])
	if e := f["each"]; e != nil {
		r.each = s.expression(e, "each", sc, reflect.Invalid)
		if r.each == nil {
			return nil // the element's type is not known, so the rest cannot be checked
		}
		t := r.each.typ
		if t.Base != List || t.Elem == nil || t.Elem.Base == "" || t.Elem.Base == List {
			s.Fail("expression-type", e, "each must give a list whose elements have a known type", "name a list attribute, or split(…)")
			return nil
		}
		sc.it = t.Elem
	}
	if p := f["number"]; p != nil {
		if r.number = s.number(p, sc); r.number == nil {
			return nil // n is not known, so the rest cannot be checked
		}
		sc.number = true
	}
	if w := f["when"]; w != nil {
		r.when = s.expression(w, "when", sc, reflect.Bool)
	}
	if r.number != nil {
		r.number.early = r.when == nil || !r.when.number
	}
	if p := f["pool"]; p != nil {
		r.pool = s.pool(p, sc)
	}
	if name := f["name"]; name == nil {
		s.Fail("missing-key", n, "the record has no name", "")
	} else if r.name = s.template(name, "name", sc, false); r.name != nil {
		s.checkName(name, r.name)
	}
	s.values(r, n, f, sc)
	if r.name == nil || r.typ == 0 {
		return nil
	}
	return r
}

func (s *source) recordType(record, n *yaml.Node) zone.Type {
	if n == nil {
		s.Fail("missing-key", record, "the record has no type", "")
		return 0
	}
	text, ok := s.Text(n, "type")
	if !ok {
		return 0
	}
	if !slices.Contains(recordTypes, text) {
		fix := strictyaml.Nearest(text, recordTypes)
		if text == "SOA" {
			fix = "the SOA belongs to the zone: zones/<zone>.yaml"
		}
		s.Fail("unknown-record-type", n, fmt.Sprintf("rules cannot make records of type %q", text), fix)
		return 0
	}
	t, _ := zone.ParseType(text)
	return t
}

func (s *source) values(r *record, n *yaml.Node, f map[string]*yaml.Node, sc scope) {
	given := 0
	for _, key := range []string{"value", "values", "values_from"} {
		if f[key] != nil {
			given++
		}
	}
	if given != 1 {
		s.Fail("missing-key", n, "the record needs exactly one of value, values and values_from", "")
		return
	}
	if v := f["value"]; v != nil {
		s.value(r, v, "value", sc)
	}
	if v := f["values"]; v != nil {
		if v.Kind != yaml.SequenceNode || len(v.Content) == 0 || len(v.Content) > maxRecords {
			s.Fail("wrong-type", v, fmt.Sprintf("values must be a list of 1 to %d texts", maxRecords), "")
			return
		}
		for _, v := range v.Content {
			s.value(r, v, "value", sc)
		}
	}
	if v := f["values_from"]; v != nil {
		r.from = s.expression(v, "values_from", sc, reflect.Invalid)
		if r.from == nil {
			return
		}
		t := r.from.typ
		if t.Base != List || t.Elem == nil || t.Elem.Base == "" || t.Elem.Base == Bool || t.Elem.Base == List || t.Elem.Base == object {
			s.Fail("expression-type", v, "values_from must give a list of texts or whole numbers", "use map(list, …) to make one")
		}
	}
}

// value reads one template of record data and checks what can be seen of it before there is an entity.
func (s *source) value(r *record, n *yaml.Node, what string, sc scope) {
	t := s.template(n, what, sc, true)
	if t == nil {
		return
	}
	r.values = append(r.values, t)
	if r.typ == 0 {
		return
	}
	if slices.Contains(namedTypes, uint16(r.typ)) && t.lacksDot() {
		s.Fail("name-not-absolute", n, fmt.Sprintf("the name in the %s data has no final dot", r.typ), "end it, or the var that it ends with, with a dot")
		return
	}
	if text, ok := t.sample(); ok {
		if _, err := zone.ParseRdata(r.typ, text, ""); err != nil {
			s.Fail("bad-rdata", n, err.Error(), "")
		}
	}
}
