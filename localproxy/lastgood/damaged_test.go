package lastgood

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"zonecast/internal/release"
	"zonecast/internal/zone"
	"zonecast/localproxy/releasetest"
)

// second gives a folder with a base that a newer one took the place of, and a release after that one.
func second(t *testing.T, rebase bool) (p *releasetest.Publisher, dir string) {
	t.Helper()
	p, dir = releasetest.New(t), t.TempDir()
	f := install(t, p, dir)
	for _, a := range []string{"192.0.2.2", "192.0.2.3"} {
		if err := move(t, p, f, a); err != nil {
			t.Fatal(err)
		}
	}
	p.Compile(rebase)
	e, err := release.DecodeEntry(p.Log[p.Head.Version])
	if err != nil {
		t.Fatal(err)
	}
	p.Resign(func(h *release.Head) {
		if rebase {
			h.Base = *e.Rebase
		}
	})
	b := p.Head.Base
	if err := os.WriteFile(f.Part(b), p.Bases[b.Version], 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.Install(p.Head.Epoch, b, nil, p.Signed); err != nil {
		t.Fatal(err)
	}
	if err := move(t, p, f, "192.0.2.4"); err != nil {
		t.Fatal(err)
	}
	f.Close()
	return p, dir
}

func damage(t *testing.T, dir string, b release.Base) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "base-*-"+b.SHA256.String()[:8]))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	if err := os.Truncate(files[0], 1000); err != nil {
		t.Fatal(err)
	}
}

func address(t *testing.T, l *Loaded) string {
	t.Helper()
	node, _ := l.View.Lookup(releasetest.Name(t, releasetest.Host))
	set, ok := zone.FindSet(node.Sets, zone.TypeA)
	if !ok {
		return "none"
	}
	return zone.RdataText(zone.TypeA, set.Data[0])
}

// The base before, with what both journals have after it, is the very release that the damaged base led to.
func TestTheBaseBeforeLeadsToTheSameRelease(t *testing.T) {
	t.Parallel()
	p, dir := second(t, false)
	damage(t, dir, p.Head.Base)
	l, f, err := load(t, p, dir)
	if err != nil {
		t.Fatal(err)
	}
	if l.Damaged == nil || l.Head != p.Head || l.Newest != p.Head || address(t, l) != "192.0.2.4" {
		t.Errorf("damaged %v, version %d of %d, newest %d, %s", l.Damaged, l.Head.Version, p.Head.Version, l.Newest.Version, address(t, l))
	}
	if err := f.Append(nil, p.Signed); !errors.Is(err, ErrBroken) {
		t.Errorf("something can be put behind it: %v", err)
	}
	// A sound file heals the folder, and the base that was served stays beside it.
	b := p.Head.Base
	if err := os.WriteFile(f.Part(b), p.Bases[b.Version], 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.Install(p.Head.Epoch, b, [][]byte{p.Log[p.Head.Version]}, p.Signed); err != nil {
		t.Fatal(err)
	}
	f.Close()
	l, f, err = load(t, p, dir)
	if err != nil || l.Damaged != nil || l.Head != p.Head || f.state.Previous == nil || f.state.Previous.Base.Version == b.Version {
		t.Errorf("after healing: %+v, %v, %+v", l, err, f.state)
	}
}

// Across a release that is a base of its own there is a gap: what was before it is served, and the newer head is known.
func TestTheBaseBeforeARelease(t *testing.T) {
	t.Parallel()
	p, dir := second(t, true)
	damage(t, dir, p.Head.Base)
	l, _, err := load(t, p, dir)
	if err != nil {
		t.Fatal(err)
	}
	if l.Damaged == nil || l.Newest != p.Head || !l.Newest.Newer(l.Head) || address(t, l) != "192.0.2.3" {
		t.Errorf("damaged %v, version %d of %d, newest %d, %s", l.Damaged, l.Head.Version, p.Head.Version, l.Newest.Version, address(t, l))
	}
}

// Two generations are kept and no third; when both are damaged there is nothing.
func TestTwoGenerations(t *testing.T) {
	t.Parallel()
	p, dir := second(t, false)
	bases, _ := filepath.Glob(filepath.Join(dir, "base-*"))
	journals, _ := filepath.Glob(filepath.Join(dir, "journal-*"))
	if len(bases) != 2 || len(journals) != 2 {
		t.Errorf("%v %v", bases, journals)
	}
	for _, path := range bases {
		if err := os.Truncate(path, 1000); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := load(t, p, dir); !errors.Is(err, ErrCorrupt) {
		t.Errorf("%v", err)
	}
}
