package publisher

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// What a crash left of a base is removed; what is being written is not.
func TestShelfCleansUp(t *testing.T) {
	t.Parallel()
	s, err := newShelf(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for file, old := range map[string]bool{".7.snap.tmp-1": true, ".fetch.tmp-2": true, ".9.snap.tmp-3": false, "7.snap": true} {
		path := filepath.Join(s.dir, file)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if at := time.Now().Add(-time.Hour); old {
			if err := os.Chtimes(path, at, at); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.clean(); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(s.dir)
	if err != nil || len(files) != 2 || files[0].Name() != ".9.snap.tmp-3" || files[1].Name() != "7.snap" {
		t.Errorf("%v, %v", files, err)
	}
}
