package snapshot

import (
	"encoding/binary"
	"errors"
	"sync/atomic"
)

// feedBatch is how many octets of nodes pass from one goroutine to the other at a time.
const feedBatch = 128 << 10

var errFed = errors.New("the writer has failed")

// feed lets produce run beside the writer, which adds what produce gives. The error is the writer's, or else
// produce's.
func (w *writer) feed(produce func(add func(key, body []byte) error) error) error {
	full, free := make(chan []byte, 3), make(chan []byte, 4)
	var failed atomic.Bool
	written := make(chan error, 1)
	go func() {
		var err error
		for batch := range full {
			for rest := batch; len(rest) > 0 && err == nil; {
				var key, body []byte
				key, rest = field(rest)
				body, rest = field(rest)
				if err = w.add(key, body); err != nil {
					failed.Store(true)
				}
			}
			select {
			case free <- batch[:0]:
			default:
			}
		}
		written <- err
	}()
	ended := false
	end := func() error {
		ended = true
		close(full)
		return <-written
	}
	// Reading a damaged base can panic in produce: the writer must not stay behind, nor write on.
	defer func() {
		if !ended {
			_ = end()
		}
	}()
	var batch []byte
	err := produce(func(key, body []byte) error {
		if len(batch) > 0 && len(batch)+len(key)+len(body) > feedBatch {
			full <- batch
			select {
			case batch = <-free:
			default:
				batch = nil
			}
			if failed.Load() {
				return errFed
			}
		}
		batch = appendField(batch, key)
		batch = appendField(batch, body)
		return nil
	})
	if len(batch) > 0 {
		full <- batch
	}
	if werr := end(); werr != nil {
		return werr
	}
	return err
}

func appendField(b, value []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(value))), value...)
}

func field(b []byte) (value, rest []byte) {
	size, n := uvarint(b)
	return b[n : n+int(size)], b[n+int(size):] //nolint:gosec // what appendField wrote
}
