package publisher

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"zonecast/internal/durable"
	"zonecast/internal/release"
	"zonecast/internal/snapshot"
)

func hash(b []byte) release.Hash { return sha256.Sum256(b) }

// shelf is the folder of base files: <version>.snap each.
type shelf struct{ dir string }

func newShelf(dir string) (*shelf, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	return &shelf{dir}, nil
}

const suffix = ".snap"

func (s *shelf) path(version uint64) string {
	return filepath.Join(s.dir, strconv.FormatUint(version, 10)+suffix)
}

// versions that have a file, oldest first.
func (s *shelf) versions() ([]uint64, error) {
	files, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, err
	}
	var versions []uint64
	for _, f := range files {
		if text, ok := strings.CutSuffix(f.Name(), suffix); ok {
			if v, err := strconv.ParseUint(text, 10, 64); err == nil {
				versions = append(versions, v)
			}
		}
	}
	slices.Sort(versions)
	return versions, nil
}

// open gives the file of a base if it is there and is the one meant.
func (s *shelf) open(b release.Base) (*snapshot.Snapshot, error) {
	snap, err := snapshot.Open(s.path(b.Version))
	if err != nil {
		return nil, err
	}
	if stat := snap.Stat(); stat.SHA256 != b.SHA256.String() || stat.Size != b.Size {
		snap.Close()
		return nil, fmt.Errorf("base %d: the file's hash is %s, not %s", b.Version, stat.SHA256, b.SHA256)
	}
	return snap, nil
}

// build compiles a view as the base of a version and verifies the file from outside, as a proxy would.
// The chain is the version's, or zero when it is not known yet.
func (s *shelf) build(view *snapshot.View, version uint64, chain release.Hash, seed snapshot.Seed) (release.Base, *snapshot.Snapshot, error) {
	path := s.path(version)
	made, err := view.Compile(seed, path)
	if err != nil {
		return release.Base{}, nil, fmt.Errorf("base %d: %w", version, err)
	}
	return s.verify(version, chain, made, path)
}

func (s *shelf) verify(version uint64, chain release.Hash, made snapshot.Stat, path string) (release.Base, *snapshot.Snapshot, error) {
	fail := func(err error) (release.Base, *snapshot.Snapshot, error) {
		os.Remove(path)
		return release.Base{}, nil, fmt.Errorf("base %d: %w", version, err)
	}
	if faults := snapshot.Fsck(path); len(faults) > 0 {
		return fail(errors.Join(faults[:min(5, len(faults))]...))
	}
	snap, err := snapshot.Open(path)
	if err != nil {
		return fail(err)
	}
	stat := snap.Stat()
	if stat != made {
		snap.Close()
		return fail(fmt.Errorf("the file reads as %+v, %+v was written", stat, made))
	}
	seed := snap.Seed()
	base := release.Base{Version: version, Chain: chain, Size: stat.Size, Zones: stat.Zones, Names: stat.Names, Records: stat.Records, Seed: fmt.Sprintf("%x", seed[:])}
	if err := base.SHA256.UnmarshalText([]byte(stat.SHA256)); err != nil {
		snap.Close()
		return fail(err)
	}
	return base, snap, nil
}

// prune removes the files older than every base that is kept.
func (s *shelf) prune(keep []release.Base) error {
	if len(keep) == 0 {
		return nil
	}
	versions, err := s.versions()
	if err != nil {
		return err
	}
	var errs []error
	for _, v := range versions {
		if v < keep[0].Version {
			if err := os.Remove(s.path(v)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(append(errs, s.clean(), durable.SyncDir(s.dir))...)
}

// clean removes files that a crash left half written: as large as a base each.
func (s *shelf) clean() error { return durable.CleanTempBefore(s.dir, time.Now().Add(-2*fetchTime)) }
