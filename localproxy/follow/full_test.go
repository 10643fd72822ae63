package follow

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"zonecast/internal/release"
	"zonecast/localproxy/releasetest"
)

// A disk that is full while a base is fetched costs nothing of what is served, and the base is fetched when there is room.
func TestADiskThatIsFullWhileABaseIsFetched(t *testing.T) {
	t.Parallel()
	p, dir := releasetest.New(t), t.TempDir()
	x := begin(t, p, dir)
	x.reach(t, p.Head)
	p.Break(errors.New("everything is down"))
	p.Move("192.0.2.2")
	p.Compile(true)
	e, err := release.DecodeEntry(p.Log[p.Head.Version])
	if err != nil {
		t.Fatal(err)
	}
	part := filepath.Join(dir, "part-"+e.Rebase.SHA256.String())
	if err := os.Symlink("/dev/full", part); err != nil {
		t.Fatal(err)
	}
	p.Break(nil)
	for err := range x.failed {
		if errors.Is(err, syscall.ENOSPC) {
			break
		}
	}
	x.want(t, "192.0.2.1")
	if err := os.Remove(part); err != nil {
		t.Fatal(err)
	}
	x.reach(t, p.Head)
	x.want(t, "192.0.2.2")
}
