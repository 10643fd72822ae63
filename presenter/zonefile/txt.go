package zonefile

import (
	"errors"
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"

	"zonecast/internal/zone"
)

const maxChunk = 255 // octets of one character-string, RFC 1035 3.3

// txt reads a TXT value. As in octoDNS, \; is a semicolon and a bare one is refused; other escapes are those of zone
// files. A value that begins with a quotation mark is a row of chunks: "one" "two". A text past 255 octets is refused
// where octoDNS would cut it: where a cut falls matters to some readers, so a person decides.
func txt(r *reader, n *yaml.Node) (zone.Rdata, bool) {
	text, ok := r.text(n, "the text")
	if !ok {
		return "", false
	}
	if text == "" {
		return "", r.fail(n, "no-value", "the text is empty", `write '""' for an empty string`)
	}
	if i := bareSemicolon(text); i >= 0 {
		return "", r.fail(n, "txt-semicolon", "a semicolon needs one backslash before it, as in octoDNS", `write \;`)
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
		if len(data) > maxChunk {
			return "", r.fail(n, "txt-too-long", fmt.Sprintf("a text of %d octets; one chunk holds %d", len(data), maxChunk), fixChunks(len(data)))
		}
		wire = append(append(wire, byte(len(data))), data...)
	}
	return zone.Rdata(wire), true
}

func fixChunks(size int) string {
	var parts []string
	for at := 0; at < size && len(parts) < 3; at += maxChunk {
		parts = append(parts, fmt.Sprintf(`"octets %d to %d"`, at+1, min(at+maxChunk, size)))
	}
	if size > 3*maxChunk {
		parts = append(parts, "…")
	}
	return "write chunks inside one value: '" + strings.Join(parts, " ") + "'"
}

// bareSemicolon finds a semicolon without exactly one backslash before it.
func bareSemicolon(text string) int {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case ';':
			return i
		}
	}
	return -1
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
