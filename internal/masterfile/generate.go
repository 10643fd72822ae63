package masterfile

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"zonecast/internal/zone"
)

// maxGenerated bounds the records of one $GENERATE (P9); it is miekg/dns's.
const maxGenerated = 1 << 16

// sequence is what a $GENERATE counts through.
type sequence struct{ start, stop, step int64 }

// generate reads "$GENERATE start-stop[/step] template", BIND's extension: the template is an entry in which $ stands for the number,
// ${offset[,width[,base]]} for another form of it (bases d, o, x, X), and $$ or \$ for itself. The records have
// the default TTL of the file.
func (p *parser) generate(f *frame, text []byte) {
	rest := strings.TrimLeft(string(text[len("$GENERATE"):]), " \t")
	end := strings.IndexAny(rest, " \t\r\n;")
	if end <= 0 {
		p.problem(f, zone.Problem{Check: badSyntax, Text: "expecting $GENERATE value, not this..."})
		return
	}
	numbers, err := parseSequence(rest[:end])
	template := strings.Trim(withoutComments(rest[end:]), " \t\r\n")
	if err == nil && template == "" {
		err = errors.New("no record after $GENERATE range")
	}
	if err == nil && directiveWord.MatchString(template) {
		err = errors.New("a directive in $GENERATE")
	}
	made := *f
	made.generated, made.owner, made.ownerText, made.lost = true, nil, nil, false
	before := p.problems // one is enough: the next entries have the same
	for n := numbers.start; err == nil && p.problems == before && n <= numbers.stop; n += numbers.step {
		var entry []byte
		if entry, err = expand(template, n, numbers); err != nil {
			break
		}
		if directiveWord.Match(entry) { // "$$TTL" makes one too
			err = errors.New("a directive in $GENERATE")
			break
		}
		p.made(&made, entry)
	}
	if err != nil {
		p.problem(f, zone.Problem{Check: badSyntax, Text: err.Error()})
	}
}

// made reads an entry as any other.
func (p *parser) made(f *frame, entry []byte) {
	if bytes.IndexByte(entry, '\n') >= 0 || !p.common(f, entry) {
		p.rare(f, append(entry, '\n'))
	}
}

var directiveWord = regexp.MustCompile(`(?i)^\$(TTL|ORIGIN|INCLUDE|GENERATE)(\s|$)`)

func parseSequence(text string) (s sequence, err error) {
	span, step, stepped := strings.Cut(text, "/")
	s.step = 1
	if stepped {
		if s.step, err = strconv.ParseInt(step, 10, 64); err != nil || s.step <= 0 {
			return s, errors.New("bad step in $GENERATE range")
		}
	}
	start, stop, ok := strings.Cut(span, "-")
	if !ok {
		return s, errors.New("bad start-stop in $GENERATE range")
	}
	if s.start, err = strconv.ParseInt(start, 10, 64); err != nil {
		return s, errors.New("bad start in $GENERATE range")
	}
	if s.stop, err = strconv.ParseInt(stop, 10, 64); err != nil {
		return s, errors.New("bad stop in $GENERATE range")
	}
	if s.start < 0 || s.stop < s.start || s.stop > 1<<31-1 || (s.stop-s.start)/s.step >= maxGenerated {
		return s, errors.New("bad range in $GENERATE range")
	}
	return s, nil
}

// expand writes the number in the places of the template.
func expand(template string, n int64, s sequence) ([]byte, error) {
	var out []byte
	for i := 0; i < len(template); i++ {
		c, next := template[i], byte(0)
		if i+1 < len(template) {
			next = template[i+1]
		}
		switch {
		case c == '\\' && next != 0:
			out = append(out, c, next)
			i++
		case c == '$' && next == '$':
			out = append(out, '$')
			i++
		case c == '$' && next == '{':
			modifier, _, ok := strings.Cut(template[i+2:], "}")
			if !ok {
				return nil, errors.New("bad modifier in $GENERATE")
			}
			format, offset, err := parseModifier(modifier)
			if err != nil {
				return nil, err
			}
			if s.start+offset < 0 || s.stop+offset > 1<<31-1 {
				return nil, errors.New("bad offset in $GENERATE")
			}
			out = fmt.Appendf(out, format, n+offset)
			i += len(modifier) + 2
		case c == '$':
			out = strconv.AppendInt(out, n, 10)
		default:
			out = append(out, c)
		}
		if len(out) > maxEntry {
			return nil, errEntryTooLong
		}
	}
	return out, nil
}

func parseModifier(text string) (format string, offset int64, err error) {
	parts := strings.Split(text, ",")
	if len(parts) > 3 {
		return "", 0, errors.New("bad modifier in $GENERATE")
	}
	width, base := uint64(0), "d"
	if offset, err = strconv.ParseInt(parts[0], 10, 32); err != nil {
		return "", 0, errors.New("bad offset in $GENERATE")
	}
	if len(parts) > 1 {
		if width, err = strconv.ParseUint(parts[1], 10, 8); err != nil {
			return "", 0, errors.New("bad width in $GENERATE")
		}
	}
	if len(parts) > 2 {
		base = parts[2]
	}
	if base == "" || !strings.Contains("doxX", base) || len(base) != 1 {
		return "", 0, errors.New("bad base in $GENERATE")
	}
	return fmt.Sprintf("%%0%d%s", width, base), offset, nil
}

// withoutComments takes the comments out of an entry, and leaves its lines.
func withoutComments(text string) string {
	var s splitter
	var out strings.Builder
	for i := range len(text) {
		s.split([]byte{text[i]})
		if !s.comment {
			out.WriteByte(text[i])
		}
	}
	return out.String()
}
