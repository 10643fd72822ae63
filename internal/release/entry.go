package release

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// Limits of an entry, in octets. MaxEntry is the largest node of the store (store.MaxNode).
const (
	MaxEntry = 512 << 10
	MaxDelta = 16 << 20 // a delta before compression
)

// ErrTooLarge is an entry that the store does not take: publish a base instead (Entry.Rebase).
var ErrTooLarge = errors.New("entry too large for the store")

// ErrEntry is an entry that cannot be read.
var ErrEntry = errors.New("malformed entry")

const entryFormat = 1

// Encode gives the entry's bytes within MaxEntry, or ErrTooLarge: an octet of format, the header's length
// (uvarint), the header as JSON, and the delta compressed with zstd.
func (e Entry) Encode() ([]byte, error) {
	delta := e.Delta
	if len(delta) > MaxDelta {
		return nil, fmt.Errorf("version %d: %w: delta of %d octets, at most %d", e.Version, ErrTooLarge, len(delta), MaxDelta)
	}
	e.Delta = nil
	header, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("version %d: %w", e.Version, err)
	}
	b := binary.AppendUvarint([]byte{entryFormat}, uint64(len(header)))
	b = append(b, header...)
	if len(delta) > 0 {
		c, err := codecs()
		if err != nil {
			return nil, err
		}
		b = c.enc.EncodeAll(delta, b)
	}
	if len(b) > MaxEntry {
		return nil, fmt.Errorf("version %d: %w: %d octets, at most %d", e.Version, ErrTooLarge, len(b), MaxEntry)
	}
	return b, nil
}

// DecodeEntry reads what Encode made. Hostile bytes give ErrEntry and cost at most MaxDelta of memory.
func DecodeEntry(b []byte) (Entry, error) {
	e, err := decodeEntry(b)
	if err != nil {
		return Entry{}, fmt.Errorf("%w: %w", ErrEntry, err)
	}
	return e, nil
}

func decodeEntry(b []byte) (e Entry, err error) {
	if len(b) > MaxEntry || len(b) == 0 {
		return e, fmt.Errorf("%d octets", len(b))
	}
	if b[0] != entryFormat {
		return e, fmt.Errorf("format %d, this program reads %d", b[0], entryFormat)
	}
	size, n := binary.Uvarint(b[1:])
	if n <= 0 || size > uint64(len(b)-1-n) {
		return e, errors.New("header cut short")
	}
	header, packed := b[1+n:][:size], b[1+n:][size:]
	decoder := json.NewDecoder(bytes.NewReader(header))
	if err := decoder.Decode(&e); err != nil {
		return e, fmt.Errorf("header: %w", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return e, errors.New("header: more than one value")
	}
	if e.Delta != nil {
		return e, errors.New("header: holds the delta")
	}
	if len(packed) > 0 {
		c, err := codecs()
		if err != nil {
			return e, err
		}
		if e.Delta, err = c.dec.DecodeAll(packed, nil); err != nil {
			return e, fmt.Errorf("delta: %w", err)
		}
		if len(e.Delta) == 0 || len(e.Delta) > MaxDelta {
			return e, fmt.Errorf("delta of %d octets", len(e.Delta))
		}
	}
	return e, nil
}

// Verify holds the entry to the chain: its content is what its hash says, and its link follows from prev, the
// chain of the version before (the zero Hash for the first of an epoch). It fails with ErrChain.
func (e Entry) Verify(prev Hash) error {
	switch {
	case e.Rebase != nil && e.Delta == nil:
		if e.Rebase.Version != e.Version || e.Rebase.SHA256 != e.Content || e.Rebase.Chain != e.Chain {
			return fmt.Errorf("%w: version %d: its base is another", ErrChain, e.Version)
		}
	case e.Rebase != nil || sha256.Sum256(e.Delta) != e.Content:
		return fmt.Errorf("%w: version %d: its delta is another", ErrChain, e.Version)
	}
	if Link(prev, e.Epoch, e.Version, e.Content) != e.Chain {
		return fmt.Errorf("%w: version %d does not follow", ErrChain, e.Version)
	}
	return nil
}

// codec compresses and expands. Both directions are safe for concurrent use.
type codec struct {
	enc *zstd.Encoder
	dec *zstd.Decoder
}

var codecs = sync.OnceValues(func() (codec, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return codec{}, fmt.Errorf("zstd: %w", err)
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(MaxDelta))
	if err != nil {
		return codec{}, fmt.Errorf("zstd: %w", err)
	}
	return codec{enc, dec}, nil
})
