package lastgood

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zonecast/internal/release"
	"zonecast/localproxy/releasetest"
)

// install puts the publisher's base and everything after it into a folder.
func install(t *testing.T, p *releasetest.Publisher, dir string) *Folder {
	t.Helper()
	f, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	b := p.Head.Base
	if err := os.WriteFile(f.Part(b), p.Bases[b.Version], 0o600); err != nil {
		t.Fatal(err)
	}
	var entries [][]byte
	for v := b.Version + 1; v <= p.Head.Version; v++ {
		entries = append(entries, p.Log[v])
	}
	if err := f.Install(p.Head.Epoch, b, entries, p.Signed); err != nil {
		t.Fatal(err)
	}
	return f
}

func verify(p *releasetest.Publisher) func([]byte) (release.Head, error) {
	return func(signed []byte) (release.Head, error) { return release.Open(signed, []release.VerifyKey{p.Public}) }
}

func load(t *testing.T, p *releasetest.Publisher, dir string) (*Loaded, *Folder, error) {
	t.Helper()
	f, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	l, err := f.Load(verify(p))
	if err == nil {
		t.Cleanup(func() { l.Snapshot.Close() })
	}
	return l, f, err
}

func move(t *testing.T, p *releasetest.Publisher, f *Folder, address string) error {
	t.Helper()
	p.Move(address)
	return f.Append([][]byte{p.Log[p.Head.Version]}, p.Signed)
}

func TestNothingYet(t *testing.T) {
	t.Parallel()
	_, f, err := load(t, releasetest.New(t), t.TempDir())
	if !errors.Is(err, ErrNone) {
		t.Errorf("Load: %v", err)
	}
	if err := f.Append(nil, []byte("head")); !errors.Is(err, ErrNone) {
		t.Errorf("Append: %v", err)
	}
}

func TestTornJournalGoesBackToTheLastWholeRelease(t *testing.T) {
	t.Parallel()
	p, dir := releasetest.New(t), t.TempDir()
	p.Move("192.0.2.2")
	f := install(t, p, dir)
	good := p.Head
	whole := f.journal.size
	if err := move(t, p, f, "192.0.2.3"); err != nil {
		t.Fatal(err)
	}
	path := f.journal.path
	f.Close()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for size := int64(len(content)); size >= whole; size -= 97 {
		if err := os.WriteFile(path, content[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		l, f, err := load(t, p, dir)
		if err != nil {
			t.Fatalf("%d octets: %v", size, err)
		}
		want := good
		if size == int64(len(content)) {
			want = p.Head
		}
		if l.Head != want {
			t.Fatalf("%d octets: version %d, want %d", size, l.Head.Version, want.Version)
		}
		if (l.Torn == nil) != (size == int64(len(content))) {
			t.Errorf("%d octets: torn: %v", size, l.Torn)
		}
		// What follows the cut is written over it.
		if err := f.Append(nil, l.Signed); err != nil {
			t.Fatal(err)
		}
		f.Close()
		if l, f, err := load(t, p, dir); err != nil || l.Torn != nil || l.Head != want {
			t.Fatalf("%d octets, after an append: %v", size, err)
		} else {
			f.Close()
		}
	}
}

func TestAHeadThatCannotBeVerifiedIsNotServed(t *testing.T) {
	t.Parallel()
	p, dir := releasetest.New(t), t.TempDir()
	install(t, p, dir).Close()
	other := releasetest.New(t)
	if _, _, err := load(t, other, dir); !errors.Is(err, ErrCorrupt) {
		t.Errorf("loaded with a key that did not sign: %v", err)
	}
}

func TestEntriesAreHeldToTheChain(t *testing.T) {
	t.Parallel()
	other := releasetest.New(t)
	other.Move("192.0.2.66")
	evil, err := release.DecodeEntry(other.Log[other.Head.Version])
	if err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func(e *release.Entry){
		"another history": func(e *release.Entry) { *e = evil },
		"another delta":   func(e *release.Entry) { e.Delta = evil.Delta },
		"another epoch":   func(e *release.Entry) { e.Epoch++ },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			p, dir := releasetest.New(t), t.TempDir()
			f := install(t, p, dir)
			p.Move("192.0.2.2")
			e, err := release.DecodeEntry(p.Log[p.Head.Version])
			if err != nil {
				t.Fatal(err)
			}
			change(&e)
			raw, err := e.Encode()
			if err != nil {
				t.Fatal(err)
			}
			if err := f.Append([][]byte{raw}, p.Signed); err != nil {
				t.Fatal(err)
			}
			f.Close()
			l, _, err := load(t, p, dir)
			if err != nil || l.Head.Version != releasetest.Start || l.Torn == nil {
				t.Errorf("%v, %+v", err, l)
			}
		})
	}
}

// badDisk fails as told.
type badDisk struct {
	file
	write, truncate, sync error
	short                 bool
}

func (d *badDisk) WriteAt(p []byte, off int64) (int, error) {
	if d.write != nil {
		n := 0
		if d.short {
			n, _ = d.file.WriteAt(p[:len(p)/2], off)
		}
		return n, d.write
	}
	return d.file.WriteAt(p, off)
}

func (d *badDisk) Truncate(size int64) error {
	if d.truncate != nil {
		return d.truncate
	}
	return d.file.Truncate(size)
}

func (d *badDisk) Sync() error {
	if d.sync != nil {
		return d.sync
	}
	return d.file.Sync()
}

func TestAFailingDiskLeavesWhatWas(t *testing.T) {
	t.Parallel()
	full, eio := errors.New("no space left on device"), errors.New("input/output error")
	for what, c := range map[string]struct {
		disk   badDisk
		broken bool
	}{
		"full":              {badDisk{write: full, short: true}, false},
		"full, no truncate": {badDisk{write: full, short: true, truncate: eio}, true},
		"sync":              {badDisk{sync: eio}, true},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			p, dir := releasetest.New(t), t.TempDir()
			f := install(t, p, dir)
			good, signed := p.Head, p.Signed
			disk := c.disk
			disk.file = f.journal.f
			f.journal.f = &disk
			if err := move(t, p, f, "192.0.2.2"); err == nil {
				t.Fatal("no error from a failing disk")
			}
			disk.write, disk.truncate, disk.sync = nil, nil, nil // the disk is well again
			err := f.Append([][]byte{p.Log[p.Head.Version]}, p.Signed)
			if c.broken != errors.Is(err, ErrBroken) {
				t.Fatalf("after that: %v", err)
			}
			want := p.Head
			if c.broken {
				want = good
				if err := f.begin(f.state, nil, signed); err != nil { // what Install does: a new journal
					t.Fatal(err)
				}
			}
			f.Close()
			if l, _, err := load(t, p, dir); err != nil || l.Head != want || l.Torn != nil {
				t.Errorf("loaded %+v, %v", l, err)
			}
		})
	}
}

func TestInstallThatFailsLeavesWhatWas(t *testing.T) {
	t.Parallel()
	p, dir := releasetest.New(t), t.TempDir()
	f := install(t, p, dir)
	good := p.Head
	p.Move("192.0.2.2")
	p.Compile(false)
	if err := f.Install(1, p.Head.Base, nil, p.Signed); err == nil { // its part was never fetched
		t.Fatal("installed a base that is not there")
	}
	f.Close()
	if l, _, err := load(t, p, dir); err != nil || l.Head != good {
		t.Errorf("loaded %+v, %v", l, err)
	}
}

func TestJournalOfHeartbeatsIsCompacted(t *testing.T) {
	t.Parallel()
	p, dir := releasetest.New(t), t.TempDir()
	p.Move("192.0.2.2")
	f := install(t, p, dir)
	before := f.journal.path
	f.journal.heads = compactAfter - 1
	p.Resign(nil)
	if err := f.Append(nil, p.Signed); err != nil {
		t.Fatal(err)
	}
	if f.journal.path == before || f.journal.heads != 1 || f.journal.entries != 1 {
		t.Errorf("not compacted: %+v", f.journal)
	}
	if _, err := os.Stat(before); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the old journal is still there: %v", err)
	}
	f.Close()
	if l, _, err := load(t, p, dir); err != nil || l.Head != p.Head {
		t.Errorf("loaded %+v, %v", l, err)
	}
}

func TestOnlyOnePartIsKept(t *testing.T) {
	t.Parallel()
	f, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	first := f.Part(release.Base{SHA256: release.Hash{1}})
	if err := os.WriteFile(first, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if f.Part(release.Base{SHA256: release.Hash{1}}) != first {
		t.Error("another path for the same base")
	}
	if _, err := os.Stat(first); err != nil {
		t.Error("the part of the same base is gone")
	}
	f.Part(release.Base{SHA256: release.Hash{2}})
	if _, err := os.Stat(first); !errors.Is(err, os.ErrNotExist) {
		t.Error("the part of another base was kept")
	}
}

func TestStateCannotPointOutside(t *testing.T) {
	t.Parallel()
	p, dir := releasetest.New(t), t.TempDir()
	install(t, p, dir).Close()
	path := filepath.Join(dir, stateFile)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), `"base-`, `"../base-`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := load(t, p, dir); !errors.Is(err, ErrCorrupt) {
		t.Errorf("%v", err)
	}
}

func FuzzJournal(f *testing.F) {
	whole := appendRecord(appendRecord([]byte(magic), kindEntry, []byte("entry")), kindHead, []byte("head"))
	f.Add(whole)
	f.Add(whole[:len(whole)-3])
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, b []byte) {
		last := int64(0)
		_ = scan(strings.NewReader(string(b)), func(_ kind, payload []byte, end int64) error {
			if end <= last || end > int64(len(b)) || int64(len(payload)) > end {
				t.Fatalf("record of %d octets ends at %d of %d", len(payload), end, len(b))
			}
			last = end
			return nil
		})
	})
}
