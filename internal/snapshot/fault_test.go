package snapshot

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// mapped gives a snapshot that is mapped from a file.
func mapped(t *testing.T) (s *Snapshot, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "s.snap")
	if err := os.WriteFile(path, sample(t), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, path
}

// A file that is cut short under its mapping is an error to all who read it, and ends no process.
func TestCutShortUnderTheMapping(t *testing.T) {
	t.Parallel()
	s, path := mapped(t)
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	tmp := t.TempDir()
	_, compiled := NewView(s).Compile(Seed{}, filepath.Join(tmp, "c"))
	_, seeded := NewView(s).Compile(Seed{7}, filepath.Join(tmp, "c"))
	for what, err := range map[string]error{
		"lookup": s.Guard(func() error { s.Lookup(name("web001.ams1.example.")); return nil }),
		"walk":   s.Guard(func() error { WriteDiff(os.Stderr, s, Empty()); return nil }),
		"verify": s.Verify(nil), "content": compiled, "compile": seeded,
	} {
		if !errors.Is(err, ErrFault) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if left, _ := os.ReadDir(tmp); len(left) > 0 {
		t.Errorf("%v is left of what could not be compiled", left)
	}
	if now, err := s.Stamp(); err != nil || now == s.Opened() {
		t.Errorf("stamp %v, %v", now, err)
	}
}

// Fsck's writer compares in goroutines of its own: a fault there ended the process.
func TestCutShortUnderFsck(t *testing.T) {
	t.Parallel()
	s, path := mapped(t)
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	c, b := &comparer{data: s.data}, make([]byte, 8)
	done := make(chan [2]error)
	go func() {
		_, write := c.Write(b)
		_, read := c.ReadAt(b, 0)
		done <- [2]error{write, read}
	}()
	for i, err := range <-done {
		if !errors.Is(err, ErrFault) {
			t.Error(i, err)
		}
	}
}

// Only a fault of the mapping is recovered: a programming error stays one.
func TestGuardLetsOtherPanicsPass(t *testing.T) {
	t.Parallel()
	s, _ := mapped(t)
	other, path := mapped(t)
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	for what, f := range map[string]func() error{
		"nil pointer": func() error { var none *Snapshot; none.data = nil; return nil },
		"index":       func() error { _ = s.nodes[len(s.nodes)]; return nil },
		"own":         func() error { panic(ErrFault) },
		"another map": func() error { other.Lookup(name("web001.ams1.example.")); return nil },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s was swallowed", what)
				}
			}()
			_ = s.Guard(f)
		}()
	}
	want := errors.New("want")
	if err := s.Guard(func() error { return want }); err != want { //nolint:errorlint // the very one
		t.Errorf("%v", err)
	}
}

// Octets that change under the mapping open no more than they change: Verify sees each of them.
func TestVerifySeesChangesUnderTheMapping(t *testing.T) {
	t.Parallel()
	s, path := mapped(t)
	if err := s.Verify(nil); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	b := make([]byte, 1)
	padding := s.counts.sections[secZones].off + s.counts.sections[secZones].size
	for at := int64(0); at < s.stamp.Size; at++ {
		if uint64(at) >= padding && uint64(at) < s.counts.sections[secIndex].off {
			continue // nobody reads it
		}
		if _, err := file.ReadAt(b, at); err != nil {
			t.Fatal(err)
		}
		b[0] ^= 1
		if _, err := file.WriteAt(b, at); err != nil {
			t.Fatal(err)
		}
		if err := s.Verify(nil); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("octet %d: %v", at, err)
		}
		b[0] ^= 1
		if _, err := file.WriteAt(b, at); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Verify(nil); err != nil {
		t.Error(err)
	}
}

// Whoever paces it hears of all that was read, and can end it.
func TestVerifyIsPaced(t *testing.T) {
	t.Parallel()
	s, _ := mapped(t)
	heard, want := int64(0), errors.New("enough")
	if err := s.Verify(func(read int64) error { heard = read; return nil }); err != nil || heard < s.stamp.Size-headerSize-trailerSize-bucketSize {
		t.Errorf("%d octets, %v", heard, err)
	}
	if err := s.Verify(func(int64) error { return want }); !errors.Is(err, want) {
		t.Error(err)
	}
}
