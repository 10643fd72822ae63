package snapshot

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"

	"zonecast/internal/durable"
)

// FileMode of a snapshot: what DNS tells anybody is no secret.
const FileMode os.FileMode = 0o644

// Builder writes a snapshot. Names come in any order; empty non-terminals are worked out. Names and records
// are kept in memory, outside the reach of the garbage collector's scan, at about the size of the file to come.
type Builder struct {
	seed  Seed
	zones []Zone
	arena arena
	items []uint64 // where the names stand in the arena
	order bool     // they came in canonical order so far
	last  []byte
	key   []byte
	body  []byte
}

// NewBuilder starts one. Nothing is spilled to tmpDir: a name costs less memory here than its part of the file
// (the bound of a build is twice the file's size).
func NewBuilder(seed Seed, tmpDir string) *Builder { return &Builder{seed: seed, order: true} }

// AddZone declares a zone.
func (b *Builder) AddZone(z Zone) error {
	if z.Apex == "" {
		return fmt.Errorf("zone without a name")
	}
	if slices.ContainsFunc(b.zones, func(o Zone) bool { return o.Apex == z.Apex }) {
		return fmt.Errorf("zone %s: %w", z.Apex, ErrTwice)
	}
	b.zones = append(b.zones, z)
	return nil
}

// Add adds a node with records; its name must be under a declared zone by the time of WriteFile, and not come
// twice, which WriteFile finds. Sets must be normalized and sorted by type (ErrSets). A node without sets is
// ignored: empty non-terminals follow from the rest.
func (b *Builder) Add(n Node) error {
	if n.Name == "" {
		return fmt.Errorf("node without a name")
	}
	if len(n.Sets) == 0 {
		return nil
	}
	if err := checkSets(n.Sets); err != nil {
		return fmt.Errorf("%s: %w", n.Name, err)
	}
	b.key = appendKey(b.key[:0], n.Name)
	b.body = appendBody(b.body[:0], n.Sets)
	b.order = b.order && (len(b.items) == 0 || bytes.Compare(b.last, b.key) < 0)
	b.last = append(b.last[:0], b.key...)
	b.items = append(b.items, b.arena.put(b.key, b.body))
	return nil
}

// WriteFile writes the file atomically (temporary name, fsync, rename, fsync of the folder) and gives its summary.
// The builder is spent.
func (b *Builder) WriteFile(path string) (Stat, error) {
	if b.seed == (Seed{}) {
		b.seed = b.contentSeed()
	}
	return writeFile(path, b.write)
}

func (b *Builder) write(out io.Writer) (Stat, error) {
	w, err := newWriter(out, b.seed, b.zones)
	if err != nil {
		return Stat{}, err
	}
	if !b.order {
		parallelSort(b.items, func(x, y uint64) int { return bytes.Compare(b.arena.key(x), b.arena.key(y)) })
	}
	w.index = make([]indexEntry, 0, len(b.items)+len(b.items)/16)
	for _, item := range b.items {
		if err := w.add(b.arena.key(item), b.arena.body(item)); err != nil {
			return Stat{}, err
		}
	}
	return w.finish()
}

func writeFile(path string, write func(io.Writer) (Stat, error)) (stat Stat, err error) {
	err = durable.Write(path, FileMode, func(out io.Writer) (err error) {
		stat, err = write(out)
		return err
	})
	if err != nil {
		return Stat{}, fmt.Errorf("write snapshot: %w", err)
	}
	return stat, nil
}

// Empty is a snapshot without zones.
func Empty() *Snapshot {
	var file bytes.Buffer
	if _, err := NewBuilder(Seed{}, "").write(&file); err != nil {
		panic(err) // a buffer cannot fail
	}
	s, err := parse(file.Bytes())
	if err != nil {
		panic(err) // nor can what was just written
	}
	return s
}
