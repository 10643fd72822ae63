package lastgood

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"zonecast/internal/release"
	"zonecast/internal/snapshot"
)

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

func (f *Folder) replay(l *Loaded, g generation, later string, verify func([]byte) (release.Head, error)) error {
	path := filepath.Join(f.dir, g.Journal)
	b := g.Base
	r := replayer{epoch: g.Epoch, now: point{version: b.Version, chain: b.Chain, view: snapshot.NewView(l.Snapshot)}}
	if l.Torn = scanFile(path, r.record); errors.Is(l.Torn, os.ErrNotExist) {
		return fmt.Errorf("%w: %w", ErrCorrupt, l.Torn)
	}
	var unread error // there may be more behind what cannot be read now: then nothing is cut off
	if l.Torn != nil && !errors.Is(l.Torn, ErrCorrupt) {
		unread = l.Torn
	}
	if later != "" {
		unread = errors.Join(unread, errDamaged) // nothing is cut off where more than the end may be wrong
		l.Newest = r.goOn(filepath.Join(f.dir, later), verify)
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
		if !l.Newest.Newer(h) {
			l.Newest = h
		}
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

var errDamaged = errors.New("the newest base is damaged")

// goOn takes what follows from a later journal, as far as there is no gap, and gives the newest head in it.
func (r *replayer) goOn(path string, verify func([]byte) (release.Head, error)) (newest release.Head) {
	gap := false
	// Whatever ends the journal: what came before counts.
	_ = scanFile(path, func(k kind, payload []byte, end int64) error {
		if k == kindHead {
			h, err := verify(payload)
			if err != nil || h.Epoch != r.epoch || h.Version != r.now.version || h.Chain != r.now.chain {
				if err == nil && h.Newer(newest) {
					newest = h
				}
				return nil
			}
			newest = h
		}
		if !gap && !r.has(k, payload) {
			gap = r.record(k, payload, end) != nil
		}
		return nil
	})
	return newest
}

// has tells whether an entry stood in the earlier journal too.
func (r *replayer) has(k kind, payload []byte) bool {
	if k != kindEntry {
		return false
	}
	e, err := release.DecodeEntry(payload)
	return err == nil && e.Epoch == r.epoch && e.Version <= r.now.version
}

// scanFile is scan of a file.
func scanFile(path string, give func(k kind, payload []byte, end int64) error) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	return scan(in, give)
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
