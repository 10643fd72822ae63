package checkout

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func run(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=t", "-c", "user.email=t@example.com"}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func read(t *testing.T, dir string) Set {
	t.Helper()
	s, err := Read(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestReadOutsideGit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "b.yaml", "b: 1\n")
	write(t, dir, "a/one.yml", "a: 1\n")
	write(t, dir, ".hidden.yaml", "x")
	write(t, dir, ".git-like/x.yaml", "x")
	write(t, dir, "notes.txt", "x")
	s := read(t, dir)
	if len(s.Files) != 2 || s.Files[0].Path != "a/one.yml" || s.Files[1].Path != "b.yaml" {
		t.Fatalf("files %+v", s.Files)
	}
	if !strings.HasPrefix(s.Commit, "sha256:") || s.Head != "" || s.Prefix != filepath.Base(dir)+"/" {
		t.Fatalf("commit %q head %q prefix %q", s.Commit, s.Head, s.Prefix)
	}
	write(t, dir, "b.yaml", "b: 2\n")
	if read(t, dir).Commit == s.Commit {
		t.Fatal("other content has the same commit")
	}
}

func TestReadInGit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	run(t, dir, "init", "-q")
	write(t, dir, "zones/example.yaml", "{}\n")
	run(t, dir, "add", ".")
	run(t, dir, "commit", "-qm", "one")
	zones := filepath.Join(dir, "zones")
	first := read(t, zones)
	if head := run(t, dir, "rev-parse", "HEAD"); first.Commit != head || first.Head != head || first.Prefix != "zones/" {
		t.Fatalf("commit %q head %q prefix %q", first.Commit, first.Head, first.Prefix)
	}

	write(t, dir, "zones/example.yaml", "www: {}\n")
	if got := Shown(context.Background(), filepath.Join(zones, "x.yaml")); got != "zones/x.yaml" {
		t.Errorf("shown as %s", got)
	}
	if outside := filepath.Join(t.TempDir(), "x.yaml"); Shown(context.Background(), outside) != outside {
		t.Error("a path outside git is changed")
	}
	dirty := read(t, zones)
	if !strings.HasPrefix(dirty.Commit, "sha256:") || dirty.Head != first.Head {
		t.Fatalf("uncommitted: commit %q head %q", dirty.Commit, dirty.Head)
	}
	if !Compare(context.Background(), zones, dirty, first.Commit, first.Head).Descends {
		t.Fatal("an edit of the loaded commit does not descend from it")
	}

	run(t, dir, "commit", "-qam", "two")
	second := read(t, zones)
	if first.Author != "t@example.com" || dirty.Author != "" {
		t.Fatalf("authors %q, uncommitted %q", first.Author, dirty.Author)
	}
	run(t, dir, "-c", "user.email=other@example.com", "commit", "-q", "--allow-empty", "-m", "elsewhere")
	if elsewhere := read(t, zones); elsewhere.Author != "t@example.com" {
		t.Fatalf("%q is taken for the author of what others wrote", elsewhere.Author)
	}
	run(t, dir, "reset", "-q", "--hard", "HEAD~")
	if !Compare(context.Background(), zones, second, first.Commit, first.Head).Descends {
		t.Fatal("the next commit does not descend")
	}
	if Compare(context.Background(), zones, first, second.Commit, second.Head).Descends {
		t.Fatal("an older commit descends from a newer one")
	}
	if Compare(context.Background(), zones, second, "x", strings.Repeat("ab", 20)).Descends {
		t.Fatal("descends from a commit that this clone does not know")
	}
	if !Compare(context.Background(), zones, first, "", "").Descends {
		t.Fatal("the first load must pass")
	}
}

// A new, ignored file changes what is loaded, so the commit alone would not say what that was.
func TestIgnoredFileIsNotTheCommit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	run(t, dir, "init", "-q")
	write(t, dir, ".gitignore", "local.yaml\n")
	write(t, dir, "a.yaml", "{}\n")
	run(t, dir, "add", ".")
	run(t, dir, "commit", "-qm", "one")
	write(t, dir, "local.yaml", "{}\n")
	if s := read(t, dir); !strings.HasPrefix(s.Commit, "sha256:") {
		t.Fatalf("commit %q", s.Commit)
	}
}

func TestLinkOutOfTheFolderIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	outside := filepath.Join(t.TempDir(), "secret.yaml")
	if err := os.WriteFile(outside, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "a.yaml")); err != nil {
		t.Fatal(err)
	}
	if s, err := Read(context.Background(), dir); err == nil {
		t.Fatalf("read %+v", s)
	}
}

func TestTooLargeFileIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "a.yaml", strings.Repeat("#", MaxFile+1))
	if _, err := Read(context.Background(), dir); err == nil || !strings.Contains(err.Error(), "larger than 16 MiB") {
		t.Fatalf("error %v", err)
	}
}

func TestWatchTellsOfChanges(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	hints := Watch(t.Context(), dir, time.Hour)
	<-hints // the first is there at once
	write(t, dir, "sub/a.yaml", "{}\n")
	<-hints
	write(t, dir, "sub/a.yaml", "a: {}\n")
	<-hints
}

func TestAges(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	run(t, dir, "init", "-q")
	write(t, dir, "zones/a.yaml", "one: 1\n")
	run(t, dir, "add", ".")
	run(t, dir, "commit", "-qm", "one", "--date", "2026-11-01T00:00:00Z", "--author", "Ana <ana@example.com>")
	write(t, dir, "zones/a.yaml", "one: 1\ntwo: 2\n")
	ages := NewAges(filepath.Join(dir, "zones"))
	at, author, commit := ages.Line(t.Context(), "a.yaml", 1)
	if want := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC).Unix(); at != want || author != "ana@example.com" || commit != run(t, dir, "rev-parse", "HEAD") {
		t.Errorf("%d %s %s", at, author, commit)
	}
	for _, line := range []int{0, 2, 9} { // none, not committed, not there
		if at, author, _ := ages.Line(t.Context(), "a.yaml", line); at != 0 || author != "" {
			t.Errorf("line %d: %d %s", line, at, author)
		}
	}
	ages.left = 0
	if at, _, _ := ages.Line(t.Context(), "a.yaml", 1); at != 0 {
		t.Error("git was asked past the bound")
	}
}
