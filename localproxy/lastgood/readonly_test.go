package lastgood

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"zonecast/internal/durable"
	"zonecast/localproxy/releasetest"
)

// A disk that went read-only, or is full, still holds a release to serve (P5).
func TestAFolderThatCannotBeWrittenIsServed(t *testing.T) {
	t.Parallel()
	p, dir := releasetest.New(t), t.TempDir()
	install(t, p, dir).Close()
	lock := filepath.Join(dir, lockFile)
	if err := errors.Join(os.Remove(lock), os.Mkdir(lock, 0o700)); err != nil { // can be locked, cannot be opened for writing
		t.Fatal(err)
	}
	f, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	f.open = func(string) (file, error) { return nil, syscall.EROFS }
	l, err := f.Load(verify(p))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Snapshot.Close()
	if l.Head != p.Head || !errors.Is(l.ReadOnly, syscall.EROFS) {
		t.Fatalf("loaded version %d, read-only: %v", l.Head.Version, l.ReadOnly)
	}
	if err := move(t, p, f, "192.0.2.2"); !errors.Is(err, ErrBroken) {
		t.Fatalf("Append: %v", err)
	}

	f.open = writable // the disk is well again: a new journal
	if err := f.begin(f.state, [][]byte{p.Log[p.Head.Version]}, p.Signed); err != nil {
		t.Fatal(err)
	}
	if err := move(t, p, f, "192.0.2.3"); err != nil {
		t.Fatal(err)
	}
	f.Close()
	if l, _, err := load(t, p, dir); err != nil || l.Head != p.Head {
		t.Errorf("loaded %+v, %v", l, err)
	}
}

// What cannot be read now is not torn: there may be releases behind it.
func TestAnUnreadableJournalIsNotCut(t *testing.T) {
	t.Parallel()
	whole := appendRecord([]byte(magic), kindHead, []byte("head"))
	for _, readable := range []int{0, len(magic), len(magic) + 3, len(whole) - 1} {
		in := io.MultiReader(strings.NewReader(string(whole[:readable])), iotest.ErrReader(syscall.EIO))
		err := scan(in, func(kind, []byte, int64) error { return nil })
		if !errors.Is(err, syscall.EIO) || errors.Is(err, ErrCorrupt) {
			t.Errorf("after %d octets: %v", readable, err)
		}
	}
}

// A fault after state.json was replaced leaves what it names, and takes no records that a restart would not find.
func TestAFaultBehindTheReplacedState(t *testing.T) {
	t.Parallel()
	p, dir := releasetest.New(t), t.TempDir()
	f := install(t, p, dir)
	defer f.Close()
	f.write = func(path string, data []byte, mode os.FileMode) error {
		err := durable.WriteFile(path, data, mode)
		if filepath.Base(path) == stateFile {
			err = errors.Join(err, syscall.EIO) // of the folder
		}
		return err
	}
	if err := f.begin(f.state, nil, p.Signed); !errors.Is(err, syscall.EIO) {
		t.Fatal(err)
	}
	if err := move(t, p, f, "192.0.2.2"); !errors.Is(err, ErrBroken) {
		t.Errorf("Append: %v", err)
	}
	f.Close()
	if l, _, err := load(t, p, dir); err != nil || l.Head.Version == 0 {
		t.Errorf("loaded %+v, %v", l, err)
	}
}
