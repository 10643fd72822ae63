package ruleset

import (
	"reflect"
	"strings"

	"gopkg.in/yaml.v3"

	"zonecast/internal/expression"
	"zonecast/internal/zone"
)

// template is text with {expr} inside, in pieces.
type template struct {
	pieces []piece
	data   bool // record data: quoting rules of appendData; else an owner name
}

type piece struct {
	text   string   // of a literal piece
	prog   *program // nil for a literal piece
	quoted bool     // stands between double quotes of record data
	whole  bool     // is all there is of record data
	dotted bool     // may bring dots into a name
}

// maxPieces bounds a template (P9).
const maxPieces = 100

// template reads and compiles a scalar. Braces are written double: {{ and }}.
func (s *source) template(n *yaml.Node, what string, sc scope, data bool) *template {
	text, ok := s.Text(n, what)
	if !ok {
		return nil
	}
	if s.CommentAfter(n) {
		s.Fail("comment-eaten", n, what+" has no quotes, so its end was taken as a comment", "put it in single quotes, or the comment on a line of its own")
		return nil
	}
	if strings.ContainsAny(strings.TrimSuffix(text, "\n"), "\n\r") {
		s.Fail("bad-template", n, what+" must be one line", "")
		return nil
	}
	t := &template{data: data}
	if !s.pieces(t, n, []rune(strings.TrimSuffix(text, "\n")), what, sc) {
		return nil
	}
	t.join()
	if len(t.pieces) > maxPieces {
		s.Fail("bad-template", n, what+" has too many expressions", "")
		return nil
	}
	t.mark()
	return t
}

func (s *source) pieces(t *template, n *yaml.Node, text []rune, what string, sc scope) bool {
	parts, f := expression.Parts(text)
	if f != nil {
		s.FailAt(f.Check, n, f.Offset, what+" "+f.Text, f.Fix)
		return false
	}
	for _, part := range parts {
		if !part.Expr {
			t.pieces = append(t.pieces, piece{text: part.Text})
			continue
		}
		prog, f := sc.compile(part.Text, reflect.Invalid)
		if f != nil {
			s.FailAt(f.Check, n, part.Offset+f.Offset, f.Text, f.Fix)
			return false
		}
		if b := prog.typ.Base; b == "" || b == Bool || b == List || b == object {
			s.FailAt("expression-type", n, part.Offset, "what is put into text must be text or a whole number", "use string(…), int(…), join(…) or a condition: flag ? \"a\" : \"b\"")
			return false
		}
		t.pieces = append(t.pieces, piece{prog: prog, dotted: prog.typ.dotted()})
	}
	return true
}

// join makes constants (vars) literal and drops empty pieces.
func (t *template) join() {
	var pieces []piece
	for _, p := range t.pieces {
		if p.prog != nil && p.prog.plain == plainText {
			p = piece{text: p.prog.text}
		}
		last := len(pieces) - 1
		switch {
		case p.prog == nil && p.text == "":
		case p.prog == nil && last >= 0 && pieces[last].prog == nil:
			pieces[last].text += p.text
		default:
			pieces = append(pieces, p)
		}
	}
	t.pieces = pieces
}

// mark finds out which substitutions stand between quotes, and whether one is the whole text.
func (t *template) mark() {
	quoted, escaped := false, false
	for i := range t.pieces {
		p := &t.pieces[i]
		if p.prog != nil {
			p.quoted, p.whole = quoted, len(t.pieces) == 1
			continue
		}
		for _, c := range []byte(p.text) {
			switch {
			case escaped:
				escaped = false
			case c == '\\':
				escaped = true
			case c == '"':
				quoted = !quoted
			}
		}
	}
}

// sample gives the text with typical values put in; ok is false if only a run can tell.
func (t *template) sample() (text string, ok bool) {
	var b strings.Builder
	ok = true
	for _, p := range t.pieces {
		if p.prog == nil {
			b.WriteString(p.text)
			continue
		}
		switch p.prog.typ.Base {
		case IPv4:
			b.WriteString("192.0.2.1")
		case IPv6:
			b.WriteString("2001:db8::1")
		case Int, Port:
			b.WriteString("1")
		case Label:
			b.WriteString("x")
		case Enum:
			b.WriteString(p.prog.typ.Enum[0])
		default:
			b.WriteString("x")
			ok = false
		}
	}
	return b.String(), ok
}

// lacksDot tells whether the text surely lacks a final dot.
func (t *template) lacksDot() bool {
	last := t.pieces[len(t.pieces)-1]
	if last.prog == nil {
		return !strings.HasSuffix(last.text, ".")
	}
	return !last.dotted && (!t.data || last.prog.typ.Base != String)
}

// checkName checks what can be seen of an owner name before there is an entity.
func (s *source) checkName(n *yaml.Node, t *template) {
	for i, p := range t.pieces {
		text := p.text
		if i == 0 {
			text = strings.TrimPrefix(text, "*.")
		}
		if p.prog == nil && strings.Contains(text, "*") {
			s.Fail("bad-wildcard", n, "* stands only as the first label of a name", "")
			return
		}
	}
	if t.lacksDot() {
		s.Fail("name-not-absolute", n, "the name is not absolute: its final dot is missing", "end it, or the var that it ends with, with a dot")
		return
	}
	var b strings.Builder
	for i, p := range t.pieces {
		switch {
		case p.prog == nil:
			b.WriteString(p.text)
		case p.dotted && i == len(t.pieces)-1:
			b.WriteString("x.")
		default:
			b.WriteString("x")
		}
	}
	if _, err := zone.ParseName(b.String()); err != nil {
		s.Fail("bad-name", n, err.Error(), "")
	}
}

// couldBe tells whether a text begins and ends as the template does.
func (t *template) couldBe(text string) bool {
	first, last := t.pieces[0], t.pieces[len(t.pieces)-1]
	text = strings.ToLower(text)
	return (first.prog != nil || strings.HasPrefix(text, strings.ToLower(first.text))) &&
		(last.prog != nil || strings.HasSuffix(text, strings.ToLower(last.text)))
}
