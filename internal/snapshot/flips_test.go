package snapshot

import (
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

var (
	flips    = flag.Int("flips", 300, "bits that TestFlips turns, one at a time")
	flipFile = flag.String("flip-file", "", "the snapshot it turns them in a copy of; a small one unless set")
)

// TestFlips turns single bits, drawn by lot, and expects fsck to find each. ci/flips runs 10,000.
func TestFlips(t *testing.T) {
	t.Parallel()
	good := sample(t)
	if *flipFile != "" {
		var err error
		if good, err = os.ReadFile(*flipFile); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "s.snap")
	if err := os.WriteFile(path, good, 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	missed := 0
	for range *flips {
		at, bit := rand.IntN(len(good)), byte(1)<<rand.IntN(8)
		if _, err := file.WriteAt([]byte{good[at] ^ bit}, int64(at)); err != nil {
			t.Fatal(err)
		}
		if len(Fsck(path)) == 0 {
			missed++
			t.Errorf("octet %d of %d, bit %#x: not found", at, len(good), bit)
		}
		if _, err := file.WriteAt(good[at:at+1], int64(at)); err != nil {
			t.Fatal(err)
		}
	}
	if faults := Fsck(path); len(faults) > 0 {
		t.Errorf("all bits turned back: %v", faults)
	}
	t.Logf("%d of %d single-bit flips found in a file of %d octets", *flips-missed, *flips, len(good))
}
