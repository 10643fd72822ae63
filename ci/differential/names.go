package main

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"zonecast/internal/zone"
)

// plain labels are few, so that owners, targets and questions meet.
var plain = []string{"a", "b", "c", "d", "ns", "ns1", "mail", "www", "_tcp", "_sip", "x-y", "0", "127"}

// odd labels are legal (RFC 2181 11), and break what handles names as text.
var odd = []string{"\x00", "a.b", "sp ace", "\x7f", "\xff\xfe", `"`, `\`, "@", "$", ";", "(", ")", "a*", "**", "\t", "\n", "**\x00", "[", "\xe4",
	strings.Repeat("l", 63), strings.Repeat("\x00", 63), "{", "`", "xn--a"}

// label gives a random label; wildcards are asked for by the name of their own.
func label(r *rand.Rand) string {
	switch n := r.IntN(100); {
	case n < 70:
		return plain[r.IntN(len(plain))]
	case n < 82:
		return "*"
	case n < 97:
		return odd[r.IntN(len(odd))]
	default:
		b := make([]byte, 1+r.IntN(63))
		for i := range b {
			if b[i] = byte(r.IntN(256)); 'A' <= b[i] && b[i] <= 'Z' {
				b[i] += 'a' - 'A'
			}
		}
		return string(b)
	}
}

// child puts a label before a name; what would grow too long stays as it is.
func child(label string, n zone.Name) zone.Name {
	if len(n)+1+len(label) > zone.MaxName {
		return n
	}
	return zone.Name(string([]byte{byte(len(label))})+label) + n
}

// below gives a name one or more labels below another, mostly one.
func below(r *rand.Rand, n zone.Name) zone.Name {
	depth := 1
	for depth < 5 && r.IntN(3) == 0 {
		depth++
	}
	for range depth {
		n = child(label(r), n)
	}
	return n
}

// longest gives a name of 255 octets, or of one or two less, below another.
func longest(r *rand.Rand, n zone.Name) zone.Name {
	room := zone.MaxName - r.IntN(3)
	for len(n)+2 <= room {
		n = child(strings.Repeat(string(rune('a'+r.IntN(26))), min(63, room-len(n)-1)), n)
	}
	return n
}

// text prints a name for a zone file, in random case and with escapes that are not always needed.
func text(r *rand.Rand, n zone.Name) string {
	if n == zone.Root {
		return "."
	}
	var b strings.Builder
	for at := 0; n[at] != 0; at += 1 + int(n[at]) {
		for _, c := range []byte(n[at+1 : at+1+int(n[at])]) {
			switch {
			case 'a' <= c && c <= 'z':
				if r.IntN(4) == 0 {
					c -= 'a' - 'A'
				}
				b.WriteByte(c)
			case '0' <= c && c <= '9' || c == '-' || c == '_' || c == '*':
				b.WriteByte(c)
			case 0x21 <= c && c <= 0x7e && c != '[' && c != '\\' && c != '#' && r.IntN(2) == 0: // NSD misreads \[ and \\., Knot \#
				b.WriteByte('\\')
				b.WriteByte(c)
			default:
				fmt.Fprintf(&b, "\\%03d", c)
			}
		}
		b.WriteByte('.')
	}
	return b.String()
}

// mixed gives a name in wire form in random case, for a question.
func mixed(r *rand.Rand, n zone.Name) []byte {
	wire := []byte(n)
	for at := 0; wire[at] != 0; at += 1 + int(wire[at]) {
		for i := at + 1; i <= at+int(wire[at]); i++ {
			if 'a' <= wire[i] && wire[i] <= 'z' && r.IntN(2) == 0 {
				wire[i] -= 'a' - 'A'
			}
		}
	}
	return wire
}
