package release

import (
	"crypto/rand"
	"fmt"

	"golang.org/x/mod/sumdb/note"
)

// SigningKey is the private key of a publisher, in the text form of sumdb/note: "PRIVATE+KEY+name+hash+key". It
// does not print itself.
type SigningKey string

func (SigningKey) String() string { return "PRIVATE+KEY (hidden)" }

// GoString hides the key from %#v too.
func (SigningKey) GoString() string { return "release.SigningKey(hidden)" }

// VerifyKey is a public key, in the text form of sumdb/note: "name+hash+key".
type VerifyKey string

// NewKey makes an ed25519 key pair. The name says whose it is ("zonecast-ams1"): no spaces, no plus signs.
func NewKey(name string) (SigningKey, VerifyKey, error) {
	private, public, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		return "", "", fmt.Errorf("new key: %w", err)
	}
	if _, err := note.NewVerifier(public); err != nil {
		return "", "", fmt.Errorf("new key %q: %w", name, err)
	}
	return SigningKey(private), VerifyKey(public), nil
}

// Check tells whether the text is a signing key.
func (k SigningKey) Check() error {
	if _, err := note.NewSigner(string(k)); err != nil {
		return fmt.Errorf("signing key: %w", err)
	}
	return nil
}

// Check tells whether the text is a verification key.
func (k VerifyKey) Check() error {
	if _, err := note.NewVerifier(string(k)); err != nil {
		return fmt.Errorf("verification key %.100q: %w", string(k), err)
	}
	return nil
}
