package format

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"
)

const quotes = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle

// scalar writes a key or a value on one line. What had no quotes gets none: it may be a number, and is one to its readers.
// What had quotes is a text, and keeps them where some reader would take it for anything else.
func scalar(n *yaml.Node) string {
	v := n.Value
	switch {
	case strings.ContainsFunc(v, func(c rune) bool { return c != ' ' && !unicode.IsPrint(c) }):
		return double(v)
	case n.Style&quotes == 0, plain(v):
		return v
	}
	return "'" + strings.ReplaceAll(v, "'", "''") + "'"
}

var (
	begins = regexp.MustCompile(`^[0-9A-Za-z_./\\$+(^]`)
	// Numbers of YAML 1.1 that 1.2 does not know: to the base of 2, 8 and 60, and with underscores.
	oldNumber = regexp.MustCompile(`^[-+]?(0b[01_]+|0x[0-9a-fA-F_]+|0o?[0-7_]+|[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?|[0-9][0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?|\.[0-9_]+)$`)
	oldDate   = regexp.MustCompile(`^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}($|[Tt \t])`)
	words     = []string{"y", "n", "yes", "no", "on", "off", "true", "false", "null", ".inf", "+.inf", ".nan"}
)

// plain tells whether a text needs no quotes: to all readers of YAML, 1.1 and 1.2, it is this very text.
func plain(v string) bool {
	return begins.MatchString(v) && !strings.Contains(v, ": ") && !strings.Contains(v, " #") && !strings.HasSuffix(v, ":") && !strings.HasSuffix(v, " ") &&
		!oldNumber.MatchString(v) && !oldDate.MatchString(v) && !slices.Contains(words, strings.ToLower(v)) &&
		(&yaml.Node{Kind: yaml.ScalarNode, Value: v}).ShortTag() == "!!str"
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
