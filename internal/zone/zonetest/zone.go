// Package zonetest draws zones at random, for property tests of everything that carries records from one form to another.
package zonetest

import (
	"encoding/binary"
	"iter"
	"maps"
	"slices"

	"github.com/miekg/dns"
	"pgregory.net/rapid"

	"zonecast/internal/zone"
)

// Apex of the zones.
var Apex, _ = zone.ParseName("example.com.")

// Zone holds the RRsets at each name, sorted by type, each in canonical order.
type Zone map[zone.Name][]zone.RRset

// All gives the names in canonical order.
func (z Zone) All() iter.Seq2[zone.Name, []zone.RRset] {
	return func(yield func(zone.Name, []zone.RRset) bool) {
		for _, owner := range slices.SortedFunc(maps.Keys(z), zone.Name.Compare) {
			if !yield(owner, z[owner]) {
				return
			}
		}
	}
}

// Draw makes a zone of some names: each with RRsets of the given types (all that can be drawn if there are none), a CNAME alone at its name, and what
// belongs to the apex there: a SOA with serial 1, and NS.
func Draw(t *rapid.T, types ...zone.Type) Zone {
	if len(types) == 0 {
		types = slices.Sorted(maps.Keys(drawn))
		types = append(types, 65280, 65281)
	}
	z := Zone{Apex: {Set(t, zone.TypeSOA), Set(t, zone.TypeNS)}}
	for range rapid.IntRange(0, 8).Draw(t, "names") {
		owner := Owner(t)
		if z[owner] != nil {
			continue
		}
		if slices.Contains(types, zone.TypeCNAME) && rapid.IntRange(0, 4).Draw(t, "cname") == 0 {
			z[owner] = []zone.RRset{Set(t, zone.TypeCNAME)}
			continue
		}
		for _, typ := range rapid.SliceOfNDistinct(rapid.SampledFrom(types), 1, min(4, len(types)), rapid.ID).Draw(t, "types") {
			if typ == zone.TypeCNAME || typ == zone.TypeSOA || owner.IsWildcard() && (typ == zone.TypeNS || typ == zone.TypeDNAME) {
				continue
			}
			if typ == zone.TypeDNAME && slices.ContainsFunc(z[owner], func(s zone.RRset) bool { return s.Type == zone.TypeNS }) ||
				typ == zone.TypeNS && slices.ContainsFunc(z[owner], func(s zone.RRset) bool { return s.Type == zone.TypeDNAME }) {
				continue
			}
			z[owner] = append(z[owner], Set(t, typ))
		}
		zone.SortSets(z[owner])
		if len(z[owner]) == 0 {
			delete(z, owner)
		}
	}
	zone.SortSets(z[Apex])
	return z
}

// Owner draws a name below the apex, now and then with octets that need escapes, or a wildcard.
func Owner(t *rapid.T) zone.Name {
	name := Apex
	for range rapid.IntRange(1, 3).Draw(t, "labels") {
		label := rapid.OneOf(rapid.StringMatching(`[a-z0-9_]([a-z0-9-]{0,8}[a-z0-9])?`), rapid.SampledFrom([]string{"no", "n", "1", "010", "1e3", "~", "on", "@", "a.b", "x y", "\x00\xff", "it's", "host10", "host2"})).Draw(t, "label")
		name, _ = name.Child(label)
	}
	if rapid.IntRange(0, 9).Draw(t, "wildcard") == 0 {
		name, _ = name.Child("*")
	}
	return name
}

// single are the types of which an RRset has one record.
var single = []zone.Type{zone.TypeSOA, zone.TypeCNAME, zone.TypeDNAME}

// Set draws an RRset of a type.
func Set(t *rapid.T, typ zone.Type) zone.RRset {
	s := zone.RRset{Type: typ, TTL: rapid.OneOf(rapid.SampledFrom([]uint32{0, 300, 3600}), rapid.Uint32Range(0, zone.MaxTTL)).Draw(t, "ttl")}
	n := rapid.IntRange(1, 3).Draw(t, "records")
	if slices.Contains(single, typ) {
		n = 1
	}
	for range n {
		draw, ok := drawn[typ]
		if !ok {
			draw = func(t *rapid.T) []byte { return rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "octets") }
		}
		s.Data = append(s.Data, zone.Rdata(draw(t)))
	}
	s.Normalize()
	return s
}

// drawn are the types with data of a form.
var drawn = map[zone.Type]func(*rapid.T) []byte{
	zone.TypeA:                    func(t *rapid.T) []byte { return octets(t, 4) },
	zone.TypeAAAA:                 func(t *rapid.T) []byte { return octets(t, 16) },
	zone.TypeNS:                   target,
	zone.TypeCNAME:                target,
	zone.TypeDNAME:                target,
	zone.TypePTR:                  target,
	zone.TypeTXT:                  strings,
	zone.Type(dns.TypeSPF):        strings,
	zone.TypeMX:                   func(t *rapid.T) []byte { return append(octets(t, 2), target(t)...) },
	zone.TypeSRV:                  func(t *rapid.T) []byte { return append(octets(t, 6), target(t)...) },
	zone.TypeDS:                   func(t *rapid.T) []byte { return digest(t, 4) },
	zone.Type(dns.TypeSSHFP):      func(t *rapid.T) []byte { return digest(t, 2) },
	zone.Type(dns.TypeTLSA):       func(t *rapid.T) []byte { return digest(t, 3) },
	zone.Type(dns.TypeSMIMEA):     func(t *rapid.T) []byte { return digest(t, 3) },
	zone.Type(dns.TypeHINFO):      func(t *rapid.T) []byte { return append(charString(t), charString(t)...) },
	zone.Type(dns.TypeRP):         func(t *rapid.T) []byte { return append(target(t), target(t)...) },
	zone.Type(dns.TypeAFSDB):      func(t *rapid.T) []byte { return append(octets(t, 2), target(t)...) },
	zone.Type(dns.TypeURI):        func(t *rapid.T) []byte { return append(octets(t, 4), someText(t)...) },
	zone.Type(dns.TypeCAA):        caa,
	zone.Type(dns.TypeNAPTR):      naptr,
	zone.Type(dns.TypeLOC):        loc,
	zone.Type(dns.TypeSVCB):       service,
	zone.Type(dns.TypeHTTPS):      service,
	zone.TypeSOA:                  soa,
	zone.Type(dns.TypeOPENPGPKEY): func(t *rapid.T) []byte { return octets(t, rapid.IntRange(1, 300).Draw(t, "size")) },
}

func octets(t *rapid.T, n int) []byte { return rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "octets") }

func digest(t *rapid.T, before int) []byte {
	b := octets(t, before)
	if rapid.Bool().Draw(t, "usual") {
		for i := range b {
			b[i] %= 3
		}
	}
	return append(b, octets(t, rapid.SampledFrom([]int{1, 20, 32, 48}).Draw(t, "size"))...)
}

func target(t *rapid.T) []byte {
	return []byte(rapid.OneOf(rapid.Just(zone.Root), rapid.Custom(Owner), rapid.Custom(Owner)).Draw(t, "target"))
}

// traps are texts that mean something to a reader on the way.
var traps = []string{"v=DKIM1; k=rsa", `a\b`, `\;`, `say "hi"`, `"`, `a" "b`, "", " ", "no", "12", "'", "# x", "a: b", "\x00\xff", "{a}", `\# 1 ff`, "tab\there", "*x", "&x", "!x", "1:20"}

func someText(t *rapid.T) []byte {
	return rapid.OneOf(rapid.Map(rapid.SampledFrom(traps), func(s string) []byte { return []byte(s + "x") }), rapid.SliceOfN(rapid.Byte(), 1, 60)).Draw(t, "text")
}

func charString(t *rapid.T) []byte {
	b := rapid.OneOf(rapid.Map(rapid.SampledFrom(traps), func(s string) []byte { return []byte(s) }), rapid.SliceOfN(rapid.Byte(), 0, 255),
		rapid.SliceOfN(rapid.ByteRange(' ', '~'), 255, 255)).Draw(t, "text")
	return append([]byte{byte(len(b))}, b...)
}

func strings(t *rapid.T) (b []byte) {
	for range rapid.IntRange(1, 3).Draw(t, "strings") {
		b = append(b, charString(t)...)
	}
	return b
}

func caa(t *rapid.T) []byte {
	tag := rapid.SampledFrom([]string{"issue", "issuewild", "iodef", "Issue"}).Draw(t, "tag")
	return append(append([]byte{rapid.Byte().Draw(t, "flags"), byte(len(tag))}, tag...), someText(t)...)
}

func naptr(t *rapid.T) []byte {
	flags := rapid.SampledFrom([]string{"\x01U", "\x01s", "\x00", "\x02UX"}).Draw(t, "flags")
	b := append(octets(t, 4), flags...)
	return append(append(append(b, charString(t)...), charString(t)...), target(t)...)
}

// loc draws sizes whose digit and power have one form only, and places on Earth.
func loc(t *rapid.T) []byte {
	size := func() byte {
		return byte(rapid.IntRange(1, 9).Draw(t, "digit")<<4 | rapid.IntRange(0, 9).Draw(t, "power"))
	}
	b := []byte{0, size(), size(), size()}
	for _, degrees := range []uint32{90, 180} {
		b = binary.BigEndian.AppendUint32(b, 1<<31+rapid.Uint32Range(0, degrees*3_600_000).Draw(t, "east or north")-rapid.Uint32Range(0, 1).Draw(t, "other half")*degrees*3_600_000)
	}
	return binary.BigEndian.AppendUint32(b, rapid.Uint32Range(0, 20_000_000).Draw(t, "altitude"))
}

func soa(t *rapid.T) []byte {
	b := append(target(t), target(t)...)
	b = binary.BigEndian.AppendUint32(b, 1)
	for range 4 {
		b = binary.BigEndian.AppendUint32(b, rapid.Uint32Range(0, zone.MaxTTL).Draw(t, "time"))
	}
	return b
}

// service draws parameters in the order of their keys, as RFC 9460 2.2 asks.
func service(t *rapid.T) []byte {
	b := append([]byte{0, rapid.ByteRange(0, 2).Draw(t, "priority")}, target(t)...)
	if b[1] == 0 {
		return b
	}
	param := func(key uint16, value ...byte) {
		if rapid.Bool().Draw(t, "parameter") {
			b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, key), uint16(len(value)))
			b = append(b, value...)
		}
	}
	alpn := rapid.SampledFrom([]string{"\x02h2", "\x02h2\x02h3", "\x03a,b", "\x04a\\\"b"}).Draw(t, "alpn")
	param(1, []byte(alpn)...)
	param(3, octets(t, 2)...)
	param(4, octets(t, 8)...)
	param(5, octets(t, 5)...)
	param(6, octets(t, 16)...)
	param(700, someText(t)...)
	return b
}
