package zone

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/miekg/dns"
)

// RdataText prints rdata in presentation form, which ParseRdata reads as the same octets; what has no such form prints as RFC 3597 5
// has it.
func RdataText(t Type, data Rdata) string {
	if text, ok := appendAddress(nil, t, data); ok {
		return string(text)
	}
	rr, err := RR(Root, t, 0, data)
	if err != nil || len(data) == 0 {
		return genericText(data)
	}
	fields := strings.SplitN(rr.String(), "\t", 5) // name, TTL, class, type, data
	text := fields[len(fields)-1]
	if !exact(t) {
		if again, err := ParseRdata(t, text, Root); err != nil || again != data {
			return genericText(data)
		}
	}
	return text
}

func genericText(data Rdata) string {
	return fmt.Sprintf(`\# %d %s`, len(data), hex.EncodeToString([]byte(data)))
}

// exact tells which types' text always gives the same octets again. Of the others miekg/dns loses some (the control octets of a
// CAA tag, a LOC out of its bounds, empty names and lists at the end), so that it has to be tried, which costs several times as much.
func exact(t Type) bool {
	switch uint16(t) {
	case dns.TypeA, dns.TypeAAAA, dns.TypeNS, dns.TypeCNAME, dns.TypeDNAME, dns.TypePTR, dns.TypeMX, dns.TypeSRV, dns.TypeSOA, dns.TypeTXT, dns.TypeDS:
		return true
	}
	return false
}

// RdataReceived gives the canonical rdata of a record that came in a message; it may lower-case the names inside rr.
func RdataReceived(rr dns.RR) (Rdata, error) {
	switch rr.(type) {
	case *dns.CAA, *dns.URI:
		rr = dns.Copy(rr)
		escape(rr)
	}
	return RdataOf(rr)
}

// escape gives the texts of a record that was read from octets the backslashes that miekg/dns has in all texts, and reads as escapes
// when it prints or packs them, but for these two, which it takes from octets as they are.
func escape(rr dns.RR) {
	switch r := rr.(type) {
	case *dns.CAA:
		r.Value = strings.ReplaceAll(r.Value, `\`, `\\`)
	case *dns.URI:
		r.Target = strings.ReplaceAll(r.Target, `\`, `\\`)
	}
}
