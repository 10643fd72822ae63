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
	beside := make(map[zone.Name]Record) // of a CNAME: the first
	for _, rec := range b.records {
		if t := rec.Human.Set.Type; t != zone.TypeCNAME && rec.Human.Mode != ModeMask {
			if cname, ok := b.taken(key{rec.Owner, zone.TypeCNAME}); ok && cname.Human.Mode != ModeMask {
				if _, told := beside[rec.Owner]; !told {
					beside[rec.Owner] = rec
				}
			}
			if ns, ok := b.taken(key{rec.Owner, zone.TypeNS}); t == zone.TypeDNAME && ok && ns.Human.Mode != ModeMask && rec.Owner != b.apex {
				b.clash("dname-and-ns", rec, ns, "a DNAME cannot stand beside a delegation (RFC 6672 2.3)")
			}
		}
	}
	for _, rec := range b.records {
		if other, ok := beside[rec.Owner]; ok && rec.Human.Set.Type == zone.TypeCNAME {
			b.clash("cname-and-other", rec, other, "a CNAME stands alone at its name (RFC 1034 3.6.2)")
		}
	}
}

func (b *builder) clash(check string, rec, other Record, text string) {
	r := &reader{builder: b, path: rec.Human.File, name: rec.Owner.String()}
	r.fail(&yaml.Node{Line: rec.Line, Column: rec.Column}, check,
		fmt.Sprintf("%s; %s is in %s", text, other.Human.Set.Type, b.placeOf(other, rec.Human.File)), "remove one of them")
}
