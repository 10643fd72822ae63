package checkout

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"zonecast/internal/zone"
)

// TestWhatCannotBeRead puts everything into one folder that a file can be besides a file: each is a problem of its own,
// the good ones are read, and Read, which loads, refuses the whole.
func TestWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	dir := filepath.Join(base, "zones")
	write(t, dir, "good.yaml", "{}\n")
	write(t, dir, "large.yaml", strings.Repeat("#", MaxFile+1))
	write(t, dir, "folder.yaml/inner.yaml", "{}\n")
	write(t, dir, "hidden/.x.yaml", "{}\n")
	write(t, dir, "shut.yaml", "{}\n")
	write(t, dir, "shut/x.yaml", "{}\n")
	write(t, base, "secret.yaml", "{}\n")
	link := func(to, name string) {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	link("../secret.yaml", "out.yaml")
	link("/etc/hostname", "absolute.yaml")
	link("loop.yaml", "loop.yaml")
	link("nowhere.yaml", "dangling.yaml")
	link("good.yaml", "inside.yaml")
	link("pipe", "topipe.yaml")
	for _, name := range []string{"pipe", "fifo.yaml"} {
		if err := syscall.Mkfifo(filepath.Join(dir, name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	at := filepath.Join(dir, "socket.yaml")
	if len(at) < 100 { // a socket's path is short
		l, err := net.Listen("unix", at)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
	}
	want := map[string]string{
		"zones/absolute.yaml": "bad-link", "zones/dangling.yaml": "bad-link", "zones/loop.yaml": "bad-link", "zones/out.yaml": "bad-link",
		"zones/fifo.yaml": "not-a-file", "zones/folder.yaml": "not-a-file", "zones/topipe.yaml": "not-a-file", "zones/large.yaml": "file-too-large",
	}
	if len(at) < 100 {
		want["zones/socket.yaml"] = "not-a-file"
	}
	for _, name := range []string{"shut.yaml", "shut"} {
		if err := os.Chmod(filepath.Join(dir, name), 0); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.Chmod(filepath.Join(dir, name), 0o700) })
		want["zones/"+name] = "file-unreadable"
	}
	if os.Geteuid() == 0 { // who reads everything
		defer asNobody(t, filepath.Dir(base), base, dir)()
	}
	set, problems, err := Survey(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if want[p.File] != p.Check || p.Line != 1 || p.Severity != zone.Error || p.Fix == "" {
			t.Errorf("%+v", p)
		}
		delete(want, p.File)
	}
	if len(want) > 0 {
		t.Errorf("not told: %v", want)
	}
	for _, f := range set.Files {
		if f.Path != "good.yaml" && f.Path != "inside.yaml" && !strings.HasPrefix(f.Path, "shut") {
			t.Errorf("read %s", f.Path)
		}
	}
	if set, err := Read(context.Background(), dir); err == nil || len(set.Files) > 0 || !strings.Contains(err.Error(), "more)") {
		t.Errorf("Read gives %d files, %v", len(set.Files), err)
	}
	if _, _, err := Survey(context.Background(), filepath.Join(base, "nowhere")); err == nil {
		t.Error("a folder that is not there was read")
	}
}

// asNobody has this goroutine's thread use files without root's rights until the end that is given; dirs are opened to it.
func asNobody(t *testing.T, dirs ...string) (end func()) {
	t.Helper()
	for _, dir := range dirs {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	const nobody = 65534
	runtime.LockOSThread()
	if err := syscall.Setfsuid(nobody); err != nil {
		t.Fatal(err)
	}
	return func() {
		_ = syscall.Setfsuid(0) // tells no error, see setfsuid(2); a locked thread that keeps it ends with its goroutine
		runtime.UnlockOSThread()
	}
}

// A file that changes between two passes is read again; what stays is in memory once.
func TestSurveySharesWhatStays(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "a.yaml", "a: 1\n")
	write(t, dir, "b.yaml", "b: 1\n")
	one, err := takePass(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "b.yaml", "b: 2\n")
	two, err := takePass(dir, one)
	if err != nil {
		t.Fatal(err)
	}
	if one.same(two) || string(two.files[1].Data) != "b: 2\n" {
		t.Fatal("the change was not seen")
	}
	if &one.files[0].Data[0] != &two.files[0].Data[0] {
		t.Error("what stayed is in memory twice")
	}
	if err := os.Remove(filepath.Join(dir, "b.yaml")); err != nil {
		t.Fatal(err)
	}
	if three, err := takePass(dir, two); err != nil || three.same(two) || len(three.files) != 1 {
		t.Errorf("the loss was not seen: %v", err)
	}
}

func TestFolderPastTheLimits(t *testing.T) {
	t.Parallel()
	p := &pass{total: MaxTotal}
	dir := t.TempDir()
	write(t, dir, "a.yaml", "{}\n")
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.take(root, "a.yaml", entries[0], nil); err != errEnough || p.problems[0].Check != "folder-too-large" {
		t.Errorf("%v, %+v", err, p.problems)
	}
	if err := os.Remove(filepath.Join(dir, "a.yaml")); err != nil {
		t.Fatal(err)
	}
	p = &pass{}
	if err := p.take(root, "a.yaml", entries[0], nil); err != nil || p.problems[0].Check != "file-unreadable" || !strings.Contains(p.problems[0].Text, "vanished") {
		t.Errorf("%v, %+v", err, p.problems)
	}
	p = &pass{files: make([]File, MaxFiles)}
	if err := p.take(root, "a.yaml", entries[0], nil); err != errEnough || p.problems[0].Check != "too-many-files" {
		t.Errorf("%v, %+v", err, p.problems)
	}
}
