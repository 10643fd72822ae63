package main

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"zonecast/internal/zone"
)

// world is zone files as text, and the names worth asking for.
type world struct {
	r     *rand.Rand
	zones []zoneText
	names []zone.Name // owners and servers
	sets  []setKey    // what is there
}

type setKey struct {
	owner zone.Name
	typ   zone.Type
}

type zoneText struct {
	apex zone.Name
	text strings.Builder
}

// labels are few, so that owners, targets and questions meet; the odd ones break what handles names as text.
var (
	plain = []string{"a", "b", "c", "www", "mail", "ns1", "_tcp", "x-y", "0", "127"}
	odd   = []string{"a.b", "sp ace", "\x00", "\xff\xfe", `"`, `\`, "it's", "a:b", ";", "(", "#", "a*", "**", "\t", "\n"}
)

// makers write random data of the types that people have; target is a name as text.
var makers = []struct {
	kind string
	data func(r *rand.Rand, target string) string
}{
	{"A", func(r *rand.Rand, _ string) string { return fmt.Sprintf("192.0.2.%d", r.IntN(256)) }},
	{"A", func(r *rand.Rand, _ string) string { return fmt.Sprintf("198.51.100.%d", r.IntN(256)) }},
	{"AAAA", func(r *rand.Rand, _ string) string { return fmt.Sprintf("2001:db8::%x", r.IntN(1<<16)) }},
	{"MX", func(r *rand.Rand, target string) string { return fmt.Sprint(r.IntN(1<<16), " ", target) }},
	{"TXT", func(r *rand.Rand, _ string) string {
		return strings.TrimSpace(strings.Repeat(str(r, 100)+" ", 1+r.IntN(3)))
	}},
	{"TXT", func(r *rand.Rand, _ string) string { return str(r, 255) }},
	{"SRV", func(r *rand.Rand, target string) string {
		return fmt.Sprint(r.IntN(4), " ", r.IntN(1<<16), " ", r.IntN(1<<16), " ", target)
	}},
	{"PTR", func(_ *rand.Rand, target string) string { return target }},
	{"CAA", func(r *rand.Rand, _ string) string { return `0 issue "ca` + fmt.Sprint(r.IntN(9)) + `.example.net"` }},
	{"NAPTR", func(r *rand.Rand, target string) string {
		return fmt.Sprintf(`%d 1 "s" "SIP+D2U" "!^.*$!sip:info@example.com!" %s`, r.IntN(100), target)
	}},
	{"SSHFP", func(r *rand.Rand, _ string) string { return fmt.Sprintf("1 2 %064x", r.Uint64()) }},
	{"TLSA", func(r *rand.Rand, _ string) string { return fmt.Sprintf("3 1 1 %064x", r.Uint64()) }},
	{"HTTPS", func(r *rand.Rand, _ string) string {
		return fmt.Sprintf("1 . alpn=h2 ipv4hint=192.0.2.%d", r.IntN(256))
	}},
	{"TYPE65280", func(r *rand.Rand, _ string) string { return fmt.Sprintf(`\# 3 %06x`, r.IntN(1<<24)) }},
}

// str is a quoted string of up to so many octets of any kind.
func str(r *rand.Rand, most int) string {
	var b strings.Builder
	b.WriteByte('"')
	for range r.IntN(most + 1) {
		fmt.Fprintf(&b, `\%03d`, [...]int{r.IntN(256), 'a' + r.IntN(26), '\'', '"', '\\', ':', ';', ' '}[r.IntN(8)])
	}
	return b.String() + `"`
}

func (w *world) label() string {
	if w.r.IntN(6) == 0 {
		return odd[w.r.IntN(len(odd))]
	}
	return plain[w.r.IntN(len(plain))]
}

// below gives a name one to three labels below another.
func (w *world) below(n zone.Name) zone.Name {
	for depth := 1 + w.r.IntN(2)*w.r.IntN(3); depth > 0; depth-- {
		if c, err := n.Child(w.label()); err == nil {
			n = c
		}
	}
	return n
}

// target is a name of the world, mostly.
func (w *world) target() string {
	if len(w.names) == 0 || w.r.IntN(5) == 0 {
		return "elsewhere.example.org."
	}
	return w.names[w.r.IntN(len(w.names))].String()
}

func (w *world) ttl() int { return [...]int{0, 1, 60, 300, 3600, 86400}[w.r.IntN(6)] }

// newWorld makes zones of some 300 owners each, the last one below the first.
func newWorld(seed uint64) *world {
	w := &world{r: rand.New(rand.NewPCG(seed, 2))}
	for _, text := range []string{"example.", "b.example.", "xn--bcher-kva.example.net.", "2.0.192.in-addr.arpa."} {
		apex, err := zone.ParseName(text)
		if err != nil {
			panic(err) // a constant
		}
		w.zones = append(w.zones, zoneText{apex: apex})
	}
	for i := range w.zones {
		w.fill(&w.zones[i])
	}
	return w
}

func (w *world) fill(z *zoneText) {
	line := func(owner zone.Name, ttl int, kind, data string) {
		fmt.Fprintf(&z.text, "%s %d IN %s %s\n", owner, ttl, kind, data)
		t, _ := zone.ParseType(kind)
		w.sets = append(w.sets, setKey{owner, t})
	}
	apex := z.apex
	line(apex, w.ttl(), "SOA", fmt.Sprintf("ns1.%s host.%s %d 3600 600 86400 %d", apex, apex, w.r.IntN(1<<20), w.ttl()))
	line(apex, 3600, "NS", "ns1.example.")
	line(apex, 3600, "NS", "ns.elsewhere.example.org.")
	line(apex, 300, "MX", "10 mail.example.")
	line(apex, 300, "TXT", str(w.r, 200))
	w.names = append(w.names, apex)
	used := map[zone.Name]bool{apex: true}
	var closed []zone.Name // cuts and DNAMEs: nothing goes below
	for range 300 {
		owner := w.below(apex)
		if len(w.names) > 20 && w.r.IntN(3) == 0 {
			owner = w.below(w.names[w.r.IntN(len(w.names))])
		}
		wild := w.r.IntN(12) == 0
		if wild {
			if c, err := owner.Child("*"); err == nil {
				owner = c
			}
		}
		if used[owner] || !owner.Under(apex) || under(owner, closed) || other(w, z, owner) {
			continue
		}
		used[owner] = true
		w.names = append(w.names, owner)
		switch k := w.r.IntN(30); {
		case k < 3:
			line(owner, w.ttl(), "CNAME", w.target())
		case k == 3 && !wild && !above(owner, used):
			closed = append(closed, owner)
			w.cut(owner, line)
		case k == 4 && !wild && !above(owner, used):
			closed = append(closed, owner)
			line(owner, w.ttl(), "DNAME", w.target())
		default:
			w.several(owner, line)
		}
	}
}

// cut writes a delegation: servers with glue of both kinds, and seldom a DS.
func (w *world) cut(owner zone.Name, line func(zone.Name, int, string, string)) {
	for i := range 1 + w.r.IntN(2) {
		host, err := owner.Child(fmt.Sprintf("ns%d", i))
		if err != nil {
			continue
		}
		ttl := w.ttl()
		line(owner, 3600, "NS", host.String())
		line(host, ttl, "A", fmt.Sprintf("192.0.2.%d", w.r.IntN(256)))
		if w.r.IntN(2) == 0 {
			line(host, ttl, "AAAA", fmt.Sprintf("2001:db8::%x", w.r.IntN(1<<16)))
		}
		w.names = append(w.names, host)
	}
	if w.r.IntN(2) == 0 {
		line(owner, w.ttl(), "DS", fmt.Sprintf("%d 13 2 %064x", w.r.IntN(1<<16), w.r.Uint64()))
	}
}

// several writes one to three sets; seldom one of many records.
func (w *world) several(owner zone.Name, line func(zone.Name, int, string, string)) {
	for _, i := range w.r.Perm(len(makers))[:1+w.r.IntN(3)] {
		ttl, n := w.ttl(), 1+w.r.IntN(3)
		if w.r.IntN(25) == 0 {
			n = 20
		}
		for range n {
			line(owner, ttl, makers[i].kind, makers[i].data(w.r, w.target()))
		}
	}
}

func under(n zone.Name, list []zone.Name) bool {
	for _, x := range list {
		if n.Under(x) {
			return true
		}
	}
	return false
}

// above tells whether something stands below a name already.
func above(n zone.Name, used map[zone.Name]bool) bool {
	for x := range used {
		if x != n && x.Under(n) {
			return true
		}
	}
	return false
}

// other tells whether a name belongs to another of the zones, below this one.
func other(w *world, z *zoneText, n zone.Name) bool {
	for i := range w.zones {
		if o := w.zones[i].apex; o != z.apex && o.Under(z.apex) && n.Under(o) {
			return true
		}
	}
	return false
}

// inside tells whether a name is in one of the zones.
func (w *world) inside(n zone.Name) bool {
	for i := range w.zones {
		if n.Under(w.zones[i].apex) {
			return true
		}
	}
	return false
}

// question gives what to ask: mostly what is there, its neighbours and what is below, of a type that is there or not.
func (w *world) question() (zone.Name, zone.Type) {
	if w.r.IntN(2) == 0 {
		s := w.sets[w.r.IntN(len(w.sets))]
		if s.owner.IsWildcard() && w.r.IntN(4) > 0 {
			return w.below(s.owner.Parent()), s.typ
		}
		return s.owner, s.typ
	}
	n := w.names[w.r.IntN(len(w.names))]
	switch w.r.IntN(8) {
	case 0:
		n = w.below(n)
	case 1:
		if p := n.Parent(); w.inside(p) {
			n = w.below(p)
		}
	case 2:
		if p := n.Parent(); w.inside(p) {
			n = p
		}
	case 3:
		if n.IsWildcard() { // never an apex
			n = w.below(n.Parent())
		}
	}
	kinds := []zone.Type{zone.TypeNS, zone.TypeSOA, zone.TypeDS, zone.TypeCNAME, zone.TypeAAAA, 65281}
	if w.r.IntN(4) > 0 {
		t, _ := zone.ParseType(makers[w.r.IntN(len(makers))].kind)
		return n, t
	}
	return n, kinds[w.r.IntN(len(kinds))]
}
