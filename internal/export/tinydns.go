package export

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"

	"zonecast/internal/snapshot"
	"zonecast/internal/zone"
)

// tinydns writes lines for tinydns-data (cr.yp.to/djbdns/tinydns-data.html). Each line makes one record and nothing else:
// Z for SOA and & for NS, never the "." that makes both and numbers the SOA by itself; + for A, never the "=" that makes
// a PTR too. Every line has its TTL, and none a time stamp or a location.
type tinydns struct {
	page
	cuts
}

// Limits of djbdns: addresses that an answer holds (tdlookup.c), and octets of the strings that ' lines are cut into.
const (
	tinyAddresses = 8
	tinyString    = 127
	tinyDatagram  = 512
)

func (t *tinydns) begin(snapshot.Zone) { t.cuts = cuts{} }

func (t *tinydns) node(z snapshot.Zone, n snapshot.Node) {
	at, below := t.enter(z, n)
	delegated := at || below
	if _, servers := zone.FindSet(n.Sets, zone.TypeNS); n.Name == z.Apex && !servers {
		t.lost.add(NoServers, n.Name)
	}
	switch {
	case delegated:
	case len(n.Sets) == 0:
		t.lost.add(EmptyName, n.Name)
	case n.Name.IsWildcard():
		t.lost.add(Wildcard, n.Name)
	}
	owner := dotted(n.Name)
	for _, s := range n.Sets {
		t.note(n.Name, s, delegated)
		for _, d := range s.Data {
			t.line(owner, s, []byte(d))
		}
	}
}

// note counts what tinydns does otherwise with a set.
func (t *tinydns) note(owner zone.Name, s zone.RRset, delegated bool) {
	if s.Rotate != zone.RotateNone {
		t.lost.add(Rotation, owner)
	}
	switch {
	case delegated && s.Type == zone.TypeDS:
		t.lost.add(DSOfCut, owner)
	case delegated && s.Type == zone.TypeAAAA:
		t.lost.add(GlueV6, owner)
	case s.Type == zone.TypeDNAME:
		t.lost.add(DNAME, owner)
	case s.Type == zone.TypeA && len(s.Data) > tinyAddresses:
		t.lost.add(ManyAddresses, owner)
	default:
		size := 12 + len(owner) + 4 // header and question
		for _, d := range s.Data {
			size += 12 + len(d) // a pointer to the name, and what a record has before its data
		}
		if size > tinyDatagram {
			t.lost.add(Large, owner)
		}
	}
}

func (t *tinydns) line(owner string, s zone.RRset, d []byte) {
	switch s.Type {
	case zone.TypeA:
		if addr, ok := netip.AddrFromSlice(d); ok && addr.Is4() {
			fmt.Fprintf(t.out, "+%s:%s:%d\n", owner, addr, s.TTL)
			return
		}
	case zone.TypeSOA:
		if t.soa(owner, s.TTL, d) {
			return
		}
	case zone.TypeNS:
		if target, ok := zone.Target(s.Type, zone.Rdata(d)); ok {
			fmt.Fprintf(t.out, "&%s::%s:%d\n", owner, whole(target), s.TTL)
			return
		}
	case zone.TypeMX:
		if target, ok := zone.Target(s.Type, zone.Rdata(d)); ok {
			fmt.Fprintf(t.out, "@%s::%s:%d:%d\n", owner, whole(target), binary.BigEndian.Uint16(d), s.TTL)
			return
		}
	case zone.TypeCNAME, zone.TypePTR:
		if target, ok := zone.Target(s.Type, zone.Rdata(d)); ok {
			kind := 'C'
			if s.Type == zone.TypePTR {
				kind = '^'
			}
			fmt.Fprintf(t.out, "%c%s:%s:%d\n", kind, owner, dotted(target), s.TTL)
			return
		}
	case zone.TypeTXT: // as one string of so few octets that it is not cut up; "" would become none
		if size := len(d) - 1; size > 0 && size <= tinyString && int(d[0]) == size {
			fmt.Fprintf(t.out, "'%s:%s:%d\n", owner, octal(d[1:]), s.TTL)
			return
		}
	}
	fmt.Fprintf(t.out, ":%s:%d:%s:%d\n", owner, uint16(s.Type), octal(d), s.TTL)
}

func (t *tinydns) soa(owner string, ttl uint32, d []byte) bool {
	mname, n, err := zone.NameFromWire(d)
	if err != nil {
		return false
	}
	rname, m, err := zone.NameFromWire(d[n:])
	if err != nil || len(d) != n+m+20 {
		return false
	}
	fmt.Fprintf(t.out, "Z%s:%s:%s", owner, dotted(mname), dotted(rname))
	for rest := d[n+m:]; len(rest) > 0; rest = rest[4:] {
		fmt.Fprintf(t.out, ":%d", binary.BigEndian.Uint32(rest))
	}
	fmt.Fprintf(t.out, ":%d\n", ttl)
	return true
}

// dotted is a name as tinydns-data reads it: without the final dot, \ooo for what is no letter, digit, hyphen,
// underscore or asterisk.
func dotted(n zone.Name) string {
	if n == zone.Root {
		return "."
	}
	var b strings.Builder
	for rest := n; len(rest) > 1; rest = rest.Parent() {
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		for _, c := range []byte(rest.Label()) {
			if 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '*' {
				b.WriteByte(c)
			} else {
				fmt.Fprintf(&b, `\%03o`, c)
			}
		}
	}
	return b.String()
}

// whole is a server's name. One without a dot would be taken for a label to put before .ns or .mx and the owner.
func whole(n zone.Name) string {
	text := dotted(n)
	if !strings.Contains(text, ".") {
		return text + "."
	}
	return text
}

// octal is data as tinydns-data reads it: a colon would end the field.
func octal(d []byte) string {
	var b strings.Builder
	b.Grow(len(d) + 8)
	for _, c := range d {
		if c <= ' ' || c > '~' || c == ':' || c == '\\' {
			fmt.Fprintf(&b, `\%03o`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
