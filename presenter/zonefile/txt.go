package zonefile

import (
	"errors"
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"

	"zonecast/internal/zone"
)

const maxChunk = 255 // octets of one character-string, RFC 1035 3.3

// txt reads a TXT value. A semicolon may have a backslash before it, as octoDNS asks for unless its escaped_semicolons is off, or none;
// other escapes are those of zone files. A value that begins with a quotation mark is a row of chunks: "one" "two".
// What is longer than a character-string is cut every 255 octets, as octoDNS does: those who read such texts put them together again.
func txt(r *reader, n *yaml.Node) (zone.Rdata, bool) {
	text, ok := r.text(n, "the text")
	if !ok {
		return "", false
	}
	if text == "" {
		return "", r.fail(n, "no-value", "the text is empty", `write '""' for an empty string`)
	}
	if twiceEscaped(text) && !r.soft(n, "txt-semicolon", `a semicolon with two backslashes before it: the text would have a backslash in it`, `write \; or, for a backslash, \092\;`) {
		return "", false
	}
	chunks := []string{text}
	if text[0] == '"' {
		var err error
		if chunks, err = split(text); err != nil {
			return "", r.fail(n, "txt-chunks", err.Error(), `write '"one chunk" "and another"'`)
		}
	}
	var wire []byte
	for _, c := range chunks {
		data, err := unescape(c)
		if err != nil {
			return "", r.fail(n, "bad-escape", err.Error(), `write \\ for a backslash, \DDD for an octet`)
		}
		for len(data) > maxChunk {
			wire = append(append(wire, maxChunk), data[:maxChunk]...)
			data = data[maxChunk:]
		}
		wire = append(append(wire, byte(len(data))), data...)
	}
	return zone.Rdata(wire), true
}

// twiceEscaped finds a semicolon behind a backslash that is one itself.
func twiceEscaped(text string) bool {
	for i := 0; i+2 < len(text); i++ {
		if text[i] == '\\' {
			if i++; text[i] == '\\' && text[i+1] == ';' {
				return true
			}
		}
	}
	return false
}

var errChunks = errors.New("a text that begins with a quotation mark must be quoted chunks with a space between them")

// split takes chunks out of their quotation marks.
func split(text string) ([]string, error) {
	var chunks []string
	for text != "" {
		if text[0] != '"' {
			return nil, errChunks
		}
		end := 1
		for end < len(text) && text[end] != '"' {
			if text[end] == '\\' {
				end++
			}
			end++
		}
		if end >= len(text) {
			return nil, errChunks
		}
		chunks = append(chunks, text[1:end])
		rest := strings.TrimLeft(text[end+1:], " ")
		if rest != "" && len(rest) == len(text)-end-1 {
			return nil, errChunks // no space between two chunks
		}
		text = rest
	}
	return chunks, nil
}

// unescape resolves \DDD and \X (RFC 1035 5.1).
func unescape(text string) ([]byte, error) {
	out := make([]byte, 0, len(text))
	digit := func(i int) (int, bool) {
		return int(text[min(i, len(text)-1)]) - '0', i < len(text) && text[i] >= '0' && text[i] <= '9'
	}
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			out = append(out, text[i])
			continue
		}
		i++
		if i == len(text) {
			return nil, errors.New("a lone backslash at the end")
		}
		a, isDigit := digit(i)
		if !isDigit {
			out = append(out, text[i])
			continue
		}
		b, two := digit(i + 1)
		c, three := digit(i + 2)
		v := 100*a + 10*b + c
		if !two || !three || v > 255 {
			return nil, fmt.Errorf(`the escape \%.3s is not \000 to \255`, text[i:])
		}
		out = append(out, byte(v))
		i += 2
	}
	return out, nil
}
