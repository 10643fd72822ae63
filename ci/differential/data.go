package main

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/miekg/dns"

	"zonecast/internal/zone"
)

// maker writes random data of one type for a zone file; target gives a name as text.
type maker func(r *rand.Rand, target func() string) string

// makers of every type whose data all four servers read. DNSSEC's own types are left out but DS: unsigned zones that hold them
// are not what anybody serves.
var makers = map[string]maker{
	"A":     func(r *rand.Rand, _ func() string) string { return fmt.Sprintf("192.0.2.%d", r.IntN(256)) },
	"AAAA":  func(r *rand.Rand, _ func() string) string { return fmt.Sprintf("2001:db8::%x", r.IntN(1<<16)) },
	"NS":    func(_ *rand.Rand, target func() string) string { return target() },
	"CNAME": func(_ *rand.Rand, target func() string) string { return target() },
	"DNAME": func(_ *rand.Rand, target func() string) string { return target() },
	"PTR":   func(_ *rand.Rand, target func() string) string { return target() },
	"MX":    func(r *rand.Rand, target func() string) string { return fmt.Sprint(r.IntN(1<<16), " ", target()) },
	"KX":    func(r *rand.Rand, target func() string) string { return fmt.Sprint(r.IntN(1<<16), " ", target()) },
	"AFSDB": func(r *rand.Rand, target func() string) string { return fmt.Sprint(r.IntN(3), " ", target()) },
	"RP":    func(_ *rand.Rand, target func() string) string { return target() + " " + target() },
	"SRV": func(r *rand.Rand, target func() string) string {
		return fmt.Sprint(r.IntN(4), " ", r.IntN(1<<16), " ", r.IntN(1<<16), " ", target())
	},
	"TXT":   func(r *rand.Rand, _ func() string) string { return strs(r, 1+r.IntN(4), 255) },
	"SPF":   func(r *rand.Rand, _ func() string) string { return strs(r, 1+r.IntN(2), 60) },
	"HINFO": func(r *rand.Rand, _ func() string) string { return strs(r, 2, 20) },
	"CAA": func(r *rand.Rand, _ func() string) string {
		return fmt.Sprintf("%d %s %s", r.IntN(256), [...]string{"issue", "issuewild", "iodef"}[r.IntN(3)], str(r, 40))
	},
	"NAPTR": func(r *rand.Rand, target func() string) string {
		return fmt.Sprintf(`%d %d "s" "SIP+D2U" "!^.*$!sip:info@example.com!" %s`, r.IntN(100), r.IntN(100), target())
	},
	"TLSA": func(r *rand.Rand, _ func() string) string {
		return fmt.Sprint(r.IntN(4), " ", r.IntN(2), " 1 ", hexes(r, 32))
	},
	"SMIMEA": func(r *rand.Rand, _ func() string) string {
		return fmt.Sprint(r.IntN(4), " ", r.IntN(2), " 1 ", hexes(r, 32))
	},
	"SSHFP": func(r *rand.Rand, _ func() string) string { return fmt.Sprint(1+r.IntN(4), " 2 ", hexes(r, 32)) },
	"DS":    func(r *rand.Rand, _ func() string) string { return fmt.Sprint(r.IntN(1<<16), " 13 2 ", hexes(r, 32)) },
	"CDS":   func(r *rand.Rand, _ func() string) string { return fmt.Sprint(r.IntN(1<<16), " 13 2 ", hexes(r, 32)) },
	"DHCID": func(r *rand.Rand, _ func() string) string { return base64.StdEncoding.EncodeToString(octets(r, 35)) },
	"OPENPGPKEY": func(r *rand.Rand, _ func() string) string {
		return base64.StdEncoding.EncodeToString(octets(r, 1+r.IntN(300)))
	},
	"CERT": func(r *rand.Rand, _ func() string) string {
		return fmt.Sprint(1+r.IntN(3), " ", r.IntN(1<<16), " 8 ", base64.StdEncoding.EncodeToString(octets(r, 1+r.IntN(90))))
	},
	"LOC": func(r *rand.Rand, _ func() string) string {
		return fmt.Sprintf("%d %d %d.%03d %s %d %d %d.000 E %d.00m 1m 10000m 10m", r.IntN(90), r.IntN(60), r.IntN(60), r.IntN(1000),
			[...]string{"N", "S"}[r.IntN(2)], r.IntN(180), r.IntN(60), r.IntN(60), r.IntN(9000))
	},
	"URI": func(r *rand.Rand, _ func() string) string {
		return fmt.Sprint(r.IntN(10), " ", r.IntN(10), ` "https://example.com/`, r.IntN(99), `"`)
	},
	"EUI48": func(r *rand.Rand, _ func() string) string { return fmt.Sprintf("00-00-5e-00-53-%02x", r.IntN(256)) },
	"EUI64": func(r *rand.Rand, _ func() string) string {
		return fmt.Sprintf("00-00-5e-ef-10-00-00-%02x", r.IntN(256))
	},
	"NID": func(r *rand.Rand, _ func() string) string {
		return fmt.Sprintf("%d 0014:4fff:ff20:ee%02x", r.IntN(100), r.IntN(256))
	},
	"L32": func(r *rand.Rand, _ func() string) string {
		return fmt.Sprintf("%d 192.0.2.%d", r.IntN(100), r.IntN(256))
	},
	"L64": func(r *rand.Rand, _ func() string) string {
		return fmt.Sprintf("%d 2001:0db8:1140:10%02x", r.IntN(100), r.IntN(256))
	},
	"LP":        func(r *rand.Rand, target func() string) string { return fmt.Sprint(r.IntN(100), " ", target()) },
	"SVCB":      func(r *rand.Rand, target func() string) string { return service(r, target()) },
	"HTTPS":     func(r *rand.Rand, target func() string) string { return service(r, target()) },
	"TYPE65280": func(r *rand.Rand, _ func() string) string { return generic(octets(r, 1+r.IntN(40))) },
	"TYPE731":   func(r *rand.Rand, _ func() string) string { return generic(octets(r, r.IntN(300))) },
}

func service(r *rand.Rand, target string) string {
	if r.IntN(3) == 0 {
		return "0 " + target
	}
	return fmt.Sprintf("%d %s alpn=h2,h3 port=%d ipv4hint=192.0.2.%d", 1+r.IntN(9), target, r.IntN(1<<16), r.IntN(256))
}

// generic is data as RFC 3597 5 has it.
func generic(data []byte) string {
	return strings.TrimSpace(fmt.Sprintf(`\# %d %s`, len(data), hex.EncodeToString(data)))
}

// asGeneric writes data of a known type the way of unknown ones: a server must take both as the same.
func asGeneric(kind, data string) string {
	t, _ := zone.ParseType(kind)
	rdata, err := zone.ParseRdata(t, data, zone.Root)
	if err != nil {
		return data
	}
	return generic([]byte(rdata))
}

func octets(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.IntN(256))
	}
	return b
}

func hexes(r *rand.Rand, n int) string { return hex.EncodeToString(octets(r, n)) }

// str is a character-string of any octets.
func str(r *rand.Rand, limit int) string {
	var b strings.Builder
	b.WriteByte('"')
	for range r.IntN(limit + 1) {
		if c := byte(r.IntN(256)); 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == ' ' || c == ';' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "\\%03d", c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func strs(r *rand.Rand, n, limit int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = str(r, limit)
	}
	return strings.Join(list, " ")
}

// kinds are the types that plain owners get, in fixed order.
var kinds = func() (list []string) {
	for t := range 1 << 16 {
		name := zone.Type(t).String()
		if _, ok := makers[name]; ok && t != int(dns.TypeNS) && t != int(dns.TypeCNAME) && t != int(dns.TypeDNAME) {
			list = append(list, name)
		}
	}
	return list
}()
