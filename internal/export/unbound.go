package export

import (
	"encoding/hex"
	"fmt"
	"slices"

	"zonecast/internal/snapshot"
	"zonecast/internal/zone"
)

// unbound writes local data (unbound.conf(5)) for a resolver. Zones are static: a name that is not there is NXDOMAIN and a
// type that is not there NODATA, with the zone's SOA. What is delegated is transparent: the resolver finds it as it finds
// everything. Measured with Unbound 1.17: local data answers no wildcard (a redirect zone would answer for existing
// names below it too), follows no CNAME and makes none of a DNAME; auth-zones do all that.
type unbound struct {
	page
	cuts
}

// plainTypes are those whose text every Unbound of these years reads; others are written as RFC 3597 5 has them.
var plainTypes = []string{"A", "AAAA", "NS", "CNAME", "SOA", "PTR", "MX", "TXT", "SRV", "CAA", "DS", "SSHFP", "TLSA", "NAPTR", "DNAME"}

func (u *unbound) begin(z snapshot.Zone) {
	u.cuts = cuts{}
	fmt.Fprintf(u.out, "server:\nlocal-zone: %s static\n", quoted(z.Apex.String()))
}

func (u *unbound) node(z snapshot.Zone, n snapshot.Node) {
	at, below := u.enter(z, n)
	if below {
		return
	}
	if at {
		u.lost.add(Delegation, n.Name)
		fmt.Fprintf(u.out, "local-zone: %s transparent\n", quoted(n.Name.String()))
		if ds, ok := zone.FindSet(n.Sets, zone.TypeDS); ok { // Unbound takes it for the zone above's, as it is
			u.data(n.Name, ds)
		}
		return
	}
	if n.Name.IsWildcard() {
		u.lost.add(Wildcard, n.Name)
	}
	for _, s := range n.Sets {
		switch s.Type {
		case zone.TypeCNAME:
			u.lost.add(Alias, n.Name)
		case zone.TypeDNAME:
			u.lost.add(DNAME, n.Name)
		}
		if s.Rotate != zone.RotateNone {
			u.lost.add(Rotation, n.Name)
		}
		u.data(n.Name, s)
	}
}

func (u *unbound) data(owner zone.Name, s zone.RRset) {
	for _, d := range s.Data {
		fmt.Fprintf(u.out, "local-data: %s\n", quoted(localData(owner, s, d)))
	}
}

func localData(owner zone.Name, s zone.RRset, d zone.Rdata) string {
	if slices.Contains(plainTypes, s.Type.String()) {
		text := zone.RdataText(s.Type, d)
		if back, err := zone.ParseRdata(s.Type, text, ""); err == nil && back == d {
			return fmt.Sprintf("%s %d IN %s %s", owner, s.TTL, s.Type, text)
		}
	}
	return fmt.Sprintf(`%s %d IN TYPE%d \# %d %s`, owner, s.TTL, uint16(s.Type), len(d), hex.EncodeToString([]byte(d)))
}
