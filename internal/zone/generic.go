package zone

import (
	"encoding/hex"
	"fmt"
	"reflect"
	"strings"

	"github.com/miekg/dns"
)

// RdataRead gives the canonical rdata of a record that was just read from text, which may have its data in the generic form
// (RFC 3597 5). Of a known type it must then be exactly that type's: miekg/dns fills up what is missing with zeros, and
// takes no notice of what is left over. It lower-cases the names inside rr.
func RdataRead(rr dns.RR, text string) (Rdata, error) {
	stated, nothing := int(rr.Header().Rdlength), blank(rr)
	data, err := RdataOf(rr)
	switch _, unknown := rr.(*dns.RFC3597); {
	case err != nil || unknown:
		return data, err
	case stated != 0 && stated != len(data):
		// miekg/dns reads some data (CAA, URI) with backslashes as escapes when it packs it again: the octets as they were
		// stand, if they are that type's and hold no name that wants folding.
		if raw, ok := genericOctets(text, stated); ok && stated > len(data) && !lowerNames(rr) {
			if _, err := RR(Root, Type(rr.Header().Rrtype), 0, raw); err == nil {
				return raw, nil
			}
		}
		return "", fmt.Errorf("generic data of %d octets is not that of a %s record", stated, Type(rr.Header().Rrtype))
	case stated == 0 && len(data) > 0 && nothing && strings.Contains(text, `\#`):
		return "", ErrEmptyRdata
	}
	return data, nil
}

// blank tells whether a record has nothing but its header, as \# 0 leaves it.
func blank(rr dns.RR) bool {
	fresh, known := dns.TypeToRR[rr.Header().Rrtype]
	if !known {
		return false
	}
	empty := fresh()
	*empty.Header() = *rr.Header()
	return reflect.DeepEqual(empty, rr)
}

// genericOctets reads the data of an entry that ends in the form of RFC 3597 5.
func genericOctets(text string, size int) (Rdata, bool) {
	var digits strings.Builder
	for line := range strings.Lines(text[strings.LastIndex(text, `\#`)+2:]) {
		line, _, _ = strings.Cut(line, ";")
		for _, word := range strings.Fields(strings.NewReplacer("(", " ", ")", " ").Replace(line)) {
			digits.WriteString(word + " ")
		}
	}
	_, data, _ := strings.Cut(digits.String(), " ") // the first is the length
	raw, err := hex.DecodeString(strings.ReplaceAll(data, " ", ""))
	return Rdata(raw), err == nil && len(raw) == size
}
