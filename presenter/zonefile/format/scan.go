package format

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// scanned is a text with its comments told from its content. The YAML library ties comments to nodes too, but loses some
// of them; what it knows for certain is where each scalar begins, and a # outside all scalars begins a comment.
type scanned struct {
	lines []line
	ends  map[*yaml.Node]int // on which line a scalar of several lines ends
}

// line of the text, from 1: index 0 is unused.
type line struct {
	comment string // with its #, without spaces at the end; "" for none
	column  int    // of the comment, from 1
	content bool   // whether there is anything else on it
	start   bool   // a --- that begins the document
}

type scanner struct {
	text         []rune
	at           int
	line, column int
	out          *scanned
}

func scan(text []byte, root *yaml.Node) (*scanned, error) {
	if !utf8.Valid(text) {
		return nil, fmt.Errorf("%w: it is no UTF-8", ErrKept)
	}
	s := &scanner{text: []rune(string(text)), line: 1, column: 1, out: &scanned{lines: make([]line, 2), ends: make(map[*yaml.Node]int)}}
	for _, n := range scalars(root, nil) {
		s.until(n.Line, n.Column)
		if !s.scalar(n) {
			return nil, fmt.Errorf("%w: the text in line %d has a form that is not known here", ErrKept, n.Line)
		}
		s.out.ends[n] = s.line
	}
	s.until(1<<62, 1)
	return s.out, nil
}

// scalars lists the scalars that have a text, in its order.
func scalars(n *yaml.Node, list []*yaml.Node) []*yaml.Node {
	if n.Kind == yaml.ScalarNode && (n.Value != "" || n.Style != 0) {
		list = append(list, n)
	}
	for _, c := range n.Content {
		list = scalars(c, list)
	}
	return list
}

func (s *scanner) end() bool { return s.at >= len(s.text) }

// next goes one character on. The line breaks are those of YAML 1.1, as the library counts them.
func (s *scanner) next() {
	c := s.text[s.at]
	s.at++
	s.column++
	if isBreak(c) && !(c == '\r' && !s.end() && s.text[s.at] == '\n') {
		s.line, s.column = s.line+1, 1
		s.out.lines = append(s.out.lines, line{})
	}
}

func isBreak(c rune) bool {
	return c == '\n' || c == '\r' || c == '\u0085' || c == '\u2028' || c == '\u2029'
}

// until goes over what stands between scalars, and takes the comments.
func (s *scanner) until(line, column int) {
	for !s.end() && (s.line < line || s.line == line && s.column < column) {
		switch c := s.text[s.at]; {
		case c == '#':
			s.comment()
		case c != ' ' && c != '\t' && !isBreak(c):
			s.out.lines[s.line].content = true
			if s.column == 1 && s.dashes() {
				s.out.lines[s.line].start = true
			}
			s.next()
		default:
			s.next()
		}
	}
}

// dashes tells whether the line begins with the three of a document's start.
func (s *scanner) dashes() bool {
	rest := s.text[s.at:]
	return len(rest) >= 3 && string(rest[:3]) == "---" && (len(rest) == 3 || rest[3] == ' ' || rest[3] == '\t' || isBreak(rest[3]))
}

func (s *scanner) comment() {
	l := &s.out.lines[s.line]
	from := s.at
	l.column = s.column
	for !s.end() && !isBreak(s.text[s.at]) {
		s.at++
		s.column++
	}
	l.comment = strings.TrimRight(string(s.text[from:s.at]), " \t")
}

// scalar goes over one, and is false where the text is not what the node says.
func (s *scanner) scalar(n *yaml.Node) bool {
	if s.end() || s.line != n.Line || s.column != n.Column {
		return false
	}
	s.out.lines[s.line].content = true
	first := s.text[s.at]
	switch {
	case n.Style&yaml.DoubleQuotedStyle != 0:
		return first == '"' && s.quoted('"', '\\')
	case n.Style&yaml.SingleQuotedStyle != 0:
		return first == '\'' && s.quoted('\'', 0)
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		s.block()
		return true
	}
	return s.plain(n.Value)
}

func (s *scanner) quoted(mark, escape rune) bool {
	for s.next(); !s.end(); s.next() {
		s.out.lines[s.line].content = true
		switch c := s.text[s.at]; {
		case c == escape && escape != 0:
			if s.next(); s.end() {
				return false
			}
		case c == mark:
			if s.next(); s.end() || mark == '"' || s.text[s.at] != mark {
				return true
			}
		}
	}
	return false
}

// plain goes over the words of a plain scalar, which may stand on several lines.
func (s *scanner) plain(value string) bool {
	for _, word := range strings.FieldsFunc(value, func(c rune) bool { return c == ' ' || c == '\t' || isBreak(c) }) {
		for !s.end() && (s.text[s.at] == ' ' || s.text[s.at] == '\t' || isBreak(s.text[s.at])) {
			s.next()
		}
		for _, c := range word {
			if s.end() || s.text[s.at] != c {
				return false
			}
			s.out.lines[s.line].content = true
			s.next()
		}
	}
	return true
}

// block goes over a literal or folded scalar: its first line, which may have a comment, and all that is indented like the
// first line of its content, or deeper.
func (s *scanner) block() {
	header := s.line
	s.until(header+1, 1)
	indent := 0
	for !s.end() {
		ahead, depth := s.at, 0
		for ahead < len(s.text) && s.text[ahead] == ' ' {
			ahead, depth = ahead+1, depth+1
		}
		empty := ahead == len(s.text) || isBreak(s.text[ahead])
		if !empty && indent == 0 {
			indent = depth
		}
		if !empty && (depth < indent || depth == 0) {
			return
		}
		here := s.line
		s.out.lines[here].content = true
		for !s.end() && s.line == here {
			s.next()
		}
	}
}

// lastLine is where a node ends, as far as its own text tells.
func (s *scanned) lastLine(n *yaml.Node) int { return max(n.Line, s.ends[n]) }

// notes lists all comments.
func (s *scanned) notes() (list []string) {
	for _, l := range s.lines {
		if l.comment != "" {
			list = append(list, l.comment)
		}
	}
	slices.Sort(list)
	return list
}
