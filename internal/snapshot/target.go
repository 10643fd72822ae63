package snapshot

import (
	"errors"
	"io"
)

// target is what a snapshot is written to: the header last, and the nodes read back for the index, so that neither
// has to be kept in memory. An *os.File is one.
type target interface {
	io.Writer
	io.WriterAt
	io.ReaderAt
}

// memory is a target for small snapshots that no file holds.
type memory struct{ octets []byte }

func (m *memory) Write(b []byte) (int, error) {
	m.octets = append(m.octets, b...)
	return len(b), nil
}

func (m *memory) WriteAt(b []byte, at int64) (int, error) {
	if at < 0 || at+int64(len(b)) > int64(len(m.octets)) {
		return 0, errors.New("write past the end")
	}
	return copy(m.octets[at:], b), nil
}

func (m *memory) ReadAt(b []byte, at int64) (n int, err error) {
	if at < 0 || at > int64(len(m.octets)) {
		return 0, io.EOF
	}
	if n = copy(b, m.octets[at:]); n < len(b) {
		err = io.EOF
	}
	return n, err
}
