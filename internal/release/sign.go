package release

import (
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// MaxHead bounds a signed head, in octets: one is about a kilobyte.
const MaxHead = 8 << 10

// maxKeys bounds the keys of a proxy: two while one is rotated, a few more for several publishers.
const maxKeys = 32

// Sign gives the head as a signed note (golang.org/x/mod/sumdb/note): the text lines, a blank line, the signature.
func Sign(h Head, key SigningKey) ([]byte, error) {
	text, err := h.text()
	if err != nil {
		return nil, fmt.Errorf("sign head: %w", err)
	}
	signer, err := note.NewSigner(string(key))
	if err != nil {
		return nil, fmt.Errorf("sign head: %w", err)
	}
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	if err != nil {
		return nil, fmt.Errorf("sign head: %w", err)
	}
	if len(signed) > MaxHead {
		return nil, fmt.Errorf("sign head: %w: %d octets, at most %d", ErrFormat, len(signed), MaxHead)
	}
	return signed, nil
}

// Open verifies a signed note with the keys (any of them suffices) and reads the head. It fails with ErrSignature
// (no good signature by any key, or one of them wrong), ErrFormat, or ErrReader.
func Open(signed []byte, keys []VerifyKey) (Head, error) {
	if len(signed) > MaxHead {
		return Head{}, fmt.Errorf("%w: %d octets, at most %d", ErrFormat, len(signed), MaxHead)
	}
	if len(keys) > maxKeys {
		return Head{}, fmt.Errorf("%w: %d keys, at most %d", ErrSignature, len(keys), maxKeys)
	}
	verifiers := make([]note.Verifier, len(keys))
	for i, k := range keys {
		v, err := note.NewVerifier(string(k))
		if err != nil {
			return Head{}, fmt.Errorf("%w: key %.100q: %w", ErrSignature, string(k), err)
		}
		verifiers[i] = v
	}
	opened, err := note.Open(signed, note.VerifierList(verifiers...))
	if err != nil {
		return Head{}, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return parseHead(opened.Text)
}

// Peek reads a head without a look at its signature: for people and alarms, not for trust.
func Peek(signed []byte) (Head, error) {
	text, _, ok := strings.Cut(string(signed[:min(len(signed), MaxHead)]), "\n\n")
	if !ok {
		return Head{}, fmt.Errorf("%w: no signed note", ErrFormat)
	}
	return parseHead(text + "\n")
}
