package listen

import (
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// foresight notes what it is shown.
type foresight struct {
	Func
	seen []string
}

func (f *foresight) Ahead(queries [][]byte) {
	for _, q := range queries {
		f.seen = append(f.seen, string(q))
	}
}

func TestABatchIsShownBeforeItIsAnswered(t *testing.T) {
	t.Parallel()
	b, err := newBatch(false)
	if err != nil {
		t.Fatal(err)
	}
	defer b.free()
	session := &foresight{}
	session.Func = func(query, buf []byte, _ Client) []byte {
		if !slices.Contains(session.seen, string(query)) {
			t.Errorf("%q answered, but not shown before", query)
		}
		return append(buf[:0], query...)
	}
	for i, text := range []string{"first", "second", "third"} {
		b.in[i].size = uint32(copy(b.queries[i*querySlot:], text))
		b.names[i] = [unix.SizeofSockaddrInet6]byte{unix.AF_INET, 0, 0x14, 0xb4, 127, 0, 0, 1}
	}
	if n := b.answer(session, 3); n != 3 || len(session.seen) != 3 {
		t.Errorf("%d answers, %q shown", n, session.seen)
	}
}
