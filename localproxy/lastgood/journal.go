package lastgood

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// kind of a journal record.
type kind byte

const (
	kindEntry kind = 1 // an encoded release.Entry
	kindHead  kind = 2 // a signed head: everything before it belongs to it
)

const (
	magic        = "zonecast journal 1\n"
	recordHeader = 9       // kind, size, checksum
	maxRecord    = 1 << 20 // a node of the store has at most half of that
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// appendRecord encodes a record: kind, size (4 octets), CRC-32C of both and the payload, payload.
func appendRecord(b []byte, k kind, payload []byte) []byte {
	start := len(b)
	b = append(b, byte(k))
	b = binary.BigEndian.AppendUint32(b, uint32(len(payload)))
	sum := crc32.Update(crc32.Checksum(b[start:], castagnoli), castagnoli, payload)
	b = binary.BigEndian.AppendUint32(b, sum)
	return append(b, payload...)
}

// scan gives the records of a journal until the first that is not whole; the error is the disk's own or give's, and
// ErrCorrupt for a file that is no journal or ends in rubbish.
func scan(in io.Reader, give func(k kind, payload []byte, end int64) error) error {
	r := bufio.NewReaderSize(in, 64<<10)
	start := make([]byte, len(magic))
	if _, err := io.ReadFull(r, start); unreadable(err) {
		return fmt.Errorf("read journal: %w", err)
	} else if err != nil || string(start) != magic {
		return fmt.Errorf("%w: not a journal", ErrCorrupt)
	}
	end := int64(len(magic))
	for {
		var header [recordHeader]byte
		switch _, err := io.ReadFull(r, header[:]); {
		case errors.Is(err, io.EOF):
			return nil
		case unreadable(err):
			return fmt.Errorf("read journal: %w", err)
		case err != nil:
			return fmt.Errorf("%w: journal ends inside a record", ErrCorrupt)
		}
		size := binary.BigEndian.Uint32(header[1:])
		if size > maxRecord {
			return fmt.Errorf("%w: journal record of %d octets", ErrCorrupt, size)
		}
		payload := make([]byte, size)
		if _, err := io.ReadFull(r, payload); unreadable(err) {
			return fmt.Errorf("read journal: %w", err)
		} else if err != nil {
			return fmt.Errorf("%w: journal ends inside a record", ErrCorrupt)
		}
		sum := crc32.Update(crc32.Checksum(header[:5], castagnoli), castagnoli, payload)
		if sum != binary.BigEndian.Uint32(header[5:]) {
			return fmt.Errorf("%w: checksum of a journal record", ErrCorrupt)
		}
		end += int64(recordHeader + len(payload))
		if err := give(kind(header[0]), payload, end); err != nil {
			return err
		}
	}
}

// unreadable tells a disk that fails from a file that ends.
func unreadable(err error) bool {
	return err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF)
}

// file is what a journal needs of its file; tests put failing disks here.
type file interface {
	io.WriterAt
	Truncate(size int64) error
	Sync() error
	Close() error
}

// journal is the open journal. It belongs to one goroutine.
type journal struct {
	path    string
	f       file
	size    int64 // of what is durable
	heads   int   // records since it was begun
	entries int
	broken  bool
}

// openJournal opens an existing one for appending behind size.
func (f *Folder) openJournal(path string, size int64) (*journal, error) {
	out, err := f.open(path)
	if err != nil {
		return nil, err
	}
	if err := out.Truncate(size); err != nil { // a torn end
		out.Close()
		return nil, err
	}
	return &journal{path: path, f: out, size: size}, nil
}

// close closes the file, if there is one.
func (j *journal) close() {
	if j != nil && j.f != nil {
		j.f.Close()
	}
}

// append makes entries and the head they lead to durable, or changes nothing.
func (j *journal) append(entries [][]byte, head []byte) error {
	if j.broken {
		return ErrBroken
	}
	var b []byte
	for _, e := range entries {
		b = appendRecord(b, kindEntry, e)
	}
	b = appendRecord(b, kindHead, head)
	if _, err := j.f.WriteAt(b, j.size); err != nil {
		if terr := j.f.Truncate(j.size); terr != nil {
			j.broken = true
		}
		return fmt.Errorf("write journal: %w", err)
	}
	if err := j.f.Sync(); err != nil {
		j.broken = true
		return fmt.Errorf("sync journal: %w", err)
	}
	j.size += int64(len(b))
	j.heads++
	j.entries += len(entries)
	return nil
}
