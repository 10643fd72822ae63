package inventory

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Lines reads NDJSON with every bound kept: a line above MaxLine is skipped to its end, without being kept in
// memory, and the rest goes on. Blank lines count but are passed over.
type Lines struct {
	r    *bufio.Reader
	line int
	buf  []byte
}

// NewLines reads from r.
func NewLines(r io.Reader) *Lines { return &Lines{r: bufio.NewReaderSize(r, 64<<10)} }

// errLine is a line that was skipped.
var errLine = fmt.Errorf("line is longer than %d octets", MaxLine)

// Next gives the next line that is not blank, without its end, and its number from 1. The text is good until the
// next call. A refused line comes with a *LineError, after which reading goes on; io.EOF ends it.
func (l *Lines) Next() (text []byte, number int, err error) {
	for {
		text, err = l.read()
		if err != nil && !errors.Is(err, errLine) {
			return nil, l.line, err
		}
		l.line++
		if err != nil {
			return nil, l.line, &LineError{Line: l.line, Err: errLine}
		}
		if text = bytes.TrimSpace(text); len(text) > 0 {
			return text, l.line, nil
		}
	}
}

// LineError is one refused line.
type LineError struct {
	Line int
	Err  error
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

// Unwrap gives the cause.
func (e *LineError) Unwrap() error { return e.Err }

func (l *Lines) read() ([]byte, error) {
	l.buf = l.buf[:0]
	long := false
	for {
		part, err := l.r.ReadSlice('\n')
		if !long && len(l.buf)+len(part) > MaxLine+2 { // a line's end, \r\n at most, is not the line
			long, l.buf = true, l.buf[:0]
		}
		if !long {
			l.buf = append(l.buf, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err == io.EOF && len(part) == 0 && len(l.buf) == 0 && !long:
			return nil, io.EOF
		case err != nil && err != io.EOF:
			return nil, err
		case long:
			return nil, errLine
		}
		text := bytes.TrimRight(l.buf, "\r\n")
		if len(text) > MaxLine {
			return nil, errLine
		}
		return text, nil
	}
}
