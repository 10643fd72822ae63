package snapshot

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// SHA-256 of the sample file and the sample delta.
const (
	formatSample = "47c28c1cb379abe4dd8694b8e960bc95c04a84590ef640d6f137a62e3a0c23ce"
	formatDelta  = "01f9dbd5017acf67a483c74c7c85639af1d12924cbd44de49f2462e2e306b9c5"
)

// TestFormatStaysAsItIs: publishers and proxies of one format number must make the same bytes for the same
// content. A change here needs a new fileFormat, and a release that reads both.
func TestFormatStaysAsItIs(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256(sample(t))
	if got := hex.EncodeToString(sum[:]); got != formatSample {
		t.Errorf("the sample file is %s now", got)
	}
	sum = sha256.Sum256(sampleDelta().Encode())
	if got := hex.EncodeToString(sum[:]); got != formatDelta {
		t.Errorf("the sample delta is %s now", got)
	}
}

func TestOtherFormatsAreNamed(t *testing.T) {
	t.Parallel()
	newer, older := sample(t), sample(t)
	binary.LittleEndian.PutUint32(newer[8:], fileFormat+1)
	binary.LittleEndian.PutUint32(older[8:], fileFormat-1)
	for _, file := range [][]byte{newer, older, make([]byte, 4096)} {
		if _, err := parse(file); !errors.Is(err, ErrFormat) {
			t.Errorf("%v, want ErrFormat", err)
		}
	}
	if _, err := DecodeDelta([]byte{deltaFormat + 1, 0, 0}); !errors.Is(err, ErrFormat) {
		t.Errorf("delta: %v, want ErrFormat", err)
	}
}

func TestOpenRefusesWhatIsNoFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := Open(dir); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a folder: %v, want ErrCorrupt", err)
	}
	path := filepath.Join(dir, "empty")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); !errors.Is(err, ErrCorrupt) {
		t.Errorf("an empty file: %v, want ErrCorrupt", err)
	}
}
