package snapshot

import (
	"fmt"
	"os"

	"zonecast/internal/durable"
	"zonecast/internal/zone"
)

// FileMode of a snapshot: what DNS tells anybody is no secret.
const FileMode os.FileMode = 0o644

// Builder writes a snapshot. Names come in any order; empty non-terminals are worked out. Names and records
// are kept in memory, outside the reach of the garbage collector's scan, at about the size of the file to come; the file
// itself is not.
type Builder struct {
	seed  Seed
	zones []Zone
	apex  map[zone.Name]bool // of zones
	nodes *runs
	key   []byte
	body  []byte
}

// NewBuilder starts one.
func NewBuilder(seed Seed) *Builder {
	return &Builder{seed: seed, apex: make(map[zone.Name]bool), nodes: newRuns()}
}

// AddZone declares a zone.
func (b *Builder) AddZone(z Zone) error {
	if z.Apex == "" {
		return fmt.Errorf("zone without a name")
	}
	if b.apex[z.Apex] {
		return fmt.Errorf("zone %s: %w", z.Apex, ErrTwice)
	}
	b.apex[z.Apex] = true
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
	b.nodes.put(b.key, b.body)
	return nil
}

// WriteFile writes the file atomically (temporary name, fsync, rename, fsync of the folder) and gives its summary.
// The builder is spent.
func (b *Builder) WriteFile(path string) (Stat, error) { return writeFile(path, b.write) }

func (b *Builder) write(out target) (Stat, error) {
	w, err := newWriter(out, b.seed, b.zones)
	if err != nil {
		return Stat{}, err
	}
	if err := w.feed(b.nodes.merge); err != nil {
		return Stat{}, err
	}
	b.nodes = newRuns()
	return w.finish()
}

func writeFile(path string, write func(target) (Stat, error)) (stat Stat, err error) {
	err = durable.WriteVia(path, FileMode, func(f *os.File) (err error) {
		stat, err = write(f)
		return err
	})
	if err != nil {
		return Stat{}, fmt.Errorf("write snapshot: %w", err)
	}
	return stat, nil
}

// Empty is a snapshot without zones.
func Empty() *Snapshot {
	var file memory
	if _, err := NewBuilder(Seed{}).write(&file); err != nil {
		panic(err) // memory cannot fail
	}
	s, err := parse(file.octets)
	if err != nil {
		panic(err) // nor can what was just written
	}
	return s
}
