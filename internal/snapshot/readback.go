package snapshot

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"sync"

	"zonecast/internal/zone"
)

// readBack makes the index of the nodes that were written, and the hash of the file so far, beside each other: both want
// the seed, which may follow from the content, and neither wants the nodes in memory.
func (w *writer) readBack() (index []byte, sum hash.Hash, err error) {
	var wait sync.WaitGroup
	var sumErr error
	sum = sha256.New()
	wait.Go(func() {
		_, sumErr = io.CopyBuffer(struct{ io.Writer }{sum}, struct{ io.Reader }{io.NewSectionReader(w.out, 0, int64(w.at))}, //nolint:gosec // a file's size
			make([]byte, readBlock))
	})
	index, err = w.buildIndex()
	wait.Wait()
	return index, sum, errors.Join(err, sumErr)
}

// buildIndex fills buckets with the nodes in their order, so that the same nodes give the same octets. Where a name finds no
// place it begins again with more buckets.
func (w *writer) buildIndex() ([]byte, error) {
	names := w.t.names + w.t.empty
	for buckets := uint64(float64(names)/bucketLoad) + 1; buckets <= 4*names+4; buckets += buckets/4 + 1 {
		f := filler{index: make([]byte, buckets*bucketSize), buckets: buckets}
		if err := w.fill(&f); err != nil {
			return nil, err
		}
		f.flush()
		if !f.full {
			return f.index, nil
		}
	}
	return nil, errors.New("index: too many names with one hash")
}

// nodeFront is at least what a node has before its body.
const nodeFront = 512

// fill reads the nodes back and puts their names into the index.
func (w *writer) fill(f *filler) error {
	hash := newHasher(w.seed)
	in := bufio.NewReaderSize(io.NewSectionReader(w.out, headerSize, int64(w.nodes)), readBlock) //nolint:gosec // a file's size
	var wire [2 * zone.MaxName]byte
	for at, node := uint64(0), 0; at < w.nodes && !f.full; node++ {
		front, err := in.Peek(nodeFront)
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read back: %w", err)
		}
		suffix, n := uvarint(front)
		own := front[n+1 : n+1+int(front[n])]
		tail := w.suffixes[suffix:]
		name := append(append(wire[:0], own...), tail[1:1+int(tail[0])]...)
		entry := at
		if w.hidden.at(node) {
			entry |= offsetHidden
		}
		f.put(hash.sum(name), entry)
		n += 1 + len(own)
		body, m := uvarint(front[n:])
		size := n + m + int(body) //nolint:gosec // as written
		if _, err := in.Discard(size); err != nil {
			return fmt.Errorf("read back: %w", err)
		}
		at += uint64(size) //nolint:gosec // not negative
	}
	return nil
}

// bitmap is a list of flags.
type bitmap struct {
	words []uint64
	size  int
}

func (b *bitmap) append(v bool) {
	if b.size%64 == 0 {
		b.words = append(b.words, 0)
	}
	if v {
		b.words[b.size/64] |= 1 << (b.size % 64)
	}
	b.size++
}

func (b *bitmap) at(i int) bool { return b.words[i/64]>>(i%64)&1 != 0 }
