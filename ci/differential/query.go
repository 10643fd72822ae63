package main

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"

	"github.com/miekg/dns"

	"zonecast/internal/zone"
)

// query is one question as it is sent.
type query struct {
	name zone.Name // in lower case
	typ  zone.Type
	edns bool
	size uint16
	do   bool
	tcp  bool
	bits uint16 // RD, AD, CD
	wire []byte
}

func (q *query) String() string {
	by := "UDP"
	if q.tcp {
		by = "TCP"
	}
	return fmt.Sprintf("%s %s by %s, edns=%t size=%d do=%t bits=%#x", q.name, q.typ, by, q.edns, q.size, q.do, q.bits)
}

// types asked for beside those that the zones hold.
var asked = []zone.Type{zone.TypeA, zone.TypeAAAA, zone.TypeNS, zone.TypeSOA, zone.TypeCNAME, zone.TypeDNAME, zone.TypeDS, zone.TypeMX,
	zone.TypeTXT, zone.TypeSRV, zone.TypePTR, zone.Type(dns.TypeANY), zone.Type(dns.TypeRRSIG), zone.Type(dns.TypeNSEC),
	zone.Type(dns.TypeDNSKEY), zone.Type(dns.TypeHTTPS), 65280, 4000}

// names lists what questions are made from: owners, what is pointed to, and everything between them and the apexes.
func (f *family) names() (list []zone.Name) {
	seen := map[zone.Name]bool{}
	add := func(n zone.Name) {
		for ; n != "" && !seen[n]; n = n.Parent() {
			seen[n] = true
			list = append(list, n)
		}
	}
	for _, z := range f.zones {
		for _, n := range sorted(z.nodes) {
			add(n)
		}
	}
	for _, n := range f.targets {
		add(n)
	}
	return list
}

// ask makes a random question about a family.
func (f *family) ask(r *rand.Rand, names []zone.Name) *query {
	n := names[r.IntN(len(names))]
	switch k := r.IntN(100); {
	case k < 50: // as it is
	case k < 60:
		n = below(r, n)
	case k < 75: // one label off
		if at := 1 + int(n[0]); at < len(n) {
			n = child(label(r), n[at:])
		}
	case k < 80: // a label more in the middle
		if at := 1 + int(n[0]); at < len(n) && len(n)+4 < zone.MaxName {
			n = n[:at] + child("a", n[at:])
		}
	case k < 88:
		n = f.zones[r.IntN(len(f.zones))].apex
	case k < 95:
		n = below(r, f.zones[r.IntN(len(f.zones))].apex)
	case k < 96:
		n = longest(r, n)
	}
	q := &query{name: n, typ: asked[r.IntN(len(asked))], tcp: r.IntN(10) == 0}
	if r.IntN(3) == 0 {
		q.typ, _ = zone.ParseType(kinds[r.IntN(len(kinds))])
	}
	if r.IntN(5) == 0 {
		q.bits = [...]uint16{1 << 8, 1 << 5, 1 << 4, 1<<8 | 1<<5 | 1<<4}[r.IntN(4)]
	}
	if r.IntN(5) > 1 {
		q.edns, q.do = true, r.IntN(3) == 0
		q.size = [...]uint16{0, 512, 1232, 4096, 65535}[r.IntN(5)]
	}
	q.pack(r)
	return q
}

func (q *query) pack(r *rand.Rand) {
	extra := uint16(0)
	if q.edns {
		extra = 1
	}
	q.wire = nil
	for _, v := range [...]uint16{uint16(r.IntN(1 << 16)), q.bits, 1, 0, 0, extra} { //nolint:gosec // below 2^16
		q.wire = binary.BigEndian.AppendUint16(q.wire, v)
	}
	q.wire = append(q.wire, mixed(r, q.name)...)
	q.wire = binary.BigEndian.AppendUint16(q.wire, uint16(q.typ))
	q.wire = binary.BigEndian.AppendUint16(q.wire, dns.ClassINET)
	if q.edns {
		q.wire = append(q.wire, 0)
		q.wire = binary.BigEndian.AppendUint16(q.wire, dns.TypeOPT)
		q.wire = binary.BigEndian.AppendUint16(q.wire, q.size)
		flags := uint32(0)
		if q.do {
			flags = 1 << 15
		}
		q.wire = binary.BigEndian.AppendUint32(q.wire, flags)
		q.wire = append(q.wire, 0, 0)
	}
}
