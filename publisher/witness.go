package publisher

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"zonecast/internal/durable"
	"zonecast/internal/release"
)

// witness remembers the newest head that this instance ever saw in the store, leading or not, in its own data folder:
// a store that was restored from an older copy, or lost, cannot take that back (P4). Other than memory, which reserves
// versions ahead, it is exact, but for what a kill -9 takes: the last second.
type witness struct {
	path string

	disk    sync.Mutex // held by who writes the file; mu is free meanwhile
	written time.Time
	kept    sight // on disk

	mu   sync.Mutex
	last sight
}

// sight is what is remembered of a head.
type sight struct {
	Epoch   uint64 `json:"epoch"`
	Version uint64 `json:"version"`
	Names   uint64 `json:"names"` // of its base: about as many were served
	Zones   int    `json:"zones"`
}

// after tells whether s is newer than a head: by epoch, then version.
func (s sight) after(h release.Head) bool {
	return s.Epoch > h.Epoch || (s.Epoch == h.Epoch && s.Version > h.Version)
}

// witnessEvery bounds how often the disk is written for the sake of it: heads come ten times a second.
const witnessEvery = time.Second

func openWitness(dir string) (*witness, error) {
	w := &witness{path: filepath.Join(dir, "seen.json")}
	data, err := os.ReadFile(w.path)
	if errors.Is(err, fs.ErrNotExist) {
		return w, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, &w.last); err != nil {
		return nil, fmt.Errorf("%s: %w", w.path, err)
	}
	w.kept = w.last
	return w, nil
}

// note takes a head into account, without a disk's delay. It gives what was seen before, and whether that was newer: then
// the store went back.
func (w *witness) note(h release.Head) (before sight, back bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	before = w.last
	if before.after(h) {
		return before, true
	}
	w.last = sight{Epoch: h.Epoch, Version: h.Version, Names: h.Base.Names, Zones: h.Base.Zones}
	return before, false
}

// see is note, and writes it down when that is due.
func (w *witness) see(h release.Head) (before sight, back bool, err error) {
	before, back = w.note(h)
	w.disk.Lock()
	defer w.disk.Unlock()
	if time.Since(w.written) >= witnessEvery || before.Epoch != w.seen().Epoch {
		err = w.flush()
	}
	return before, back, err
}

// seen is the newest head seen.
func (w *witness) seen() sight {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last
}

// close writes what is not on disk yet.
func (w *witness) close() error {
	w.disk.Lock()
	defer w.disk.Unlock()
	return w.flush()
}

// flush is called with disk held.
func (w *witness) flush() error {
	last := w.seen()
	if last == w.kept {
		return nil
	}
	data, err := json.Marshal(last)
	if err != nil {
		return err
	}
	w.written = time.Now()
	if err := durable.WriteFile(w.path, append(data, '\n'), 0o644); err != nil {
		return err
	}
	w.kept = last
	return nil
}
