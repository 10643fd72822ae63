package policy

import (
	"fmt"

	"gopkg.in/yaml.v3"

	"zonecast/internal/zone"
)

// exception lets changes pass a rule: those of which all that is given is true.
type exception struct {
	zone   zone.Name // apex; "" for any
	name   zone.Name // owner name
	within zone.Name // a name and all below it
	typ    zone.Type
	reason string
}

func (e *exception) covers(c *Change) bool {
	return (e.zone == "" || e.zone == c.Zone) && (e.name == "" || e.name == c.Name) &&
		(e.within == "" || c.Name.Under(e.within)) && (e.typ == 0 || e.typ == c.Type)
}

func (r *rule) excepts(c *Change) bool {
	for i := range r.except {
		if r.except[i].covers(c) {
			return true
		}
	}
	return false
}

func (s *source) exceptions(n *yaml.Node) (list []exception) {
	if n.Kind != yaml.SequenceNode || len(n.Content) > maxExcepts {
		s.Fail("wrong-type", n, fmt.Sprintf("except must be a list of at most %d exceptions", maxExcepts), "")
		return nil
	}
	for _, entry := range n.Content {
		f := s.Mapping(entry, "an exception", exceptKeys...)
		if f == nil {
			continue
		}
		var e exception
		for key, to := range map[string]*zone.Name{"zone": &e.zone, "name": &e.name, "within": &e.within} {
			if v := f[key]; v != nil {
				*to = s.absolute(v, key)
			}
		}
		if v := f["type"]; v != nil {
			e.typ = s.recordType(v)
		}
		if v := f["reason"]; v == nil {
			s.Fail("missing-key", entry, "the exception has no reason", "say why it is one")
		} else {
			e.reason, _ = s.Text(v, "reason")
		}
		if f["zone"] == nil && f["name"] == nil && f["within"] == nil && f["type"] == nil {
			s.Fail("missing-key", entry, "the exception is about everything", "name a zone, a name or a type")
		}
		list = append(list, e)
	}
	return list
}

// absolute reads a name that must end in its dot: nothing says what it would be relative to.
func (s *source) absolute(n *yaml.Node, what string) zone.Name {
	text, ok := s.Text(n, what)
	if !ok {
		return ""
	}
	name, err := zone.ParseName(text)
	if err != nil {
		s.Fail("bad-name", n, what+": "+err.Error(), "write the whole name with its final dot")
	}
	return name
}

func (s *source) recordType(n *yaml.Node) zone.Type {
	text, ok := s.Text(n, "type")
	if !ok {
		return 0
	}
	t, ok := zone.ParseType(text)
	if !ok {
		s.Fail("not-in-enum", n, fmt.Sprintf("there is no record type %q", text), "write it as in a zone file: MX")
	}
	return t
}
