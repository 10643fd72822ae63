package format

import (
	"fmt"
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"

	"zonecast/presenter/zonefile/write"
)

const quotes = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle

// scalar writes a key or a value on one line. What had no quotes gets none: it may be a number, and is one to its readers.
// What had quotes is a text, and keeps them where package write has them.
func scalar(n *yaml.Node) string {
	hidden, ascii := false, true
	for _, c := range n.Value {
		hidden = hidden || c != ' ' && !unicode.IsPrint(c)
		ascii = ascii && c <= '~'
	}
	switch {
	case hidden:
		return double(n.Value)
	case n.Style&quotes == 0:
		return n.Value
	case ascii:
		return write.Quote(n.Value)
	}
	return "'" + strings.ReplaceAll(n.Value, "'", "''") + "'"
}

// double writes what cannot stand in single quotes: line breaks and what is not to be seen.
func double(v string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range v {
		switch {
		case c == '"' || c == '\\':
			b.WriteRune('\\')
			b.WriteRune(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == ' ' || unicode.IsPrint(c):
			b.WriteRune(c)
		case c > 0xffff:
			fmt.Fprintf(&b, `\U%08X`, c)
		default:
			fmt.Fprintf(&b, `\u%04X`, c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
