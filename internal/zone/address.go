package zone

import (
	"net/netip"
	"strconv"
)

// Addresses are most of what there is, and their text is read and written a hundred times faster without a parser of
// zone files between.

// parseAddress reads A and AAAA data that is plainly an address; everything else is left to the parser.
func parseAddress(t Type, text string) (Rdata, bool) {
	if t != TypeA && t != TypeAAAA {
		return "", false
	}
	a, err := netip.ParseAddr(text)
	if err != nil || a.Zone() != "" || a.Is4In6() || a.Is4() != (t == TypeA) {
		return "", false
	}
	return Rdata(a.AsSlice()), true
}

// appendAddress prints A and AAAA data, except addresses with more than one text.
func appendAddress(b []byte, t Type, data Rdata) ([]byte, bool) {
	if t != TypeA && t != TypeAAAA {
		return b, false
	}
	a, ok := netip.AddrFromSlice([]byte(data))
	if !ok || a.Is4() != (t == TypeA) || a.Is4In6() {
		return b, false
	}
	return a.AppendTo(b), true
}

// appendAddresses is MarshalJSON of a set of addresses; false if it is another.
func (s RRset) appendAddresses(b []byte) ([]byte, bool) {
	if s.Rotate != RotateNone || len(s.Data) == 0 {
		return b, false
	}
	b = append(append(b, `{"type":"`...), s.Type.String()...)
	b = strconv.AppendUint(append(b, `","ttl":`...), uint64(s.TTL), 10)
	b = append(b, `,"data":[`...)
	for i, d := range s.Data {
		if i > 0 {
			b = append(b, ',')
		}
		ok := false
		if b, ok = appendAddress(append(b, '"'), s.Type, d); !ok {
			return nil, false
		}
		b = append(b, '"')
	}
	return append(b, "]}"...), true
}
