package follow

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"zonecast/internal/release"
	"zonecast/localproxy/releasetest"
)

// cut shortens a base in the folder, and lets a reader find out.
func (x *proxy) cut(t *testing.T, dir string, b release.Base) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "base-*-"+b.SHA256.String()[:8]))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	if err := os.Truncate(files[0], 0); err != nil {
		t.Fatal(err)
	}
	r := x.slot.Take()
	if r == nil {
		t.Fatal("nothing is served")
	}
	defer r.Done()
	err = r.Base.Snapshot.Guard(func() error { r.Base.Snapshot.Lookup(releasetest.Name(t, releasetest.Host)); return nil })
	if err == nil {
		t.Fatal("read all the same")
	}
	r.Base.Break(err)
}

func wait[T any](t *testing.T, what string, c chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(patience):
		t.Fatalf("no %s", what)
	}
	return v
}

// A base that breaks is fetched anew when there is nothing else; nothing is served meanwhile, and heads older than what was
// lost are refused.
func TestABrokenBaseIsFetchedAnew(t *testing.T) {
	t.Parallel()
	p, dir := releasetest.New(t), t.TempDir()
	x := begin(t, p, dir)
	x.reach(t, p.Head)
	older := p.Signed
	p.Move("192.0.2.2")
	x.reach(t, p.Head)
	newest := p.Signed
	p.Break(errors.New("everything is down"))
	x.cut(t, dir, p.Head.Base)
	wait(t, "word of the break", x.broken)
	wait(t, "word of the loss", x.lost)
	x.want(t, "nothing")
	p.Put(older)
	p.Break(nil)
	x.wantRefusal(t, ReasonRollback)
	x.want(t, "nothing")
	p.Put(newest)
	x.reach(t, p.Head)
	x.want(t, "192.0.2.2")
	x.stop()
	x = begin(t, p, dir)
	x.want(t, "192.0.2.2") // the folder is whole again
}

// With a base before it in the folder, the same release is served on at once, with nothing to fetch from; and the folder is
// mended when there is.
func TestABrokenBaseFallsBack(t *testing.T) {
	t.Parallel()
	p, dir := releasetest.New(t), t.TempDir()
	x := begin(t, p, dir)
	x.reach(t, p.Head)
	p.Move("192.0.2.2")
	x.reach(t, p.Head)
	p.Compile(true)
	x.reach(t, p.Head)
	e, err := release.DecodeEntry(p.Log[p.Head.Version])
	if err != nil {
		t.Fatal(err)
	}
	lost := p.Head
	p.Break(errors.New("everything is down"))
	x.cut(t, dir, *e.Rebase)
	wait(t, "word of the break", x.broken)
	h := wait(t, "release", x.swapped)
	if !lost.Newer(h) {
		t.Errorf("version %d after %d", h.Version, lost.Version)
	}
	x.want(t, "192.0.2.2")
	p.Break(nil)
	x.reach(t, lost)
	x.want(t, "192.0.2.2")
	if len(x.lost) > 0 {
		t.Errorf("lost: %v", <-x.lost)
	}
	p.Move("192.0.2.3")
	x.reach(t, p.Head)
	x.stop()
	p.Break(errors.New("everything is down"))
	x = begin(t, p, dir)
	x.want(t, "192.0.2.3")
}
