package release

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"reflect"
	"testing"
)

func testEntry() Entry {
	e := Entry{Epoch: 2, Version: 11, Prev: 10, Released: 1795000184, AsOf: 1795000180, Note: "new epoch: store lost",
		Counts: []Count{{Zone: "example.", Created: 1, Changed: 2, Deleted: 3}}, Delta: bytes.Repeat([]byte("delta"), 100)}
	e.Content = sha256.Sum256(e.Delta)
	e.Chain = Link(Hash{9}, e.Epoch, e.Version, e.Content)
	return e
}

func TestEntryRoundTrip(t *testing.T) {
	t.Parallel()
	rebase := testEntry()
	rebase.Delta, rebase.Content = nil, Hash{3}
	rebase.Chain = Link(Hash{9}, rebase.Epoch, rebase.Version, rebase.Content)
	rebase.Rebase = &Base{Version: 11, Chain: rebase.Chain, SHA256: Hash{3}, Size: 5, Seed: "000102030405060708090a0b0c0d0e0f"}
	for _, e := range []Entry{testEntry(), rebase} {
		b, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeEntry(b)
		if err != nil || !reflect.DeepEqual(got, e) {
			t.Errorf("got %+v, %v; want %+v", got, err, e)
		}
		if err := got.Verify(Hash{9}); err != nil {
			t.Error(err)
		}
		if err := got.Verify(Hash{8}); !errors.Is(err, ErrChain) {
			t.Errorf("another chain: %v, want ErrChain", err)
		}
		got.Content[0]++
		if err := got.Verify(Hash{9}); !errors.Is(err, ErrChain) {
			t.Errorf("other content: %v, want ErrChain", err)
		}
	}
	both := testEntry()
	both.Rebase = &Base{}
	if err := both.Verify(Hash{9}); !errors.Is(err, ErrChain) {
		t.Errorf("delta and base: %v, want ErrChain", err)
	}
}

func TestEntryTooLarge(t *testing.T) {
	t.Parallel()
	noise := make([]byte, MaxEntry)
	random := rand.NewChaCha8([32]byte{1})
	random.Read(noise)
	for name, delta := range map[string][]byte{"not compressible": noise, "past MaxDelta": make([]byte, MaxDelta+1)} {
		e := testEntry()
		e.Delta = delta
		if _, err := e.Encode(); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %v, want ErrTooLarge", name, err)
		}
	}
	e := testEntry()
	e.Delta = make([]byte, MaxDelta)
	b, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := DecodeEntry(b); err != nil || len(got.Delta) != MaxDelta {
		t.Errorf("largest delta: %d octets, %v", len(got.Delta), err)
	}
}

// bomb is a small entry that expands to size octets.
func bomb(t testing.TB, size int) []byte {
	c, err := codecs()
	if err != nil {
		t.Fatal(err)
	}
	b := binary.AppendUvarint([]byte{entryFormat}, 2)
	return c.enc.EncodeAll(make([]byte, size), append(b, "{}"...))
}

func TestDecodeEntryRefuses(t *testing.T) {
	t.Parallel()
	good, err := testEntry().Encode()
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{
		"nothing":         nil,
		"other format":    append([]byte{9}, good[1:]...),
		"header too long": {entryFormat, 0xff, 0xff, 0xff, 0x7f},
		"huge length":     append([]byte{entryFormat}, bytes.Repeat([]byte{0xff}, 9)...),
		"no JSON":         {entryFormat, 2, '{', '['},
		"two values":      {entryFormat, 4, '{', '}', '{', '}'},
		"delta in header": append([]byte{entryFormat, 16}, `{"delta":"AAAA"}`...),
		"cut short":       good[:len(good)-3],
		"past MaxEntry":   make([]byte, MaxEntry+1),
		"bomb":            bomb(t, MaxDelta+1),
		"large bomb":      bomb(t, 8*MaxDelta),
	} {
		if _, err := DecodeEntry(b); !errors.Is(err, ErrEntry) {
			t.Errorf("%s: %v, want ErrEntry", name, err)
		}
	}
}

func FuzzEntry(f *testing.F) {
	good, err := testEntry().Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(bomb(f, 1<<16))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := DecodeEntry(b)
		if err != nil {
			return
		}
		again, err := e.Encode()
		if err != nil {
			return // larger than it was: JSON in another form
		}
		if got, err := DecodeEntry(again); err != nil || !bytes.Equal(got.Delta, e.Delta) || got.Version != e.Version {
			t.Fatalf("again %+v, %v", got, err)
		}
	})
}
