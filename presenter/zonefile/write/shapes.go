package write

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"
)

// location takes apart what RFC 1876 2 packs: thousandths of an arc second from the equator and the prime meridian at 2^31,
// centimetres from 100 km below the surface, and sizes as a digit and a power of ten of centimetres.
func location(rr *dns.LOC) node {
	var fields []field
	angle := func(v uint32, what, positive, negative string) []field {
		direction, off := positive, int64(v)-1<<31
		if off < 0 {
			direction, off = negative, -off
		}
		return []field{{what + "_degrees", number(off / 3_600_000)}, {what + "_direction", text(direction)},
			{what + "_minutes", number(off / 60_000 % 60)}, {what + "_seconds", decimal(float64(off%60_000) / 1000)}}
	}
	metres := func(v uint8) node { return decimal(float64(v>>4) * math.Pow10(int(v&15)) / 100) }
	fields = append(fields, field{"altitude", decimal((float64(rr.Altitude) - 10_000_000) / 100)})
	fields = append(fields, angle(rr.Latitude, "lat", "N", "S")...)
	fields = append(fields, angle(rr.Longitude, "long", "E", "W")...)
	return mapping(append(fields, field{"precision_horz", metres(rr.HorizPre)}, field{"precision_vert", metres(rr.VertPre)}, field{"size", metres(rr.Size)})...)
}

// service makes a SVCB or HTTPS value; a parameter that is a list is one here, too.
func service(rr *dns.SVCB) node {
	var params []field
	for _, p := range rr.Value {
		key, said := p.Key().String(), p.String()
		var n node
		switch p := p.(type) {
		case *dns.SVCBAlpn:
			n = texts(p.Alpn)
		case *dns.SVCBMandatory, *dns.SVCBIPv4Hint, *dns.SVCBIPv6Hint:
			n = texts(strings.Split(said, ","))
		case *dns.SVCBPort:
			n = number(p.Port)
		case *dns.SVCBNoDefaultAlpn:
			n = node{number: true}
		default:
			n = text(said)
		}
		params = append(params, field{key, n})
	}
	slices.SortFunc(params, func(a, b field) int { return cmp.Compare(a.key, b.key) })
	fields := []field{{"svcpriority", number(rr.Priority)}, {"targetname", text(rr.Target)}}
	if len(params) > 0 {
		fields = slices.Insert(fields, 0, field{"svcparams", mapping(params...)})
	}
	return mapping(fields...)
}

func texts(list []string) node {
	n := node{list: []node{}}
	for _, t := range list {
		n.list = append(n.list, text(t))
	}
	return n
}

// decimal prints a number that has three decimals at most.
func decimal(v float64) node {
	return node{text: strconv.FormatFloat(math.Round(v*1000)/1000, 'f', -1, 64), number: true}
}

func number[N ~uint8 | ~uint16 | ~uint32 | ~int64](v N) node {
	return node{text: fmt.Sprint(v), number: true}
}

func text(s string) node { return node{text: s} }

func mapping(fields ...field) node { return node{fields: fields} }
