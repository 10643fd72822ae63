package zone

import (
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
