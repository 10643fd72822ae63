package publisher

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zonecast/internal/release"
)

func TestEnsureKey(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys", "key")
	public, err := EnsureKey(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("private key: %v, %v", info.Mode(), err)
	}
	private, derived, err := readKey(path)
	if err != nil || derived != public {
		t.Fatalf("read %s, made %s: %v", derived, public, err)
	}
	note, err := release.Sign(release.Head{Stream: "stable", Version: 1, Epoch: 1, MinReader: release.ReaderVersion, Base: release.Base{Version: 1, Seed: strings.Repeat("0", 32)}}, private)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := release.Open(note, []release.VerifyKey{public}); err != nil {
		t.Errorf("its signature: %v", err)
	}
	if err := os.Remove(path + ".pub"); err != nil {
		t.Fatal(err)
	}
	if again, err := EnsureKey(path); err != nil || again != public {
		t.Errorf("again: %s, %v", again, err)
	}
	if text, err := os.ReadFile(path + ".pub"); err != nil || string(text) != string(public)+"\n" {
		t.Errorf("public file %q, %v", text, err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := EnsureKey(path); err == nil {
		t.Error("a private key that others may read is accepted")
	}
	if err := os.WriteFile(path, []byte("rubbish\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	os.Chmod(path, 0o600)
	if _, err := EnsureKey(path); err == nil {
		t.Error("rubbish is accepted, or overwritten")
	}
}

// No version is given out twice, whatever was lost.
func TestMemory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	m, err := openMemory(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []uint64{5, 6, 1_004, 1_005, 1_006} {
		if err := m.reserve(1, v); err != nil {
			t.Fatal(err)
		}
		again, err := openMemory(dir)
		if err != nil || again.Ceiling < v || again.Epoch != 1 {
			t.Errorf("after version %d: %+v, %v", v, again, err)
		}
	}
	if err := m.reserve(2, 10); err != nil || m.Epoch != 2 || m.Ceiling < 1_006 {
		t.Errorf("%+v, %v", m, err)
	}
	if err := os.WriteFile(m.path, []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := openMemory(dir); err == nil {
		t.Error("a broken memory is taken for none")
	}
}
