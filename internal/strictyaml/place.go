package strictyaml

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// Place gives the line and column in the file of the character at an offset into a scalar's text, so that a fault
// in an expression points at the expression. Folded and many-line plain scalars give their start.
func (s *File) Place(n *yaml.Node, offset int) (line, column int) {
	if n.Line < 1 || n.Line > len(s.lines) {
		return n.Line, n.Column
	}
	switch {
	case n.Style&yaml.LiteralStyle != 0:
		return s.placeLiteral(n, offset)
	case n.Style&yaml.FoldedStyle != 0:
		return n.Line, n.Column
	}
	raw := []rune(s.lines[n.Line-1])
	at := n.Column - 1
	quote := rune(0)
	if n.Style&yaml.SingleQuotedStyle != 0 {
		quote, at = '\'', at+1
	} else if n.Style&yaml.DoubleQuotedStyle != 0 {
		quote, at = '"', at+1
	}
	for ; offset > 0 && at < len(raw); offset-- {
		at += width(raw[at:], quote)
	}
	if at >= len(raw)+1 {
		return n.Line, n.Column
	}
	return n.Line, at + 1
}

// width is how many characters of the file make the next character of the text.
func width(raw []rune, quote rune) int {
	switch {
	case quote == '\'' && raw[0] == '\'':
		return 2
	case quote != '"' || raw[0] != '\\' || len(raw) < 2:
		return 1
	}
	switch raw[1] {
	case 'x':
		return 4
	case 'u':
		return 6
	case 'U':
		return 10
	}
	return 2
}

func (s *File) placeLiteral(n *yaml.Node, offset int) (line, column int) {
	before := string([]rune(n.Value)[:min(offset, len([]rune(n.Value)))])
	line = n.Line + 1 + strings.Count(before, "\n")
	raw := strings.Join(s.lines[min(n.Line, len(s.lines)):], "\n")
	indent := max(0, leadingSpaces(raw)-leadingSpaces(n.Value)) // an indentation indicator leaves some in the text
	last := before[strings.LastIndexByte(before, '\n')+1:]
	return line, indent + len([]rune(last)) + 1
}

// leadingSpaces counts the spaces before the first line with something in it.
func leadingSpaces(text string) int {
	for line := range strings.SplitSeq(text, "\n") {
		if trimmed := strings.TrimLeft(line, " "); trimmed != "" {
			return len(line) - len(trimmed)
		}
	}
	return 0
}

// CommentAfter tells whether a plain scalar on one line is followed by a comment: perhaps its own end, eaten.
func (s *File) CommentAfter(n *yaml.Node) bool {
	if n.Kind != yaml.ScalarNode || n.Style != 0 || n.Line < 1 || n.Line > len(s.lines) {
		return false
	}
	raw := []rune(s.lines[n.Line-1])
	end := n.Column - 1 + len([]rune(n.Value))
	return end < len(raw) && strings.HasPrefix(strings.TrimSpace(string(raw[end:])), "#")
}
