package masterfile

import (
	"bytes"
	"errors"
	"io"
)

// inputBlock is what is read at a time: large, so that the calls do not count.
const inputBlock = 1 << 20

// maxEntry bounds one entry (P9): the 65,535 octets of the longest data, each escaped, with room for comments.
const maxEntry = 1 << 20

var errEntryTooLong = errors.New("entry is longer than 1 MiB: is a quote or parenthesis never closed?")

// input gives the entries of a file out of one buffer that is filled block by block.
type input struct {
	r     io.Reader
	buf   []byte
	start int // of what has not been given yet
	end   int // of what has been read
	eof   bool
	err   error // of reading, but io.EOF
}

func newInput(r io.Reader, block int) *input {
	return &input{r: r, buf: make([]byte, block)}
}

// fill reads more behind what is there; false at the end of the file, or of what an entry may hold.
func (in *input) fill() bool {
	if in.eof {
		return false
	}
	if in.start > 0 {
		in.end = copy(in.buf, in.buf[in.start:in.end])
		in.start = 0
	}
	if in.end == len(in.buf) {
		if len(in.buf) > maxEntry {
			return false
		}
		in.buf = append(in.buf, make([]byte, len(in.buf))...)
	}
	n, err := in.r.Read(in.buf[in.end:])
	in.end += n
	if err != nil {
		in.eof = true
		if !errors.Is(err, io.EOF) {
			in.err = err
		}
	}
	return true
}

// line gives the rest of the line, without its end, and leaves it to be taken; ok is false at the end of the file.
func (in *input) line() (line []byte, ok bool) {
	seen := 0
	for {
		if i := bytes.IndexByte(in.buf[in.start+seen:in.end], '\n'); i >= 0 {
			return in.buf[in.start : in.start+seen+i], true
		}
		seen = in.end - in.start
		if !in.fill() {
			if !in.eof {
				in.err = errEntryTooLong
			}
			return in.buf[in.start:in.end], seen > 0 && in.err == nil
		}
	}
}

// take passes n octets and the end of the line after them.
func (in *input) take(n int) {
	in.start = min(in.start+n+1, in.end)
}

// entry gives the entry that begins here, with its last line's end, and passes it.
func (in *input) entry() ([]byte, error) {
	var s splitter
	for seen := 0; ; {
		text := in.buf[in.start:in.end]
		if n, whole := s.split(text[seen:]); whole {
			text = text[:seen+n]
			in.start += len(text)
			return text, entrySize(text)
		}
		seen = len(text)
		if !in.fill() {
			text = in.buf[in.start:in.end]
			in.start = in.end
			if !in.eof {
				return nil, errEntryTooLong
			}
			return text, errors.Join(in.err, entrySize(text))
		}
	}
}

func entrySize(text []byte) error {
	if len(text) > maxEntry {
		return errEntryTooLong
	}
	return nil
}

// splitter finds the end of an entry, by the rules of miekg/dns's lexer: a line ends it outside of quotes and
// parentheses.
type splitter struct {
	quote, comment, escape bool
	depth                  int
}

// split gives the length of the entry's rest at the front of text, and whether it ends there.
func (s *splitter) split(text []byte) (n int, whole bool) {
	for i, c := range text {
		if s.ends(c) {
			return i + 1, true
		}
	}
	return len(text), false
}

// ends takes the next octet and tells whether it ends the entry.
func (s *splitter) ends(c byte) bool {
	switch {
	case c == '\n':
		s.comment, s.escape = false, false
		return !s.quote && s.depth <= 0
	case s.comment:
	case s.escape:
		s.escape = false
	case c == '\\':
		s.escape = true
	case c == '"':
		s.quote = !s.quote
	case s.quote:
	case c == ';':
		s.comment = true
	case c == '(':
		s.depth++
	case c == ')':
		s.depth--
	}
	return false
}

// spaced gives an entry with a blank at the front of each line within its parentheses that has none. There a line end separates words as
// blanks do (RFC 1035 5.1), but miekg/dns takes the words beside it for one.
func spaced(text []byte) []byte {
	if i := bytes.IndexByte(text, '\n'); i < 0 || i == len(text)-1 {
		return text
	}
	var s splitter
	out := make([]byte, 0, len(text)+8)
	for i, c := range text {
		out = append(out, c)
		if s.ends(c) {
			s = splitter{}
		} else if c == '\n' && !s.quote && i+1 < len(text) && kind[text[i+1]] != blank {
			out = append(out, ' ')
		}
	}
	return out
}
