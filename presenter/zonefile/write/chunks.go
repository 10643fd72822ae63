package write

import (
	"fmt"
	"strings"
)

// chunks makes the text of TXT data. What readers cut every 255 octets anyway is one text; other boundaries stand between quotes.
func chunks(d []byte) string {
	var parts [][]byte
	for len(d) > 0 {
		var part []byte
		part, d = charString(d)
		parts = append(parts, part)
	}
	whole := true
	for i, p := range parts {
		last := i == len(parts)-1
		whole = whole && (len(p) == 255 || last && len(p) > 0)
	}
	if whole {
		var all []byte
		for _, p := range parts {
			all = append(all, p...)
		}
		return escape(all, all[0] == '"' || strings.Contains(string(all), `" "`))
	}
	var b strings.Builder
	for i, p := range parts {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(`"` + escape(p, true) + `"`)
	}
	return b.String()
}

// escape prints octets as a text with the escapes of zone files. A semicolon has its backslash, as octoDNS asks for. What octoDNS
// would take for something else when it puts the text into a zone file is \DDD: quotation marks, where told so, and backslashes before
// a semicolon, which it takes for one that was escaped twice.
func escape(octets []byte, quotes bool) string {
	var b strings.Builder
	for i, c := range octets {
		switch {
		case c == ';':
			b.WriteString(`\;`)
		case c == '\\' && (i+1 == len(octets) || octets[i+1] != ';'):
			b.WriteString(`\\`)
		case c == '\\' || c == '"' && quotes || c < ' ' || c > '~':
			fmt.Fprintf(&b, `\%03d`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
