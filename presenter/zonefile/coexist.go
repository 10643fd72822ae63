package zonefile

import (
	"fmt"

	"gopkg.in/yaml.v3"

	"zonecast/internal/row"
	"zonecast/internal/zone"
)

// fits refuses records at owner names where their type cannot stand.
func (r *reader) fits(owner zone.Name, at *yaml.Node, h row.HumanRecord) bool {
	t, apex := h.Set.Type, owner == r.apex
	switch {
	case t == zone.TypeSOA && !apex:
		return r.fail(at, "soa-not-at-apex", "a SOA stands at the zone itself only", "move it to ''")
	case t == zone.TypeCNAME && apex && h.Mode != ModeMask:
		return r.fail(at, "cname-at-apex", "a CNAME cannot stand beside the zone's SOA (RFC 1034 3.6.2)", "use addresses, or HTTPS with svcpriority 0")
	case t == zone.TypeDS && apex:
		return r.fail(at, "ds-at-apex", "a DS belongs to the parent zone (RFC 4035 2.4)", "move it there")
	case (t == zone.TypeNS || t == zone.TypeDNAME) && owner.IsWildcard():
		return r.fail(at, "wildcard-type", fmt.Sprintf("%s at a wildcard has no agreed meaning (RFC 4592 4.2, 4.4)", t), "")
	case r.facts.Timestamp && owner.Parent() == r.apex && owner.Label() == "_timestamp":
		r.add(zone.Warning, at, "reserved-name", "the proxy answers at this name itself (timestamp: on)", "remove the record")
	}
	return true
}

// checkNames refuses what cannot stand together at one name.
func (b *builder) checkNames() {
	for _, rec := range b.records {
		if rec.Human.Mode == ModeMask {
			continue
		}
		switch rec.Human.Set.Type {
		case zone.TypeCNAME:
			b.alone(rec)
		case zone.TypeDNAME:
			if ns, ok := b.seen[key{rec.Owner, zone.TypeNS}]; ok && ns.Human.Mode != ModeMask && rec.Owner != b.apex {
				b.clash("dname-and-ns", rec, "a DNAME cannot stand beside a delegation (RFC 6672 2.3)")
			}
		}
	}
}

// alone refuses whatever stands beside a CNAME, a mask excepted.
func (b *builder) alone(cname Record) {
	for name := range types {
		t, _ := zone.ParseType(name)
		other, ok := b.seen[key{cname.Owner, t}]
		if ok && t != zone.TypeCNAME && other.Human.Mode != ModeMask {
			b.clash("cname-and-other", cname, "a CNAME stands alone at its name (RFC 1034 3.6.2)")
			return
		}
	}
}

func (b *builder) clash(check string, rec Record, text string) {
	r := &reader{builder: b, path: rec.Human.File, name: rec.Owner.String()}
	r.fail(&yaml.Node{Line: rec.Line, Column: rec.Column}, check, text, "remove one of them")
}
