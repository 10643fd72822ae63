package zonefile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// maxTokens bounds the nodes of one file, at some 200 octets each: a file of 16 MiB could else ask for gigabytes. A
// million records of four lines fit.
const maxTokens = 6_000_000

var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:unmarshal errors:\s*)?line (\d+): (.*)`)

// fault is a problem of the YAML as such.
type fault struct {
	line, column     int
	check, text, fix string
}

// document reads a file's one YAML document; the node is nil for `{}` written as nothing but comments.
func document(data []byte) (*yaml.Node, *fault) {
	if f := scan(data); f != nil {
		return nil, f
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, second yaml.Node
	if err := decode(dec, &doc); err != nil {
		return nil, syntax(data, err)
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 {
		return nil, &fault{1, 1, "empty-file", "the file has no content", "write {} for a zone without records of its own"}
	}
	switch err := decode(dec, &second); {
	case err == nil:
		return nil, &fault{max(second.Line, 1), max(second.Column, 1), "yaml-documents", "a second YAML document begins here", "remove the --- line: a file is one document"}
	case !errors.Is(err, io.EOF): // of a root mapping that is indented, and goes on at the margin
		line := 1 + bytes.Count(data[:atMargin(data)], []byte{'\n'})
		return nil, &fault{line, 1, "yaml-syntax", "what begins here belongs to nothing above it", "indent it as the lines above"}
	}
	return doc.Content[0], nil
}

// atMargin gives where the first line begins that is neither indented nor a comment.
func atMargin(data []byte) int {
	for at := 0; at < len(data); {
		if bytes.IndexByte([]byte(" #\r\n"), data[at]) < 0 {
			return at
		}
		end := bytes.IndexByte(data[at:], '\n')
		if end < 0 {
			break
		}
		at += end + 1
	}
	return 0
}

// decode turns a panic of the YAML library into an error: files come from outside.
func decode(dec *yaml.Decoder, n *yaml.Node) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("yaml: %v", r)
		}
	}()
	return dec.Decode(n)
}

// scan finds what is to be refused before a parser sees it.
func scan(data []byte) *fault {
	if len(data) == 0 {
		return &fault{1, 1, "empty-file", "the file has zero bytes", "write {} for a zone without records of its own"}
	}
	if bytes.HasPrefix(data, []byte("\xef\xbb\xbf")) || bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return &fault{1, 1, "bom", "the file begins with a byte order mark", "save it as UTF-8 without BOM"}
	}
	tokens, line, indent, start := 0, 1, true, 0
	for i, c := range data {
		switch c {
		case '\n':
			line, indent, start = line+1, true, i+1
			tokens++
		case '\t':
			if indent {
				return &fault{line, i - start + 1, "tab", "a tab in the indentation", "indent with spaces"}
			}
		case ' ', '\r':
		case ',', ':', '[', '{', '-':
			tokens++
			indent = false
		default:
			indent = false
		}
	}
	if tokens > maxTokens {
		return &fault{1, 1, "too-big", fmt.Sprintf("more than %d items in one file", maxTokens), "make it a folder of several files"}
	}
	return nil
}

func syntax(data []byte, err error) *fault {
	f := &fault{1, 1, "yaml-syntax", strings.TrimPrefix(err.Error(), "yaml: "), "mend the YAML"}
	if err.Error() == "EOF" {
		return &fault{1, 1, "empty-file", "the file has no content", "write {} for a zone without records of its own"}
	}
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		f.line, _ = strconv.Atoi(m[1])
		f.text = m[2]
	}
	if len(data) <= maxSearch {
		f.line = brokenLine(data)
	}
	f.column = firstColumn(data, f.line)
	if strings.Contains(f.text, "alias") {
		f.fix = "put quotes around the asterisk: '*'"
	}
	return f
}

// maxSearch bounds the texts that are parsed again to find the line, in octets.
const maxSearch = 1 << 20

// brokenLine finds the first line with which the text is no YAML any more. The parser's own line is often that of the
// surrounding block, hundreds of lines above.
func brokenLine(data []byte) int {
	lines := bytes.SplitAfter(data, []byte("\n"))
	ends := make([]int, len(lines)+1)
	for i, l := range lines {
		ends[i+1] = ends[i] + len(l)
	}
	n := sort.Search(len(lines), func(i int) bool {
		var doc yaml.Node
		err := decode(yaml.NewDecoder(bytes.NewReader(data[:ends[i]])), &doc)
		return err != nil && err != io.EOF
	})
	return max(n, 1)
}

func firstColumn(data []byte, line int) int {
	for range line - 1 {
		i := bytes.IndexByte(data, '\n')
		if i < 0 {
			return 1
		}
		data = data[i+1:]
	}
	return len(data) - len(bytes.TrimLeft(data, " ")) + 1
}

// plain tells whether a tree has no anchors, aliases, tags or merge keys: that each node is what it says.
func plain(n *yaml.Node) bool {
	if n.Kind == yaml.AliasNode || n.Anchor != "" || n.Style&yaml.TaggedStyle != 0 || n.Value == "<<" {
		return false
	}
	for _, c := range n.Content {
		if !plain(c) {
			return false
		}
	}
	return true
}
