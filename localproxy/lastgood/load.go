package lastgood

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"zonecast/internal/release"
	"zonecast/internal/snapshot"
)

// Loaded is what the folder had.
type Loaded struct {
	Snapshot *snapshot.Snapshot
	Base     release.Base
	View     *snapshot.View
	Head     release.Head
	Signed   []byte // Head as it came
	Torn     error  // what was cut off the journal's end, nil when it was whole
	ReadOnly error  // why the journal takes no records (a disk that is full or fails): Append gives ErrBroken, until Install
	// Damaged is why the newest base cannot be used; this is then the one before, with what of both journals follows
	// it. Nothing can be appended until Install. Nil as a rule.
	Damaged error
	// Newest is the newest head that any journal holds: no older one than that may be accepted. Head, unless Damaged.
	Newest release.Head
}

// Load opens what was accepted last, or what was before if that is damaged: ErrNone when there is nothing, ErrCorrupt
// when nothing can be used; whatever the error, the files stay until Install. verify checks a signed head's signature.
// Records behind the last whole release are cut off. Load may be called again when the files turn out to be damaged later.
func (f *Folder) Load(verify func(signed []byte) (release.Head, error)) (*Loaded, error) {
	st, err := f.readState()
	if err != nil {
		return nil, err
	}
	f.state = st
	f.journal.close()
	f.journal = nil
	l, err := f.load(st.generation, "", verify)
	if err != nil && st.Previous != nil {
		older, olderErr := f.load(*st.Previous, st.Journal, verify)
		if olderErr != nil {
			return nil, errors.Join(err, olderErr)
		}
		older.Damaged, l, err = err, older, nil
		f.journal.broken = true
	}
	if err != nil {
		return nil, err
	}
	f.sweep()
	return l, nil
}

// load opens a generation, with what of a later journal (empty: none) follows it.
func (f *Folder) load(g generation, later string, verify func([]byte) (release.Head, error)) (*Loaded, error) {
	snap, err := snapshot.Open(filepath.Join(f.dir, g.File))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	l := &Loaded{Snapshot: snap, Base: g.Base}
	if err := snap.Guard(func() error { return f.replay(l, g, later, verify) }); err != nil {
		return nil, errors.Join(err, snap.Close())
	}
	f.good = g
	return l, nil
}

func (f *Folder) readState() (st state, err error) {
	path := filepath.Join(f.dir, stateFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return st, ErrNone
	}
	if err != nil {
		return st, err
	}
	if len(text) > maxState || json.Unmarshal(text, &st) != nil || st.Format != stateFormat ||
		!st.here() || (st.Previous != nil && !st.Previous.here()) {
		return st, fmt.Errorf("%w: %s", ErrCorrupt, path)
	}
	return st, nil
}

// here tells whether a generation's files are in the folder.
func (g generation) here() bool {
	return g.File == filepath.Base(g.File) && g.Journal == filepath.Base(g.Journal)
}
