package lastgood

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"zonecast/localproxy/releasetest"
)

// A process may be killed between any two changes that it makes to the folder while a base is fetched and put in place: what
// the next one loads is the release before or the new one, whole.
func TestKilledWhileABaseIsPutInPlace(t *testing.T) {
	t.Parallel()
	p, dir := releasetest.New(t), t.TempDir()
	f := install(t, p, dir)
	before := p.Head
	var left []string // the folder as a kill would leave it, at each moment
	killed := func() {
		to := filepath.Join(t.TempDir(), fmt.Sprint(len(left)))
		if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		left = append(left, to)
	}
	p.Move("192.0.2.2")
	p.Compile(false)
	b := p.Head.Base
	part, content := f.Part(b), p.Bases[b.Version]
	for _, size := range []int{0, len(content) / 2, len(content)} {
		if err := os.WriteFile(part, content[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		killed()
	}
	durably := f.write
	f.write = func(path string, data []byte, mode os.FileMode) error {
		killed() // the first time: the base has its last name, and nothing says so yet
		err := durably(path, data, mode)
		killed()
		return err
	}
	if err := f.Install(p.Head.Epoch, b, nil, p.Signed); err != nil {
		t.Fatal(err)
	}
	killed()
	replaced := 0
	for i, dir := range left {
		l, _, err := load(t, p, dir)
		switch {
		case err != nil || l.Damaged != nil || l.Torn != nil:
			t.Errorf("killed at moment %d: %+v, %v", i, l, err)
		case l.Head == p.Head:
			replaced++
		case l.Head != before || replaced > 0:
			t.Errorf("killed at moment %d: version %d, after %d and before %d", i, l.Head.Version, before.Version, p.Head.Version)
		}
	}
	if replaced == 0 || replaced == len(left) {
		t.Errorf("the new release at %d of %d moments", replaced, len(left))
	}
}
