package lastgood

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

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
}

// Load opens what was accepted last: ErrNone when there is nothing, ErrCorrupt when it cannot be used; whatever the error, the
// files stay until Install. verify checks a signed head's signature. Records behind the last whole release are cut off.
func (f *Folder) Load(verify func(signed []byte) (release.Head, error)) (*Loaded, error) {
	st, err := f.readState()
	if err != nil {
		return nil, err
	}
	f.state = st
	snap, err := snapshot.Open(filepath.Join(f.dir, st.File))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	l := &Loaded{Snapshot: snap, Base: st.Base}
	if err := f.replay(l, verify); err != nil {
		return nil, errors.Join(err, snap.Close())
	}
	f.sweep()
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
		st.File != filepath.Base(st.File) || st.Journal != filepath.Base(st.Journal) {
		return st, fmt.Errorf("%w: %s", ErrCorrupt, path)
	}
	return st, nil
}

// keepHeads is how many heads a replay remembers, newest last: if the last one cannot be used, the one before may.
const keepHeads = 8

// point is a head in the journal, with the state that the entries before it gave.
type point struct {
	signed  []byte
	version uint64
	chain   release.Hash
	view    *snapshot.View
	end     int64 // of its record
	entries int
	heads   int
}

// replayer walks the journal.
type replayer struct {
	epoch uint64
	now   point
	heads []point
	end   int64 // of the last whole record
}

func (f *Folder) replay(l *Loaded, verify func([]byte) (release.Head, error)) error {
	path := filepath.Join(f.dir, f.state.Journal)
	in, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	defer in.Close()
	b := f.state.Base
	r := replayer{epoch: f.state.Epoch, now: point{version: b.Version, chain: b.Chain, view: snapshot.NewView(l.Snapshot)}}
	l.Torn = scan(in, r.record)
	var unread error // there may be more behind what cannot be read now: then nothing is cut off
	if l.Torn != nil && !errors.Is(l.Torn, ErrCorrupt) {
		unread = l.Torn
	}
	for _, p := range slices.Backward(r.heads) {
		h, err := verify(p.signed)
		if err == nil && (h.Epoch != r.epoch || h.Version != p.version || h.Chain != p.chain) {
			err = fmt.Errorf("%w: head of version %d after the entries of %d", ErrCorrupt, h.Version, p.version)
		}
		if err != nil {
			l.Torn = errors.Join(l.Torn, err)
			continue
		}
		l.View, l.Head, l.Signed = p.view, h, p.signed
		if l.ReadOnly = unread; unread == nil {
			f.journal, l.ReadOnly = f.openJournal(path, p.end)
		}
		if l.ReadOnly != nil {
			f.journal = &journal{path: path, size: p.end, broken: true}
		}
		f.journal.entries, f.journal.heads = p.entries, p.heads
		if l.Torn == nil && r.end > p.end {
			l.Torn = fmt.Errorf("%w: entries without the head they lead to", ErrCorrupt)
		}
		return nil
	}
	if unread != nil {
		return unread
	}
	return errors.Join(fmt.Errorf("%w: no usable release in the journal", ErrCorrupt), l.Torn)
}

func (r *replayer) record(k kind, payload []byte, end int64) error {
	r.end = end
	switch k {
	case kindEntry:
		return r.entry(payload)
	case kindHead:
		if len(r.heads) == keepHeads {
			r.heads = slices.Delete(r.heads, 0, 1)
		}
		r.now.heads++
		r.now.signed, r.now.end = payload, end
		r.heads = append(r.heads, r.now)
		return nil
	}
	return fmt.Errorf("%w: journal record of kind %d", ErrCorrupt, k)
}

func (r *replayer) entry(payload []byte) error {
	e, err := release.DecodeEntry(payload)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if e.Epoch != r.epoch || e.Prev != r.now.version || e.Rebase != nil {
		return fmt.Errorf("%w: entry of version %d does not follow %d", ErrCorrupt, e.Version, r.now.version)
	}
	if err := e.Verify(r.now.chain); err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	d, err := snapshot.DecodeDelta(e.Delta)
	if err != nil {
		return fmt.Errorf("%w: delta of version %d: %w", ErrCorrupt, e.Version, err)
	}
	r.now.version, r.now.chain, r.now.view = e.Version, e.Chain, r.now.view.Apply(d)
	r.now.entries++
	return nil
}
