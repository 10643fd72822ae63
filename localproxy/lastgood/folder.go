package lastgood

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"zonecast/internal/durable"
	"zonecast/internal/release"
)

// Folder is a proxy's data folder, locked while it is open. It belongs to one goroutine.
type Folder struct {
	dir     string
	lock    *os.File
	open    openFile
	write   writeFile
	state   state
	good    generation // what was loaded or installed last; File is empty at first
	journal *journal   // nil while nothing is loaded or installed
}

// openFile opens a journal for writing; tests put failing disks here.
type openFile func(path string) (file, error)

// writeFile replaces a file durably; tests put failing disks here.
type writeFile func(path string, data []byte, mode os.FileMode) error

func writable(path string) (file, error) { return os.OpenFile(path, os.O_WRONLY, 0o600) }

const (
	stateFile   = "state.json"
	lockFile    = "lock"
	stateFormat = 1
	maxState    = 64 << 10
)

// state is the content of state.json.
type state struct {
	Format int `json:"format"`
	generation
	Run      uint64      `json:"run"`                // counts journals, for their names
	Previous *generation `json:"previous,omitempty"` // what the last new base took the place of
}

// generation is a base and what was accepted after it.
type generation struct {
	Epoch   uint64       `json:"epoch"` // of Base
	Base    release.Base `json:"base"`
	File    string       `json:"file"`    // of the base, in this folder
	Journal string       `json:"journal"` // likewise
}

// Open makes the folder if needed, locks it (ErrLocked) and removes what a crash left half-written. A folder that can only
// be read opens as well: there may be a release in it to serve (P5).
func Open(dir string) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, lockFile)
	lock, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		var reading error
		if lock, reading = os.Open(path); reading != nil { // there was never one
			return nil, err
		}
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		lock.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("%s: %w", dir, ErrLocked)
		}
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	_ = durable.CleanTemp(dir) // what cannot be removed costs disk and nothing else
	return &Folder{dir: dir, lock: lock, open: writable, write: durable.WriteFile}, nil
}

// Close unlocks it.
func (f *Folder) Close() error {
	f.journal.close()
	return f.lock.Close()
}

// Dir is where the folder stands.
func (f *Folder) Dir() string { return f.dir }

// Part is the path where a base is to be collected before Install: the same for the same base, so that a broken
// download can go on, also after a restart. One base is collected at a time: parts of others are removed.
func (f *Folder) Part(b release.Base) string {
	part := partPrefix + b.SHA256.String()
	f.remove(func(name string) bool { return strings.HasPrefix(name, partPrefix) && name != part })
	return filepath.Join(f.dir, part)
}

const partPrefix = "part-"

// Append makes entries (encoded, in order) and the signed head they lead to durable, or changes nothing.
func (f *Folder) Append(entries [][]byte, head []byte) error {
	if f.journal == nil {
		return ErrNone
	}
	if err := f.journal.append(entries, head); err != nil {
		return err
	}
	if f.journal.heads >= compactAfter {
		return f.compact(head)
	}
	return nil
}

// compactAfter is how many heads a journal keeps before it is written anew with the last one only: a day's heartbeats
// at 10 s, some 5 MiB.
const compactAfter = 8640

func (f *Folder) compact(head []byte) error {
	entries, err := f.Entries()
	if err != nil {
		return err
	}
	return f.begin(f.state, entries, head)
}

// Install makes a base (a verified file at Part(b)), the entries after it and the head they lead to what is loaded
// next time. What was before stays beside it, until the next one, for the case that the file is damaged; what was before
// that is removed. When it fails, what was before is still in force.
func (f *Folder) Install(epoch uint64, b release.Base, entries [][]byte, head []byte) error {
	next := f.state
	next.Epoch, next.Base = epoch, b
	next.File = fmt.Sprintf("base-%d-%d-%.8s", epoch, b.Version, b.SHA256)
	if err := syncFile(f.Part(b)); err != nil {
		return err
	}
	// A copy of the file under its last name may be there and open (the same base again): the rename replaces only
	// the name.
	if err := os.Rename(f.Part(b), filepath.Join(f.dir, next.File)); err != nil {
		return err
	}
	if was := f.good; was.File != "" && was.File != next.File {
		next.Previous = &was
	}
	return f.begin(next, entries, head)
}

// begin starts a new journal and commits to it by replacing state.json.
func (f *Folder) begin(next state, entries [][]byte, head []byte) error {
	next.Format = stateFormat
	next.Run++
	next.Journal = fmt.Sprintf("journal-%d", next.Run)
	path := filepath.Join(f.dir, next.Journal)
	content := []byte(magic)
	for _, e := range entries {
		content = appendRecord(content, kindEntry, e)
	}
	content = appendRecord(content, kindHead, head)
	if err := f.write(path, content, 0o600); err != nil {
		return err
	}
	j, err := f.openJournal(path, int64(len(content)))
	if err != nil {
		return err
	}
	j.entries, j.heads = len(entries), 1
	text, err := json.MarshalIndent(next, "", "  ")
	if err == nil {
		err = f.write(filepath.Join(f.dir, stateFile), append(text, '\n'), 0o600)
	}
	if err != nil {
		j.f.Close()
		if now, rerr := f.readState(); !errors.Is(rerr, ErrNone) && (rerr != nil || now.Journal == next.Journal) {
			// The file was replaced, and only its folder could not be synced: what a restart finds must be whole, and what
			// is appended to the journal before would not be found.
			if f.journal != nil {
				f.journal.broken = true
			}
			return err
		}
		os.Remove(path)
		return err
	}
	f.journal.close()
	f.state, f.good, f.journal = next, next.generation, j
	f.sweep()
	return nil
}

// sweep removes bases and journals that state.json does not name. A base that is still mapped lives on without its
// name until it is closed.
func (f *Folder) sweep() {
	named := []string{f.state.File, f.state.Journal}
	if p := f.state.Previous; p != nil {
		named = append(named, p.File, p.Journal)
	}
	f.remove(func(name string) bool {
		return !slices.Contains(named, name) &&
			(strings.HasPrefix(name, "base-") || strings.HasPrefix(name, "journal-"))
	})
}

// remove deletes files by name. What cannot be removed costs disk and nothing else, and is tried again next time.
func (f *Folder) remove(unwanted func(name string) bool) {
	files, err := os.ReadDir(f.dir)
	if err != nil {
		return
	}
	for _, e := range files {
		if e.Type().IsRegular() && unwanted(e.Name()) {
			os.Remove(filepath.Join(f.dir, e.Name()))
		}
	}
}

// Entries reads the encoded entries that the journal holds, in order.
func (f *Folder) Entries() ([][]byte, error) {
	if f.journal == nil {
		return nil, ErrNone
	}
	in, err := os.Open(f.journal.path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	var list [][]byte
	err = scan(io.LimitReader(in, f.journal.size), func(k kind, payload []byte, _ int64) error {
		if k == kindEntry {
			list = append(list, payload)
		}
		return nil
	})
	return list, err
}

// Backlog tells how many entries the journal holds, and its octets.
func (f *Folder) Backlog() (entries int, size int64) {
	if f.journal == nil {
		return 0, 0
	}
	return f.journal.entries, f.journal.size
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
