package publisher

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"zonecast/internal/durable"
	"zonecast/internal/release"
)

// keyName stands in signatures made with keys of EnsureKey.
const keyName = "zonecast"

// EnsureKey makes a key pair at path (mode 0600) and path+".pub" unless there is one, and gives the public key.
func EnsureKey(path string) (release.VerifyKey, error) {
	_, public, err := readKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		private, made, err := release.NewKey(keyName)
		if err != nil {
			return "", err
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return "", err
		}
		if err := durable.WriteFile(path, []byte(string(private)+"\n"), 0o600); err != nil {
			return "", err
		}
		return made, durable.WriteFile(path+".pub", []byte(string(made)+"\n"), 0o644)
	}
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path + ".pub"); errors.Is(err, fs.ErrNotExist) { // a crash between the two files
		return public, durable.WriteFile(path+".pub", []byte(string(public)+"\n"), 0o644)
	}
	return public, nil
}

// readKey reads a private key and works out its public one. A key that others may read is refused.
func readKey(path string) (release.SigningKey, release.VerifyKey, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", "", err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", "", fmt.Errorf("%s: others may read the private key (mode %04o); chmod 600 it", path, info.Mode().Perm())
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", "", err
	}
	text := strings.TrimSpace(string(data))
	public, err := publicKey(text)
	if err != nil {
		return "", "", fmt.Errorf("%s: %w", path, err)
	}
	return release.SigningKey(text), public, nil
}

// publicKey follows from the private key's text: "PRIVATE+KEY+<name>+<hash>+<base64 of algorithm and seed>".
func publicKey(text string) (release.VerifyKey, error) {
	signer, err := note.NewSigner(text)
	if err != nil {
		return "", err
	}
	parts := strings.SplitN(text, "+", 5) // the base64 text may hold plus signs of its own
	key, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || len(key) != 1+ed25519.SeedSize {
		return "", errors.New("not an ed25519 key of sumdb/note")
	}
	public, err := note.NewEd25519VerifierKey(signer.Name(), ed25519.NewKeyFromSeed(key[1:]).Public().(ed25519.PublicKey))
	return release.VerifyKey(public), err
}
