package zonefile

import (
	"bytes"
	"errors"
	"io"

	"gopkg.in/yaml.v3"

	"zonecast/internal/checkout"
	"zonecast/internal/row"
)

// Large files are read in blocks of whole names: the tree of a file takes some forty times its octets, that of a block is gone when the next is
// read. A file is cut where a line begins with what can only be a key of the root mapping. What such a cut would tear apart (a text in
// quotes or a flow that goes on at the margin) leaves a block that is no YAML, and anything that reaches across names (anchors, tags) is found in
// the blocks; the file is read as a whole then.
const (
	blockwise = 512 << 10 // octets of a file that is read in blocks
	blockSize = 64 << 10  // about what a block has
)

// block is a part of a file, from a line on.
type block struct {
	data []byte
	line int // from 0
}

// blocks cuts a file; nil if it must be read as a whole.
func (b *builder) blocks(data []byte) (list []block) {
	if len(data) < b.blockwise || scan(data) != nil || strangeBreaks(data) {
		return nil
	}
	begin, beginLine, line := 0, 0, 0
	content, keys := false, false // a key or ---, and a key, have been met
	for at := 0; at < len(data); line++ {
		end := len(data)
		if i := bytes.IndexByte(data[at:], '\n'); i >= 0 {
			end = at + i + 1
		}
		switch margin(data[at:end]) {
		case other:
			return nil
		case within:
			if !keys && len(bytes.TrimSpace(data[at:end])) > 0 && data[at] != '#' {
				return nil // a root that is indented, or no mapping
			}
		case newDocument:
			if content {
				return nil
			}
			begin, beginLine, content = end, line+1, true
		case rootKey:
			if content && at-begin >= b.blockSize {
				list = append(list, block{data[begin:at], beginLine})
				begin, beginLine = at, line
			}
			content, keys = true, true
		}
		at = end
	}
	return append(list, block{data[begin:], beginLine})
}

// strangeBreaks finds what ends a line in YAML 1.1, and is no line feed: nothing that is cut and counted by line feeds fits then.
func strangeBreaks(data []byte) bool {
	return bytes.Count(data, []byte{'\r'}) != bytes.Count(data, []byte("\r\n")) || bytes.Contains(data, []byte("\u0085")) ||
		bytes.Contains(data, []byte("\u2028")) || bytes.Contains(data, []byte("\u2029"))
}

// What a line begins with, at its margin.
type lineKind int

const (
	within      lineKind = iota // belongs to what is above: indented, empty, a comment, an item of a list
	rootKey                     // a key of the root mapping
	newDocument                 // --- alone
	other                       // anything else
)

func margin(line []byte) lineKind {
	line = bytes.TrimRight(line, " \r\n")
	switch {
	case len(line) == 0 || line[0] == ' ' || line[0] == '#' || line[0] == '-' && (len(line) == 1 || line[1] == ' '):
		return within
	case string(line) == "---":
		return newDocument
	case bytes.HasPrefix(line, []byte("---")), bytes.HasPrefix(line, []byte("...")), bytes.IndexByte([]byte("%?:{}[],&*!|>@`"), line[0]) >= 0,
		line[0] >= 0x80: // a byte order mark means something at the front of a block
		return other
	}
	return rootKey
}

// mark is how far a zone had been read.
type mark struct {
	problems, errors, warnings int
	records, written           int
	exceptions                 int
	facts                      row.ZoneFacts
	soa                        soaValues
}

func (b *builder) mark() mark {
	return mark{len(b.problems), b.errors, b.warnings, len(b.records), b.written, len(b.exceptions), b.facts, b.soa}
}

// inBlocks reads a file in blocks; false if it must be read as a whole, and nothing of it has been.
func (b *builder) inBlocks(f checkout.File) bool {
	list := b.blocks(f.Data)
	if list == nil {
		return false
	}
	before := b.mark()
	r := b.reader(f.Path)
	for _, part := range list {
		var doc, second yaml.Node
		dec := yaml.NewDecoder(bytes.NewReader(part.data))
		err := decode(dec, &doc)
		if err != nil || len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode || !plain(doc.Content[0]) || !errors.Is(decode(dec, &second), io.EOF) {
			b.rewind(before)
			return false
		}
		shift(doc.Content[0], part.line)
		r.mapping(doc.Content[0])
	}
	return true
}

// rewind forgets what was read since.
func (b *builder) rewind(m mark) {
	for _, rec := range b.records[m.records:] {
		delete(b.seen, key{rec.Owner, rec.Human.Set.Type})
	}
	b.problems, b.errors, b.warnings = b.problems[:m.problems], m.errors, m.warnings
	b.records, b.written = b.records[:m.records], m.written
	b.exceptions, b.facts, b.soa = b.exceptions[:m.exceptions], m.facts, m.soa
}

// shift puts the nodes of a block where they stand in the file.
func shift(n *yaml.Node, lines int) {
	n.Line += lines
	for _, c := range n.Content {
		shift(c, lines)
	}
}
