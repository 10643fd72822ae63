package export

import (
	"fmt"
	"net/netip"
	"strings"

	"zonecast/internal/snapshot"
	"zonecast/internal/zone"
)

// hosts writes a line of hosts(5) for each address of each name: the address, then the name without its final dot.
type hosts struct {
	page
	cuts
}

func (h *hosts) begin(snapshot.Zone) { h.cuts = cuts{} }

func (h *hosts) node(z snapshot.Zone, n snapshot.Node) {
	if at, below := h.enter(z, n); at || below {
		if at {
			h.lost.add(Delegation, n.Name)
		}
		return // not this zone's to tell
	}
	name, fits := hostname(n.Name)
	for _, s := range n.Sets {
		switch {
		case s.Type == zone.TypeCNAME:
			h.lost.add(Alias, n.Name)
			continue
		case s.Type != zone.TypeA && s.Type != zone.TypeAAAA:
			h.lost.add(OtherType, n.Name)
			continue
		case n.Name.IsWildcard():
			h.lost.add(Wildcard, n.Name)
			continue
		case !fits:
			h.lost.add(NoHostname, n.Name)
			continue
		case s.Rotate != zone.RotateNone:
			h.lost.add(Rotation, n.Name)
		}
		for _, d := range s.Data {
			if addr, ok := netip.AddrFromSlice([]byte(d)); ok {
				fmt.Fprintf(h.out, "%s\t%s\n", addr, name)
			}
		}
	}
}

// hostname gives the name as a hosts file has it: letters, digits, hyphens and, as is usual, underscores. A # would
// begin a comment and a space another name.
func hostname(n zone.Name) (string, bool) {
	text := strings.TrimSuffix(n.String(), ".")
	for i := range len(text) {
		if c := text[i]; c != '.' && c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') {
			return "", false
		}
	}
	return text, text != ""
}
